# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.wine_machine import WineMachine
from .common import WineCommon


@tagged("post_install", "-at_install")
class TestVendPlatform(WineCommon):
    """A consumer pays through us; the machine is told, and answers: in time, late, never, twice."""

    def setUp(self):
        super().setUp()
        self.sent = []
        self.patch(
            WineMachine,
            "_send",
            lambda machine, kind, args, expires: self.sent.append((kind, args, expires)),
        )

    def authorise(self, code="A1", pay="qr", **values):
        vend = self.env["wine.vend"]._reserve(self.slot(self.machine, code), pay, **values)
        vend._authorise(age_checked=True)
        return vend

    def say(self, vend, kind, **data):
        fact = self.fact(self.machine, kind, {"vend_id": vend.uuid, **data})
        self.project(fact)
        return fact

    def result(self, vend, outcome, qty=1, **data):
        data = {"slot": vend.slot_code, "slot_state": "ok", "sensor": "confirmed", **data}
        return self.say(vend, "vend.result", outcome=outcome, qty=qty, **data)

    def test_the_command(self):
        vend = self.authorise()
        ((kind, args, expires),) = self.sent
        self.assertEqual(kind, "vend.authorize")
        self.assertEqual(expires, vend.expires_at)
        self.assertEqual(args["vend_id"], vend.uuid)
        self.assertEqual(args["price"], "120.00")
        self.assertEqual((args["slot"], args["sku"], args["qty"]), ("A1", "T-RED", 1))
        self.assertEqual(args["price_version"], self.machine.planogram_id.version)
        self.assertTrue(args["age_checked"])

    def test_success(self):
        vend = self.authorise(pay_ref="TX1")
        self.say(vend, "vend.accepted")
        self.assertEqual(vend.state, "accepted")
        self.say(vend, "vend.started")
        self.assertEqual(vend.state, "dispensing")
        self.result(vend, "success")
        self.assertEqual(vend.state, "captured")
        self.assertEqual(vend.payment_state, "captured")
        self.assertEqual(vend.order_ids.amount_total, 120.0)
        self.assertEqual(vend.order_ids.payment_ids.transaction_id, "TX1")
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)

    def test_all_steps_in_one_batch(self):
        vend = self.authorise()
        data = {"vend_id": vend.uuid}
        self.project(
            self.fact(self.machine, "vend.accepted", data),
            self.fact(self.machine, "vend.started", data),
            self.fact(
                self.machine,
                "vend.result",
                {**data, "outcome": "success", "qty": 1, "slot": "A1", "slot_state": "empty"},
            ),
        )
        self.assertEqual(vend.state, "captured")
        self.assertTrue(vend.accepted_at and vend.started_at and vend.ended_at)
        self.assertEqual(self.slot(self.machine, "A1").state, "empty")

    def test_failed_is_voided_without_an_order(self):
        vend = self.authorise()
        with patch.object(type(vend), "_void_payment", autospec=True) as void:
            self.result(vend, "failed", qty=0, sensor="absent", slot_state="jammed")
        self.assertEqual((vend.state, vend.payment_state), ("voided", "voided"))
        self.assertFalse(vend.order_ids)
        self.assertEqual(void.call_args.args[0], vend)
        self.assertEqual(self.slot(self.machine, "A1").state, "jammed")
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)

    def test_partial_captures_a_part(self):
        vend = self.authorise(qty=3)
        self.result(vend, "partial", qty=2)
        self.assertEqual(vend.state, "captured")
        self.assertEqual(vend.order_ids.amount_total, 240.0)
        self.assertEqual(vend.amount_captured, 240.0)
        self.assertEqual(self.slot(self.machine, "A1").qty, 8)

    def test_partial_of_nothing_is_a_failure(self):
        vend = self.authorise()
        self.result(vend, "partial", qty=0)
        self.assertEqual(vend.state, "voided")

    def test_an_early_end_of_a_pour_is_paid_by_volume(self):
        vend = self.authorise()
        vend.write({"ml": 150, "amount_total": 10.0, "price": 10.0})
        self.result(vend, "partial", qty=0, ml=100)
        self.assertEqual(vend.amount_captured, 6.67)
        self.assertEqual(vend.order_ids.amount_total, 6.67)

    def test_unknown_is_neither_captured_nor_voided(self):
        vend = self.authorise()
        self.result(vend, "unknown", sensor="fault")
        self.assertEqual((vend.state, vend.payment_state), ("unknown", "authorised"))
        self.assertFalse(vend.order_ids)
        self.assertEqual(vend.case_ids.kind, "unknown")

    def test_rejected(self):
        vend = self.authorise()
        self.say(vend, "vend.rejected", code="empty")
        self.assertEqual((vend.state, vend.reject_code), ("voided", "empty"))
        self.assertEqual(vend.payment_state, "voided")

    def test_the_same_result_twice(self):
        vend = self.authorise()
        self.result(vend, "success")
        self.assertEqual(self.result(vend, "success").result, "duplicate")
        self.assertEqual(len(vend.order_ids), 1)
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)

    def test_a_contradiction_is_a_case(self):
        vend = self.authorise()
        self.result(vend, "success")
        self.result(vend, "failed")
        self.assertEqual(vend.state, "captured")
        self.assertEqual(vend.case_ids.kind, "conflict")

    # === BEGUN AND NEVER ENDED === #

    def unheard(self, begin=("vend.accepted", "vend.started")):
        """A vend of the day before yesterday, of whose end no word has come; the day has passed."""
        vend = self.authorise()
        for kind in begin:
            self.say(vend, kind)
        self.expire(vend, 25 * 60)
        return vend

    def test_what_was_begun_and_never_ended_is_given_to_a_person_once(self):
        """Its board has burnt: the money is neither kept nor let go by itself."""
        for begin in (("vend.accepted",), ("vend.accepted", "vend.started")):
            with self.subTest(begin=begin):
                vend = self.unheard(begin)
                self.assertEqual((vend.state, vend.outcome), ("unknown", False))
                self.assertEqual(vend.payment_state, "authorised")
                self.assertEqual(vend.case_ids.kind, "unknown")
                self.assertEqual(vend.case_ids.amount, 120.0)
                self.expire(vend, 26 * 60)
                self.assertEqual(len(vend.case_ids), 1)
                vend.case_ids.action_did_not()
                self.assertEqual((vend.state, vend.payment_state), ("voided", "voided"))
                self.assertFalse(vend.order_ids)

    def test_a_word_that_comes_after_all_still_counts(self):
        vend = self.unheard()
        self.result(vend, "success")
        self.assertEqual((vend.state, vend.payment_state), ("captured", "captured"))
        self.assertEqual(vend.order_ids.amount_total, 120.0)

    def test_what_was_begun_today_is_waited_for(self):
        vend = self.authorise()
        self.say(vend, "vend.accepted")
        self.expire(vend, 23 * 60)
        self.assertEqual(vend.state, "accepted")
        self.assertFalse(vend.case_ids)

    # === NEVER ANSWERED === #

    def expire(self, vend, minutes):
        vend.expires_at = fields.Datetime.now() - timedelta(minutes=minutes)
        with self.enter_registry_test_mode():
            self.env.ref("wine_vending.cron_expire_vends").method_direct_trigger()
        self.env.invalidate_all()

    def test_no_answer_in_time_is_voided_and_cancelled(self):
        vend = self.authorise()
        self.expire(vend, 1)
        self.assertEqual((vend.state, vend.payment_state), ("voided", "void_pending"))
        self.assertEqual(self.sent[-1][0], "vend.cancel")

    def test_late_accepted_is_answered_with_cancel(self):
        vend = self.authorise()
        self.expire(vend, 1)
        self.sent.clear()
        self.say(vend, "vend.accepted")
        self.assertEqual(self.sent[-1][0], "vend.cancel")
        self.assertEqual(vend.state, "voided")

    def test_accepted_after_its_time_before_anybody_noticed(self):
        """The cron has not come by yet: the machine is late all the same."""
        vend = self.authorise()
        vend.expires_at = fields.Datetime.now() - timedelta(seconds=5)
        self.sent.clear()
        self.say(vend, "vend.accepted")
        self.assertEqual((vend.state, vend.payment_state), ("voided", "void_pending"))
        self.assertEqual(vend.reject_code, "expired")
        self.assertEqual([kind for kind, _args, _expires in self.sent], ["vend.cancel"])
        self.result(vend, "success")
        self.assertEqual((vend.state, vend.amount_captured), ("captured", 120.0))

    def test_accepted_in_time_and_told_late(self):
        """By the machine's own clock it was in time: it is delivering."""
        vend = self.authorise()
        fact = self.fact(self.machine, "vend.accepted", {"vend_id": vend.uuid})
        fact.moment = vend.expires_at - timedelta(seconds=1)
        fact.received = vend.expires_at + timedelta(minutes=10)
        self.project(fact)
        self.assertEqual(vend.state, "accepted")

    def test_cancelled_after_it_was_accepted(self):
        """The machine refuses that, and what it delivers is paid."""
        vend = self.authorise()
        self.say(vend, "vend.accepted")
        vend._send_cancel()
        self.say(vend, "vend.started")
        self.result(vend, "success")
        self.assertEqual(vend.state, "captured")

    def test_rejected_by_every_code(self):
        for code in ("expired", "stale_planogram", "wrong_price", "empty", "busy", "maintenance",
                     "age_required", "unknown_slot"):  # fmt: skip
            vend = self.authorise()
            self.say(vend, "vend.rejected", code=code)
            with self.subTest(code=code):
                self.assertEqual((vend.state, vend.reject_code), ("voided", code))
                self.assertEqual(vend.payment_state, "voided")
                self.assertFalse(vend.order_ids)
        vend = self.authorise()
        self.say(vend, "vend.rejected", code="duplicate")
        self.assertEqual(vend.state, "authorised", "the first answer counts, this one is none")

    def test_late_success_is_still_a_sale(self):
        vend = self.authorise()
        self.expire(vend, 1)
        self.result(vend, "success")
        self.assertEqual((vend.state, vend.payment_state), ("captured", "captured"))
        self.assertEqual(vend.order_ids.amount_total, 120.0)

    def test_late_success_after_the_money_went_is_a_case(self):
        vend = self.authorise()
        self.expire(vend, 1)
        vend.ended_at = fields.Datetime.now() - timedelta(hours=1)
        self.expire(vend, 61)
        self.assertEqual(vend.payment_state, "voided")
        self.result(vend, "success")
        self.assertEqual(vend.state, "voided")
        self.assertEqual(vend.case_ids.kind, "late")
        self.assertFalse(vend.order_ids)
        self.assertEqual(self.slot(self.machine, "A1").qty, 9, "the bottle is gone all the same")

    def test_late_part_of_nothing_after_the_money_went_is_no_case(self):
        vend = self.authorise()
        self.say(vend, "vend.rejected", code="busy")
        self.result(vend, "partial", qty=0)
        self.assertEqual((vend.state, vend.payment_state), ("voided", "voided"))
        self.assertFalse(vend.case_ids)
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)

    def test_late_unknown_waits_for_a_person(self):
        vend = self.authorise()
        self.expire(vend, 1)
        self.result(vend, "unknown", qty=0)
        self.assertEqual((vend.state, vend.payment_state), ("unknown", "authorised"))
        self.assertEqual(vend.case_ids.kind, "unknown")

    def test_late_failure_changes_nothing(self):
        vend = self.authorise()
        self.expire(vend, 1)
        self.result(vend, "failed", qty=0)
        self.assertEqual(vend.state, "voided")
        self.assertFalse(vend.case_ids)

    def test_a_result_for_a_strange_vend_is_a_case(self):
        fact = self.fact(
            self.machine, "vend.result", {"vend_id": "nobody", "outcome": "success", "qty": 1}
        )
        self.project(fact)
        self.assertEqual(fact.result, "orphan")
        case = self.env["wine.case"].search([("reference", "=", "nobody")])
        self.assertEqual((case.kind, case.machine_id), ("orphan", self.machine))

    def test_another_machine_cannot_report_a_vend(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        vend = self.authorise()
        fact = self.fact(
            other, "vend.result", {"vend_id": vend.uuid, "outcome": "success", "qty": 1}
        )
        self.project(fact)
        self.assertEqual(fact.result, "orphan")
        self.assertEqual(vend.state, "authorised")

    def test_what_cannot_sell_says_why(self):
        slot = self.slot(self.machine, "A1")
        reserve = self.env["wine.vend"]._reserve
        slot.qty = 0
        with self.assertRaisesRegex(UserError, "empty; choose another"):
            reserve(slot, "qr")
        slot.qty, slot.state = 5, "jammed"
        with self.assertRaisesRegex(UserError, "does not sell"):
            reserve(slot, "qr")
        slot.state = "ok"
        self.machine.connection_state = "offline"
        with self.assertRaisesRegex(UserError, "offline"):
            reserve(slot, "qr")
        self.machine.connection_state = "online"
        self.machine.action_suspend()
        with self.assertRaisesRegex(UserError, "not active"):
            reserve(slot, "qr")

    @mute_logger("odoo.addons.wine_vending.models.wine_vend")
    def test_refund_after_capture(self):
        vend = self.authorise(pay="card")
        self.result(vend, "success")
        with patch.object(type(vend), "_refund_payment", autospec=True) as refund:
            vend.action_refund()
        refund.assert_called_once()
        self.assertEqual(refund.call_args.args[1], 120.0)
        self.assertEqual((vend.state, vend.amount_refunded), ("refunded", 120.0))
        self.assertEqual(sum(vend.order_ids.mapped("amount_total")), 0)
        with self.assertRaises(UserError):
            vend.action_refund()
