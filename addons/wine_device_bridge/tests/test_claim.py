# SPDX-License-Identifier: LGPL-3.0-or-later
import base64
import json
import logging
import os
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from ..core.password import derived, matches, read_keys
from .common import BridgeCommon

KEY = base64.b64encode(b"a" * 32).decode()


class ClaimCommon(BridgeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Claim = cls.env["wine.bridge.claim"]
        cls.Credential = cls.env["wine.bridge.credential"]

    def code(self):
        return self.Claim._make(self.machine)[0]

    def credential(self):
        return self.Credential.search([("machine_id", "=", self.machine.id)])


@tagged("post_install", "-at_install")
class TestClaim(ClaimCommon):
    """A code makes a board a machine: once, within a day, and is kept nowhere."""

    def test_the_first_board(self):
        code = self.code()
        machine, epoch, version, secret = self.Claim._redeem(self.machine.serial, code)
        self.assertEqual((machine, epoch, version), (self.machine, 1, 1))
        self.assertTrue(matches(secret, self.credential().secret_hash))

    def test_once(self):
        code = self.code()
        self.assertTrue(self.Claim._redeem(self.machine.serial, code))
        self.assertIsNone(self.Claim._redeem(self.machine.serial, code))
        self.assertEqual(self.credential().version, 1)

    def test_within_a_day(self):
        code = self.code()
        late = fields.Datetime.now() + timedelta(hours=24, minutes=1)
        with patch.object(fields.Datetime, "now", return_value=late):
            self.assertIsNone(self.Claim._redeem(self.machine.serial, code))
        self.assertFalse(self.credential())

    def test_a_newer_code_ends_the_earlier_one(self):
        first, second = self.code(), self.code()
        self.assertIsNone(self.Claim._redeem(self.machine.serial, first))
        self.assertTrue(self.Claim._redeem(self.machine.serial, second))

    def test_a_code_is_of_one_machine(self):
        other = self.machine.copy({"serial": "another-plate", "name": "Another"})
        other.action_commission()
        code, mine = self.code(), self.Claim._make(other)[0]
        self.assertIsNone(self.Claim._redeem(other.serial, code))
        self.assertIsNone(self.Claim._redeem("no such plate", mine))
        self.assertEqual(self.Claim._redeem(other.serial, mine)[0], other)

    def test_guessing_ends_it(self):
        code = self.code()
        claim = self.Claim.search([("machine_id", "=", self.machine.id)])
        claim.wrong = 98
        logging.getLogger("odoo.addons.wine_device_bridge").disabled = False
        with self.assertLogs("odoo.addons.wine_device_bridge.models.wine_bridge_claim") as logs:
            self.assertIsNone(self.Claim._redeem(self.machine.serial, "00000-00000"))
            self.assertEqual(claim.state, "open")
            self.assertIsNone(self.Claim._redeem(self.machine.serial, "00000-00001"))
        self.assertEqual(claim.state, "over")
        self.assertIsNone(self.Claim._redeem(self.machine.serial, code))
        self.assertNotIn("00000-0000", "".join(logs.output))

    def test_nothing_of_the_code_is_kept(self):
        code = self.code()
        self.env.flush_all()
        self.env.cr.execute("SELECT to_jsonb(c)::text FROM wine_bridge_claim c")
        text = "".join(row[0] for row in self.env.cr.fetchall())
        self.assertNotIn(code, text)
        self.assertNotIn(code.replace("-", ""), text)
        self.Claim._redeem(self.machine.serial, code)
        self.assertFalse(self.Claim.search([]).filtered("code_hash"))

    def test_board_swap(self):
        """A new epoch, a new secret; the old board's epoch is still read, its secret is not."""
        _m, epoch, _v, first = self.Claim._redeem(self.machine.serial, self.code())
        self.store(self.publish(self.envelope(epoch=epoch, seq=1)))
        _m, epoch, version, second = self.Claim._redeem(self.machine.serial, self.code())
        self.assertEqual((epoch, version), (2, 2))
        line = self.credential().secret_hash
        self.assertFalse(matches(first, line))
        self.assertTrue(matches(second, line))
        result = self.store(self.publish(self.envelope(epoch=2, seq=1)))
        self.assertEqual((result.stored, result.quarantined), (1, 0))

    def test_a_bridge_that_read_the_machines_before_the_swap(self):
        """Nothing of the new epoch is refused because a process remembers the earlier one."""
        from ..process.store import Batch, Known

        self.machine.sudo().bridge_epoch = 2
        self.env.flush_all()
        known = {self.machine.uuid: Known(self.machine.id, 1)}
        sent = [self.publish(self.envelope(epoch=epoch, seq=1)) for epoch in (2, 3)]
        result = Batch(self.env.cr, self.topics, known).store(sent)
        self.assertEqual((result.stored, result.quarantined), (1, 1))
        self.assertEqual(known[self.machine.uuid].epoch, 2)


@tagged("post_install", "-at_install")
class TestStand(ClaimCommon):
    """What shall be true at the broker follows from machine and credential."""

    def setUp(self):
        super().setUp()
        self.Credential._issue(self.machine)

    def test_its_life(self):
        credential = self.credential()
        self.assertEqual(credential.stand, "on:1")
        self.machine.action_suspend()
        self.assertEqual(credential.stand, "off:1")
        self.machine.action_activate()
        self.assertEqual(credential.stand, "on:1")
        self.Credential._issue(self.machine)
        self.assertEqual(credential.stand, "on:2")
        credential._revoke()
        self.assertEqual(credential.stand, "gone:2")
        self.assertFalse(credential.secret_hash)
        self.Credential._issue(self.machine)
        self.assertEqual(credential.stand, "on:3")

    def test_secrets_follow_from_the_key_where_there_is_one(self):
        with patch.dict(os.environ, {"WINE_BROKER_KEY": KEY}):
            secret = self.Credential._issue(self.machine)[self.machine]
        name, key = next(iter(read_keys(KEY).items()))
        credential = self.credential()
        self.assertEqual(credential.key_name, name)
        self.assertEqual(secret, derived(key, self.machine.uuid, credential.version))
        self.assertTrue(matches(secret, credential.secret_hash))

    def test_what_the_form_says(self):
        draft = self.machine.copy({"serial": "no-credential"})
        self.assertEqual((draft.bridge_access, draft.bridge_access_text), ("none", False))
        credential = self.credential()
        self.assertIn("credential 1 of ", self.machine.bridge_access_text)
        self.assertEqual(self.machine.bridge_access, "waiting")
        credential.applied = credential.stand
        self.machine.invalidate_recordset()
        self.assertEqual(self.machine.bridge_access, "on")
        credential.fault = "the broker does not answer"
        self.machine.invalidate_recordset()
        self.assertEqual(self.machine.bridge_access, "fault")
        self.assertIn("does not answer", self.machine.bridge_access_text)

    def test_buttons(self):
        shown = self.machine.action_rotate_credential()
        secret = shown["context"]["default_secret"]
        self.assertTrue(matches(secret, self.credential().secret_hash))
        self.assertNotIn(secret, "".join(self.machine.message_ids.mapped("body")))
        code = self.machine.action_claim_code()["context"]["default_secret"]
        self.machine.action_revoke_credential()
        self.assertIsNone(self.Claim._redeem(self.machine.serial, code))
        self.assertEqual(self.credential().state, "revoked")

    def test_a_dialog_stores_nothing(self):
        Shown = self.env["wine.bridge.shown"].with_context(default_secret="hush")
        shown = Shown.create({})
        self.env.flush_all()
        self.env.cr.execute("SELECT to_jsonb(s)::text FROM wine_bridge_shown s")
        self.assertNotIn("hush", "".join(row[0] for row in self.env.cr.fetchall()))
        self.assertTrue(shown)

    def test_a_draft_has_no_board(self):
        draft = self.machine.copy({"serial": "draft-plate"})
        with self.assertRaises(UserError):
            draft.action_claim_code()

    def test_staff_decides_nothing(self):
        service = new_test_user(self.env, "claim-service", "wine_vending.group_wine_service")
        service.sudo().wine_machine_ids = self.machine
        for action in ("action_claim_code", "action_rotate_credential", "action_revoke_credential"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(self.machine.with_user(service), action)()


@tagged("post_install", "-at_install")
class TestClaimDoor(ClaimCommon, HttpCase):
    """From outside, as a board knocks."""

    session = None  # here it is that of HTTP, not the trading day

    def knock(self, content, **headers):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.url_open("/wine/device/claim", data=data, headers=headers)

    def test_in(self):
        with patch.dict(os.environ, {"WINE_DEVICE_MQTT_HOST": "mqtt.example.org"}):
            answer = self.knock({"serial": self.machine.serial, "code": self.code().lower()})
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        given = answer.json()
        self.assertEqual(given["machine"], self.machine.uuid)
        self.assertEqual(given["client_id"], given["username"])
        self.assertEqual(given["broker"]["host"], "mqtt.example.org")
        self.env.invalidate_all()
        self.assertTrue(matches(given["password"], self.credential().secret_hash))

    def test_refused_without_saying_why(self):
        self.code()
        wrong = {"serial": self.machine.serial, "code": "00000-00000"}
        nobody = {"serial": "none", "code": "00000-00000"}
        answers = [self.knock(wrong), self.knock(nobody)]
        self.assertEqual([answer.status_code for answer in answers], [403, 403])
        self.assertEqual(answers[0].json(), answers[1].json())

    def test_nonsense(self):
        for content in (
            b" ",
            b"\xff",
            b"[]",
            b"{}",
            {"serial": 1, "code": "x"},
            {"serial": "a\0b", "code": "x"},
            {"serial": "x" * 5000, "code": "x"},
        ):
            with self.subTest(content=content):
                self.assertEqual(self.knock(content).status_code, 400)
