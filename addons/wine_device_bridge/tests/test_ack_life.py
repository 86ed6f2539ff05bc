# SPDX-License-Identifier: LGPL-3.0-or-later
import random
from datetime import timedelta
from uuid import uuid4

from odoo import fields
from odoo.tests import tagged

from ..core.ids import uuid7
from .common import BridgeCommon

ORDER = ("queued", "sent", "received", "in_progress")
LAST = ("succeeded", "failed", "rejected", "expired")
STATUSES = ORDER[2:] + LAST


@tagged("post_install", "-at_install")
class TestAckLife(BridgeCommon):
    """What a machine reports of a command (docs/protocol §7), in whatever order it arrives."""

    def command(self, machine=None, **values):
        return self.env["wine.bridge.command"].create(
            {
                "machine_id": (machine or self.machine).id,
                "type": "machine.reboot",
                "state": "sent",
                "expires_at": fields.Datetime.now() + timedelta(minutes=5),
                **values,
            }
        )

    def ack(self, cmd, status, machine=None, **data):
        content = self.envelope("ack", {"cmd": cmd, "status": status, **data}, seq=None)
        self.store(self.publish(content, channel="ack", machine=machine))
        return content["id"]

    def tell(self, *told, machine=None):
        """Acknowledgements of (command id, status), used in one round; returns their rows."""
        ids = [self.ack(cmd, status, machine) for cmd, status in told]
        self.project()
        return self.env["wine.bridge.event"].search([("event_id", "in", ids)])

    def test_any_order_and_any_repetition(self):
        """It only ever goes forward, and the first last word stands."""
        chance = random.Random(4711)
        for _story in range(25):
            command, known = self.command(), "sent"
            for _round in range(4):
                told = chance.choices(STATUSES, k=chance.randint(1, 4))
                self.tell(*((command.uuid, status) for status in told))
                for status in told:
                    if known not in LAST and (
                        status in LAST or ORDER.index(status) > ORDER.index(known)
                    ):
                        known = status
                self.assertEqual(command.state, known, told)

    def test_the_same_acknowledgement_again_is_a_duplicate(self):
        command = self.command()
        content = self.envelope("ack", {"cmd": command.uuid, "status": "failed"}, seq=None)
        first = self.store(self.publish(content, channel="ack"))
        again = self.store(self.publish(content, channel="ack"))
        self.assertEqual((first.stored, again.stored, again.duplicates), (1, 0, 1))
        self.project()
        self.assertEqual(command.state, "failed")

    def test_another_machines_word_counts_for_nothing(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        command = self.command()
        rows = self.tell((command.uuid, "succeeded"), machine=other)
        self.assertEqual((command.state, rows.state), ("sent", "done"))
        self.tell((command.uuid, "received"))
        self.assertEqual(command.state, "received", "its own machine is still heard")

    def test_a_command_that_nobody_gave(self):
        rows = self.tell((uuid7(), "succeeded"), (str(uuid4()), "received"))
        self.assertLessEqual(set(rows.mapped("state")), {"done", "quarantined"})
        self.project()
        self.assertFalse(self.events(state="new", machine_id=self.machine.id))

    def test_what_a_machine_did_before_it_was_too_late(self):
        """Our clock said expired; the machine had carried it out and its word came late."""
        command = self.command(expires_at=fields.Datetime.now() - timedelta(minutes=1))
        self.env["wine.bridge.command"]._cron_expire()
        self.assertEqual(command.state, "expired")
        self.tell((command.uuid, "received"), (command.uuid, "in_progress"))
        self.assertEqual(command.state, "expired", "only a last word says more than expired")
        self.tell((command.uuid, "succeeded"))
        self.assertEqual(command.state, "succeeded")
        self.tell((command.uuid, "failed"), (command.uuid, "expired"))
        self.assertEqual(command.state, "succeeded")

    def test_what_the_machine_itself_called_too_late_stays_so(self):
        command = self.command()
        self.tell((command.uuid, "expired"))
        self.tell((command.uuid, "succeeded"))
        self.assertEqual(command.state, "expired")

    def test_an_answer_that_comes_before_we_know_that_we_have_sent(self):
        """The broker was faster than our own note of it."""
        command = self.command(state="queued")
        self.tell((command.uuid, "received"))
        self.assertEqual(command.state, "received")

    def test_it_does_not_matter_in_which_round_they_arrive(self):
        chance = random.Random(12)
        for _story in range(10):
            told = chance.choices(STATUSES, k=5)
            at_once, one_by_one = self.command(), self.command()
            self.tell(*((at_once.uuid, status) for status in told))
            for status in told:
                self.tell((one_by_one.uuid, status))
            self.assertEqual(at_once.state, one_by_one.state, told)
