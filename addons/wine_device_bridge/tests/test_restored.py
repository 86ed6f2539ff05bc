# SPDX-License-Identifier: LGPL-3.0-or-later
"""A database of yesterday meets machines of today."""

import base64
import os
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..core.password import derived, matches, read_keys
from ..models.wine_bridge_restored import BEYOND
from .common import BridgeCommon

KEY = base64.b64encode(b"r" * 32).decode()


@tagged("post_install", "-at_install")
class TestRestored(BridgeCommon):
    """Nothing that was handed out after the backup is refused, nor handed out again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Machine = cls.env["wine.machine"]
        with patch.dict(os.environ, {"WINE_BROKER_KEY": KEY}):
            cls.env["wine.bridge.credential"]._issue(cls.machine)
        cls.credential = cls.env["wine.bridge.credential"].search(
            [("machine_id", "=", cls.machine.id)]
        )
        cls.keys = read_keys(KEY)

    def restored(self, accounts=None):
        """The command, in a moment after everything that the backup holds."""
        later = fields.Datetime.now() + timedelta(minutes=1)
        with patch.object(fields.Datetime, "now", return_value=later):
            told = self.Machine._bridge_restored(accounts, self.keys)
        self.env.flush_all()
        self.env.invalidate_all()
        return told

    def commands(self, kind):
        return self.env["wine.bridge.command"].search(
            [("machine_id", "=", self.machine.id), ("type", "=", kind)]
        )

    def test_a_board_that_was_claimed_after_the_backup(self):
        """Its epoch is unknown to the backup; its events are taken, and the next one is higher."""
        refused = self.store(self.publish(self.envelope(epoch=2, seq=1)))
        self.assertEqual(refused.codes, {"unknown_epoch": 1})
        self.restored()
        result = self.store(self.publish(self.envelope(epoch=2, seq=7)))
        self.assertEqual((result.stored, result.quarantined), (1, 0))
        early = self.events(state="quarantined")
        told = early.action_judge_again()["params"]["message"]
        self.assertEqual(told, "1 taken in.", "what was refused before is judged by the same rule")
        self.Machine._cron_adopt_epochs()
        self.assertEqual(self.machine.bridge_epoch, 2)
        self.machine._bridge_next_epoch()
        self.assertEqual(self.machine.bridge_epoch, 2 + BEYOND)
        self.assertEqual(self.machine.bridge_epoch_margin, 0)
        beyond = self.store(self.publish(self.envelope(epoch=3 + BEYOND, seq=1)))
        self.assertEqual(beyond.codes, {"unknown_epoch": 1})

    def test_a_later_secret_stays_good(self):
        told = self.restored({self.machine.uuid: "on:3"})
        self.assertEqual(told["adopted"], [self.machine.serial])
        self.assertEqual((self.credential.version, self.credential.applied), (3, "on:3"))
        key = next(iter(self.keys.values()))
        secret = derived(key, self.machine.uuid, 3)
        self.assertTrue(matches(secret, self.credential.secret_hash))

    def test_no_secret_twice(self):
        """Version 2 may have been issued and revoked in between: it is never given again."""
        self.restored()
        self.env["wine.bridge.credential"]._issue(self.machine)
        self.assertEqual(self.credential.version, 2 + BEYOND)
        self.env["wine.bridge.credential"]._issue(self.machine)
        self.assertGreater(self.credential.version, 2 + BEYOND)

    def test_a_board_that_was_stolen_after_the_backup(self):
        self.credential.applied = "on:1"
        told = self.restored({})
        self.assertIn(self.machine.serial, told["revoked"])
        self.assertEqual(self.credential.state, "revoked")

    def test_a_suspension_after_the_backup(self):
        told = self.restored(
            {self.machine.uuid: "off", "0190f2a4-0000-4000-8000-00000000000f": "on:1"}
        )
        self.assertEqual(told["suspended"], [self.machine.serial])
        self.assertEqual(told["unknown"], ["0190f2a4-0000-4000-8000-00000000000f"])
        self.assertEqual(self.machine.state, "suspended")

    def test_machines_are_asked_for_what_they_still_hold(self):
        self.store(*[self.publish(self.envelope(seq=seq)) for seq in (1, 2, 3)])
        waiting = self.machine._send(
            "door.unlock", {}, fields.Datetime.now() + timedelta(minutes=1)
        )
        self.restored()
        asked = self.commands("event.resend")
        self.assertEqual((asked.args["epoch"], asked.args["from_seq"]), (1, 4))
        self.assertTrue(self.commands("counter.request"))
        old = self.commands("door.unlock")
        self.assertEqual((old.uuid, old.state), (waiting, "expired"))
        self.restored()
        self.assertEqual(
            len(self.commands("event.resend").filtered(lambda c: c.state == "queued")), 1
        )

    def test_the_next_planogram_is_newer_than_any_that_the_machine_has(self):
        before = self.machine.planogram_id.version
        self.restored()
        plan = {line.slot_id.code: line.product_id for line in self.machine.planogram_id.line_ids}
        later = fields.Datetime.now() + timedelta(minutes=2)
        with patch.object(fields.Datetime, "now", return_value=later):
            self.publish_planogram(self.machine, plan)
            self.assertEqual(self.machine.planogram_id.version, before + BEYOND + 1)
            self.publish_planogram(self.machine, plan)
            self.assertEqual(self.machine.planogram_id.version, before + BEYOND + 2)


@tagged("post_install", "-at_install")
class TestGivenUp(BridgeCommon):
    """What nobody holds any more holds up nothing."""

    def ack(self, result):
        return result.journals[self.machine.uuid, 1].acknowledgement(1)

    def test_more_than_an_acknowledgement_names(self):
        self.store(self.publish(self.envelope(seq=1)))
        result = self.store(self.publish(self.envelope(seq=1000)))
        self.assertLess(self.ack(result)["ack_seq"], 1000)
        journal = self.env["wine.bridge.journal"]
        journal._give_up(self.machine, 1, 2, 500)
        journal._give_up(self.machine, 1, 501, 999)
        result = self.store(self.publish(self.envelope(seq=1001)))
        self.assertEqual(self.ack(result)["ack_seq"], 1001)
        self.assertEqual(self.ack(result)["missing"], [])
        late = self.store(self.publish(self.envelope(seq=77)))
        self.assertEqual(late.stored, 1)
        row = journal.search([("machine_id", "=", self.machine.id)])
        self.assertEqual(row.gaps, [[2, 76], [78, 999]])
