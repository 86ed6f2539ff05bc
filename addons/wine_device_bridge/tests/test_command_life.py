# SPDX-License-Identifier: LGPL-3.0-or-later
"""What becomes of a command: told forward only, ended in time, taken back, kept long enough."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import BridgeCommon


@tagged("post_install", "-at_install")
class TestCommandLife(BridgeCommon):
    """From waiting to its end."""

    def order(self, kind="counter.request", **values):
        command, new = self.machine._order_command(kind)
        self.assertTrue(new)
        if values:
            command.write(values)
        return command

    def ack(self, command, status, machine=None, **data):
        content = self.envelope("ack", {"cmd": command.uuid, "status": status, **data}, seq=None)
        self.store(self.publish(content, channel="ack", machine=machine))
        self.project()
        return command.state

    def past(self, **delta):
        return fields.Datetime.now() - timedelta(**delta)

    # === FORWARD ONLY === #

    def test_every_order_of_reports(self):
        """Whatever comes after what, the furthest report stands."""
        rank = ["received", "in_progress", "succeeded"]
        for first in rank:
            for second in rank:
                command = self.order(state="sent", once=False)
                self.ack(command, first)
                self.ack(command, second)
                furthest = max(first, second, key=rank.index)
                self.assertEqual(command.state, furthest, (first, second))

    def test_a_last_word_is_the_last(self):
        for last in ("succeeded", "failed", "rejected", "expired"):
            command = self.order(state="sent", once=False)
            self.ack(command, last, code="c1", detail="first")
            for later in ("received", "in_progress", "succeeded", "failed", "rejected", "expired"):
                self.ack(command, later, code="c2", detail="second")
            self.assertEqual((command.state, command.code), (last, "c1"))

    def test_a_report_may_be_faster_than_our_own_note(self):
        command = self.order()
        self.assertEqual(self.ack(command, "received"), "received")

    def test_a_log_is_kept_whole_and_not_endless(self):
        command = self.order("log.request", state="sent")
        lines = "\n".join(f"line {number}" for number in range(400))
        self.ack(command, "succeeded", detail=lines)
        self.assertEqual(command.detail, lines)

    # === TIME === #

    def test_the_end_says_how_far_it_had_come(self):
        expected = {
            "queued": "not_sent",
            "sent": "no_answer",
            "received": "no_result",
        }
        commands = {
            state: self.order(state=state, expires_at=self.past(seconds=2), once=False)
            for state in expected
        }
        begun = self.order(state="in_progress", expires_at=self.past(seconds=2), once=False)
        stuck = self.order(state="in_progress", expires_at=self.past(hours=2), once=False)
        fresh = self.order(once=False)
        self.env["wine.bridge.command"]._cron_expire()
        for state, command in commands.items():
            self.assertEqual((command.state, command.code), ("expired", expected[state]))
        self.assertEqual(begun.state, "in_progress", "it was begun in time and takes its time")
        self.assertEqual((stuck.state, fresh.state), ("expired", "queued"))

    def test_an_answer_that_was_late_stands(self):
        """Our clock ended it; the machine had done it in time and could not say so."""
        command = self.order(state="sent", expires_at=self.past(minutes=1))
        self.env["wine.bridge.command"]._cron_expire()
        self.assertEqual(self.ack(command, "in_progress"), "expired", "it does not go on")
        self.assertEqual(self.ack(command, "succeeded"), "succeeded")
        self.assertFalse(command.code)
        self.assertEqual(self.ack(command, "failed"), "succeeded")

    # === TAKEN BACK === #

    def test_taken_back_while_it_waits(self):
        command = self.order()
        command.action_cancel()
        self.assertEqual(command.state, "cancelled")
        self.assertEqual(self.ack(command, "succeeded"), "cancelled")
        self.assertTrue(self.machine._order_command("counter.request")[1], "and asked for again")

    def test_what_has_left_is_not_taken_back(self):
        command = self.order(state="sent")
        with self.assertRaisesRegex(UserError, "has left"):
            command.action_cancel()

    def test_what_belongs_to_a_sale_is_not_taken_back(self):
        vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "qr")
        vend._authorise()
        command = self.env["wine.bridge.command"].search([("type", "=", "vend.authorize")], limit=1)
        with self.assertRaisesRegex(UserError, "part of a sale"):
            command.action_cancel()

    # === ONCE === #

    def test_a_second_click_queues_nothing(self):
        command = self.order("door.unlock")
        for state in ("queued", "sent", "received", "in_progress", "succeeded"):
            command.state = state
            again, new = self.machine._order_command("door.unlock")
            self.assertEqual((again, new), (command, False), state)
        command.create_date = self.past(seconds=10)
        self.env.cr.execute(
            "UPDATE wine_bridge_command SET create_date = %s WHERE id = %s",
            [self.past(seconds=10), command.id],
        )
        again, new = self.machine._order_command("door.unlock")
        self.assertTrue(new, "the door fell shut and is to be opened once more")

    def test_another_command_is_not_the_same_click(self):
        first = self.order("counter.request")
        second = self.order("cash.request")
        resend = {"epoch": 1, "from_seq": 1, "to_seq": 5}
        third, _new = self.machine._order_command("event.resend", resend)
        fourth, new = self.machine._order_command("event.resend", {**resend, "to_seq": 6})
        self.assertTrue(new)
        self.assertEqual(len(first | second | third | fourth), 4)

    def test_the_buttons_of_cash_and_counters_go_the_same_way(self):
        self.machine.action_request_cash()
        self.machine.action_request_cash()
        self.machine.action_request_counters()
        told = self.machine.bridge_told_ids
        self.assertEqual(sorted(told.mapped("type")), ["cash.request", "counter.request"])

    # === WHAT IS SAID === #

    def test_the_guide_knows_every_command(self):
        guide = self.env["wine.command.new"].create({"machine_id": self.machine.id})
        labels = dict(guide._selection_kind())
        for kind in ("door.unlock", "machine.lock", "machine.unlock", "machine.reboot",
                     "log.request", "counter.request", "cash.request", "event.resend"):  # fmt: skip
            guide.kind = kind
            self.assertTrue(labels[kind] and guide.what and guide.holds)
            guide.action_send()
            command = self.machine.bridge_told_ids[0]
            self.assertEqual((command.type, command.user_id), (kind, self.env.user))
            self.assertGreater(command.expires_at, fields.Datetime.now())
        self.assertEqual(command.args, {"epoch": 1, "from_seq": 1, "to_seq": 1})

    def test_a_range_that_is_none(self):
        for low, high in ((0, 5), (5, 4), (1, 2.0**60)):
            guide = self.env["wine.command.new"].create(
                {
                    "machine_id": self.machine.id,
                    "kind": "event.resend",
                    "from_seq": low,
                    "to_seq": high,
                }
            )
            with self.subTest(low=low, high=high), self.assertRaises(UserError):
                guide.action_send()

    def test_a_machine_out_of_use_hears_nothing(self):
        self.machine.action_suspend()
        self.order("door.unlock")
        with self.assertRaisesRegex(UserError, "not active"):
            self.machine._order_command("machine.unlock")
        draft = self.machine.copy({"serial": "not here yet"})
        self.assertEqual(draft.state, "draft")
        with self.assertRaisesRegex(UserError, "not in use"):
            draft._order_command("counter.request")

    def test_only_commands_for_people(self):
        for kind in ("vend.authorize", "vend.cancel", "auth.offer", "firmware.update", "x"):
            with self.subTest(kind=kind), self.assertRaises(AccessError):
                self.machine._order_command(kind)

    # === KEPT === #

    def test_long_over_is_forgotten_but_for_what_a_case_is_about(self):
        old = self.past(days=400)
        plain = self.order(state="succeeded", once=False)
        waiting = self.order(once=False)
        disputed = self.order(state="failed", once=False)
        vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "qr")
        vend._authorise()
        sold = self.env["wine.bridge.command"].search([("type", "=", "vend.authorize")], limit=1)
        sold.state = "succeeded"
        self.env["wine.case"]._open_case(
            "message", machine=self.machine, reference=disputed.uuid, text="Odd"
        )
        self.env["wine.case"]._open_case("unknown", machine=self.machine, text="Odd").vend_id = vend
        shadows = self.env["wine.bridge.command"].search(
            [("channel", "=", "desired"), ("machine_id", "=", self.machine.id)]
        )
        shadows.state = "sent"
        self.publish_planogram(self.machine, {"A1": self.wine}, A1=3.0)
        newest = self.env["wine.bridge.command"].search(
            [("channel", "=", "desired"), ("machine_id", "=", self.machine.id)], limit=1
        )
        newest.state = "sent"
        every = plain | waiting | disputed | sold | shadows | newest
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE wine_bridge_command SET create_date = %s WHERE id = ANY(%s)", [old, every.ids]
        )
        gone = self.env["wine.bridge.command"]._long_over(self.past(days=180))
        self.assertEqual(gone & every, plain | shadows)
        with self.enter_registry_test_mode():
            self.env.ref("wine_device_bridge.cron_prune_commands").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(every.exists(), waiting | disputed | sold | newest)
