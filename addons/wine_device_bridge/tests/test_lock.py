# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import BridgeCommon


@tagged("post_install", "-at_install")
class TestLock(BridgeCommon):
    """Whether a machine sells: the last word counts, whatever was lost and comes late."""

    def setUp(self):
        super().setUp()
        self.locks().state = "succeeded"

    def locks(self, *states):
        domain = [
            ("machine_id", "=", self.machine.id),
            ("type", "in", ("machine.lock", "machine.unlock")),
        ]
        domain += [("state", "in", states)] if states else []
        return self.env["wine.bridge.command"].search(domain, order="id")

    def waiting(self):
        return self.locks("queued").mapped("type")

    def leave(self):
        """The bridge has sent what waits."""
        sent_at = fields.Datetime.now() - timedelta(minutes=1)
        self.locks("queued").write({"state": "sent", "sent_at": sent_at})

    def answer(self, command, status="succeeded"):
        content = self.envelope("ack", {"cmd": command.uuid, "status": status}, seq=None)
        self.store(self.publish(content, channel="ack"))
        self.project()

    def come_back(self):
        self.store(self.publish(self.birth(desired_version=1), channel="birth"))
        self.project()

    def run_out(self):
        self.locks("queued", "sent").expires_at = fields.Datetime.now() - timedelta(minutes=1)
        self.env["wine.bridge.command"]._cron_expire()

    # === THE LAST WORD === #

    def test_a_lock_that_was_lost_is_not_said_after_the_unlock(self):
        """It was thrown out before it could hear; back, it has done the unlock already."""
        self.machine.action_suspend()
        self.leave()
        lost = self.locks()[-1]
        self.machine.action_activate()
        self.leave()
        self.come_back()
        self.assertEqual(self.waiting(), ["machine.unlock"])
        self.assertEqual((lost.state, lost.code), ("expired", "superseded"))

    def test_a_late_answer_to_it_still_stands(self):
        self.machine.action_suspend()
        self.leave()
        lost = self.locks()[-1]
        self.machine.action_activate()
        self.answer(lost)
        self.assertEqual(lost.state, "succeeded")

    def test_what_never_left_is_not_said_at_all(self):
        self.machine.action_suspend()
        self.machine.action_activate()
        self.assertEqual(self.waiting(), ["machine.unlock"])

    def test_by_hand_it_is_the_same(self):
        self.machine._order_command("machine.lock")
        self.leave()
        self.machine._order_command("machine.unlock")
        self.come_back()
        self.assertEqual(self.waiting(), ["machine.unlock"])
        command, new = self.machine._order_command("machine.lock")
        self.assertTrue(new, "and asked for again")
        self.assertEqual((command.state, self.waiting()), ("queued", ["machine.lock"]))

    def test_the_same_word_twice_is_one_that_waits(self):
        self.machine._order_command("machine.lock")
        again, new = self.machine._order_command("machine.lock")
        self.assertFalse(new)
        self.assertEqual(self.locks("queued"), again)

    def test_other_machines_keep_theirs(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        other.action_suspend()
        self.machine.action_suspend()
        state = self.env["wine.bridge.command"].search(
            [("machine_id", "=", other.id), ("type", "=", "machine.lock")]
        )
        self.assertEqual(state.state, "queued")

    # === A WORD THAT RAN OUT === #

    def test_a_machine_that_was_away_for_weeks_may_sell_when_it_is_back(self):
        self.machine.action_suspend()
        self.answer(self.locks()[-1])
        self.machine.action_activate()
        self.leave()
        self.run_out()
        self.come_back()
        self.assertEqual(self.waiting(), ["machine.unlock"])
        self.come_back()
        self.assertEqual(self.waiting(), ["machine.unlock"], "once")
        self.answer(self.locks()[-1])
        self.come_back()
        self.assertFalse(self.waiting(), "it has it")

    def test_a_suspended_one_that_speaks_after_all_is_locked(self):
        self.machine.action_suspend()
        self.run_out()
        self.come_back()
        self.assertEqual(self.waiting(), ["machine.lock"])

    def test_what_a_person_said_afterwards_counts(self):
        self.machine.action_suspend()
        self.machine.action_activate()
        self.run_out()
        self.machine._order_command("machine.lock")
        self.answer(self.locks()[-1])
        self.come_back()
        self.assertFalse(self.waiting())

    def test_what_a_person_said_in_vain_does_not(self):
        """It ran out as the dialog said that it would; the machine's life goes on as before."""
        self.machine.action_suspend()
        self.machine.action_activate()
        self.run_out()
        self.machine._order_command("machine.lock")
        self.run_out()
        self.come_back()
        self.assertEqual(self.waiting(), ["machine.unlock"])
