# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from uuid import uuid4

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import WineCommon


class ComplaintCommon(WineCommon):
    """Complaints as they come in from the public page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env, "complaint-manager", "wine_vending.group_wine_region_manager"
        )
        cls.service = new_test_user(cls.env, "complaint-service", "wine_vending.group_wine_service")
        cls.region.manager_ids = cls.manager
        cls.region.staff_ids = cls.service

    def sold(self, **data):
        """A sold vend of which the sensor saw nothing, by card."""
        data = {"pay": "card", "sensor": "absent", "pay_ref": "x4242", **data}
        return self.project(self.local(self.machine, **data))

    def filed(self, vend=None, kind="nothing", **values):
        """A complaint about ``vend`` by somebody who knows minute, slot and price."""
        known = {}
        if vend:
            known = {
                "happened_at": vend.moment,
                "slot_code": vend.slot_code,
                "amount_claimed": vend.amount_total,
            }
        return self.env["wine.complaint"]._file(
            {
                "uuid": str(uuid4()),
                "channel": "web",
                "kind": kind,
                "machine_id": self.machine.id,
                "email": f"{uuid4().hex[:8]}@example.com",
                "lang": "en_US",
                **known,
                **values,
            }
        )

    def refunds(self, vend):
        return vend.order_ids.filtered("is_refund")

    def mails(self, complaint):
        return self.env["mail.mail"].search(
            [
                ("model", "=", "wine.complaint"),
                ("res_id", "=", complaint.id),
                ("email_to", "=", complaint.email),
            ]
        )


@tagged("post_install", "-at_install")
class TestComplaintDecision(ComplaintCommon):
    """The evidence decides: money back now, a kind no, or a person with a deadline."""

    def test_the_sensor_saw_nothing(self):
        vend = self.sold()
        complaint = self.filed(vend)
        self.assertEqual((complaint.match, complaint.state), ("strong", "refunded"))
        self.assertEqual((complaint.resolution, complaint.automatic), ("refund", True))
        self.assertEqual(complaint.amount_refunded, 120.0)
        self.assertEqual(vend.state, "refunded")
        self.assertEqual(self.refunds(vend), complaint.refund_order_id)
        self.assertEqual(self.refunds(vend).amount_total, -120.0)
        self.assertEqual(self.slot(self.machine, "A1").qty, 10, "it is still in the machine")
        self.assertEqual(complaint.evidence["sensor"], "absent")
        self.assertIn("sensor saw nothing", complaint.explanation)
        self.assertFalse(complaint.case_id)
        self.assertEqual(len(self.mails(complaint)), 1)

    def test_the_sensor_saw_a_bottle(self):
        vend = self.sold(sensor="confirmed")
        complaint = self.filed(vend)
        self.assertEqual((complaint.state, vend.state), ("in_case", "captured"))
        self.assertEqual(complaint.case_id.kind, "complaint")
        self.assertEqual(complaint.case_id.vend_id, vend)
        self.assertEqual(complaint.deadline, fields.Date.add(fields.Date.today(), days=2))
        self.assertEqual(complaint.activity_ids.user_id, self.manager)
        self.assertFalse(self.refunds(vend))

    def test_a_fault_of_the_lane_at_that_moment(self):
        vend = self.sold(sensor="none")
        fault = {"code": "JAM", "slot": "A1", "severity": "critical"}
        self.project(self.fact(self.machine, "fault.raised", fault))
        self.assertEqual(self.filed(vend).reason, "lane")
        other = self.sold(sensor="none", slot="A2")
        self.assertEqual(self.filed(other).state, "in_case")

    def test_a_failed_vend_was_paid_back_before(self):
        vend = self.project(self.local(self.machine, outcome="failed", pay="card"))
        complaint = self.filed(vend)
        self.assertEqual((complaint.state, complaint.resolution), ("refunded", "before"))
        self.assertEqual(len(self.refunds(vend)), 1)
        self.assertEqual(complaint.refund_order_id, self.refunds(vend))
        self.assertEqual(complaint.amount_refunded, 0, "what another one gave is not ours")
        self.assertEqual(complaint._money_back(), 120.0)

    def test_a_voided_vend_kept_nothing(self):
        vend = self.project(self.local(self.machine, outcome="failed", refunded=True))
        complaint = self.filed(vend)
        self.assertEqual((complaint.state, complaint.resolution), ("resolved", "none"))

    def test_unknown_with_an_absent_sensor(self):
        vend = self.project(
            self.local(self.machine, outcome="unknown", pay="card", sensor="absent")
        )
        complaint = self.filed(vend)
        self.assertEqual((complaint.state, vend.state), ("refunded", "refunded"))
        self.assertEqual(sum(vend.order_ids.mapped("amount_total")), 0)
        self.assertEqual(set(vend.case_ids.mapped("state")), {"decided"})

    def test_unknown_without_a_sensor_is_for_a_person(self):
        vend = self.project(self.local(self.machine, outcome="unknown", pay="card", sensor="none"))
        complaint = self.filed(vend)
        self.assertEqual((complaint.state, vend.state), ("in_case", "unknown"))
        self.assertFalse(vend.order_ids)

    def test_cash_goes_back_as_a_voucher_that_somebody_hands_out(self):
        vend = self.sold(pay="cash", pay_ref="")
        complaint = self.filed(vend)
        self.assertEqual(complaint.state, "refunded")
        method = self.refunds(vend).payment_ids.payment_method_id
        self.assertEqual(method.wine_kind, "voucher")
        owed = vend.case_ids.filtered(lambda case: case.kind == "owed")
        self.assertEqual((len(owed), owed.amount, owed.state), (1, 120.0, "open"))

    def test_a_wrong_bottle_has_its_slot_counted(self):
        vend = self.sold(sensor="confirmed")
        complaint = self.filed(vend, kind="wrong")
        self.assertEqual(complaint.state, "in_case")
        count = self.env["wine.case"].search(
            [("kind", "=", "count"), ("machine_id", "=", self.machine.id)]
        )
        self.assertIn("slot A1", count.text)
        self.assertEqual(complaint.amount_decided, 120.0)

    def test_a_bad_bottle_names_its_supplier(self):
        supplier = self.env["res.partner"].create({"name": "Domaine"})
        self.wine.seller_ids = [(0, 0, {"partner_id": supplier.id})]
        vend = self.sold(sensor="confirmed", qty=2)
        complaint = self.filed(vend, kind="bad")
        self.assertEqual(complaint.supplier_id, supplier)
        self.assertEqual(complaint.amount_decided, 120.0, "one of two")
        complaint.with_user(self.manager).action_give_back()
        self.assertEqual(complaint.resolution, "partial")
        self.assertEqual((vend.state, vend.amount_refunded), ("captured", 120.0))
        self.assertEqual(self.refunds(vend).lines.qty, -1)
        self.assertEqual(self.refunds(vend).wine_stock_state, "none", "no goods came back")
        self.assertEqual(self.slot(self.machine, "A1").qty, 8)

    def test_limits_of_a_consumer(self):
        same = {"email": "often@example.com"}
        states = [
            self.filed(self.sold(when=self.days_ago(day)), **same).state for day in range(1, 5)
        ]
        self.assertEqual(states, ["refunded", "refunded", "in_case", "in_case"])
        self.env["ir.config_parameter"].set_param("wine_vending.complaint_consumer_limit", "9")
        self.assertEqual(self.filed(self.sold(), **same).state, "refunded")

    def test_limit_of_the_amount(self):
        self.env["ir.config_parameter"].set_param("wine_vending.complaint_amount_limit", "100")
        complaint = self.filed(self.sold())
        self.assertEqual((complaint.state, complaint.reason), ("in_case", "amount_limit"))

    def test_a_guess_gets_no_money(self):
        vend = self.sold()
        complaint = self.filed(machine_id=self.machine.id, happened_at=vend.moment)
        self.assertEqual((complaint.match, complaint.state), ("weak", "in_case"))
        self.assertEqual(complaint._money_back(), 0)
        self.assertEqual(vend.state, "captured")

    def test_a_vend_of_another_machine_is_not_meant(self):
        other = self.make_machine(self.region, {"A1": self.wine})
        vend = self.sold()
        complaint = self.filed(vend, machine_id=other.id)
        self.assertFalse(complaint.vend_id)
        with self.assertRaises(UserError):
            complaint.write({"vend_id": vend.id})


@tagged("post_install", "-at_install")
class TestComplaintOnce(ComplaintCommon):
    """However often and by whomever: one refund for one failure."""

    def test_the_same_page_sent_twice_is_one_complaint(self):
        vend, ref = self.sold(), str(uuid4())
        first = self.filed(vend, uuid=ref)
        again = self.filed(vend, uuid=ref)
        self.assertEqual(first, again)
        self.assertEqual(len(self.refunds(vend)), 1)

    def test_two_people_complain_about_one_vend(self):
        vend = self.sold()
        first, second = self.filed(vend), self.filed(vend)
        self.assertEqual(first.resolution, "refund")
        self.assertEqual((second.state, second.resolution), ("refunded", "before"))
        self.assertEqual(len(self.refunds(vend)), 1)
        self.assertEqual(vend.amount_refunded, 120.0)

    def test_page_machine_and_person(self):
        """The whole hardest path: complaint, late contradiction, case, person, vend's button."""
        fact = self.local(self.machine, pay="card", sensor="absent")
        vend = self.project(fact)
        self.filed(vend)
        self.project(
            self.fact(self.machine, "vend.local", {**fact.data, "outcome": "failed"}),
            self.fact(
                self.machine,
                "vend.result",
                {
                    "vend_id": vend.uuid,
                    "outcome": "failed",
                    "slot": "A1",
                    "qty": 0,
                    "slot_state": "ok",
                },
            ),
        )
        with self.assertRaises(UserError):
            vend.with_user(self.manager).action_refund()
        vend._refund(goods_returned=False)
        vend._decide(False)
        self.assertEqual(len(self.refunds(vend)), 1)
        self.assertEqual(sum(vend.order_ids.mapped("amount_total")), 0)

    def test_a_person_decides_while_others_wait(self):
        vend = self.sold(sensor="none")
        first, second = self.filed(vend), self.filed(vend)
        self.assertEqual(first.case_id, second.case_id, "one question")
        first.with_user(self.manager).action_give_back()
        self.assertEqual((first.state, first.resolution), ("resolved", "refund"))
        self.assertEqual((second.state, second.resolution), ("refunded", "before"))
        self.assertEqual(first.case_id.state, "decided")
        self.assertEqual(len(self.refunds(vend)), 1)
        with self.assertRaises(UserError):
            first.with_user(self.manager).action_give_back()

    def test_the_button_of_the_vend_settles_the_complaint(self):
        vend = self.sold(sensor="none")
        complaint = self.filed(vend)
        vend.with_user(self.manager).action_refund()
        self.assertEqual((complaint.state, complaint.resolution), ("refunded", "before"))
        self.assertEqual(complaint.case_id.state, "decided")

    def test_the_case_of_the_vend_settles_the_complaint(self):
        vend = self.project(self.local(self.machine, outcome="unknown", pay="card", sensor="none"))
        complaint = self.filed(vend)
        unknown = vend.case_ids.filtered(lambda case: case.kind == "unknown")
        unknown.with_user(self.manager).action_did_not()
        self.assertEqual(complaint.state, "refunded")
        self.assertEqual(len(self.refunds(vend)), 1)

    def test_parts_add_up_to_what_was_paid_and_no_further(self):
        vend = self.sold(sensor="confirmed", qty=3)
        for _bottle in range(3):
            complaint = self.filed(vend, kind="bad")
            complaint.with_user(self.manager).action_give_back()
        self.assertEqual((vend.state, vend.amount_refunded), ("refunded", 360.0))
        self.assertEqual(len(self.refunds(vend)), 3)
        self.assertEqual(len(set(self.refunds(vend).mapped("uuid"))), 3)
        self.assertEqual(sum(vend.order_ids.mapped("amount_total")), 0)
        self.assertEqual(self.filed(vend, kind="bad").resolution, "before")

    def test_more_than_is_left_is_refused(self):
        vend = self.sold(sensor="confirmed")
        for amount in (120.01, -5):
            complaint = self.filed(vend, kind="bad")
            complaint.amount_decided = amount
            with self.assertRaises(UserError):
                complaint.with_user(self.manager).action_give_back()
        self.assertFalse(self.refunds(vend))

    def test_an_odd_amount_then_the_rest(self):
        vend = self.sold(sensor="confirmed", qty=2)
        first = self.filed(vend, kind="overcharged")
        first.with_user(self.manager).write({"amount_decided": 20.5, "as_voucher": True})
        first.with_user(self.manager).action_give_back()
        self.assertEqual((first.resolution, vend.amount_refunded), ("voucher", 20.5))
        self.assertEqual(self.refunds(vend).payment_ids.payment_method_id.wine_kind, "voucher")
        vend.with_user(self.manager).action_refund()
        self.assertEqual((vend.state, vend.amount_refunded), ("refunded", 240.0))
        self.assertEqual(sum(vend.order_ids.mapped("amount_total")), 0)
        self.close()


@tagged("post_install", "-at_install")
class TestComplaintLate(ComplaintCommon):
    """Machines that speak late, days that are over."""

    def test_the_machine_was_offline(self):
        """Filed before the machine reported; found and settled when it does."""
        when = fields.Datetime.now() - timedelta(minutes=10)
        complaint = self.filed(happened_at=when, slot_code="A1", amount_claimed=120.0)
        self.assertEqual((complaint.state, complaint.reason), ("in_case", "no_vend"))
        vend = self.project(self.local(self.machine, outcome="failed", pay="card", when=when))
        self.look_again()
        self.assertEqual(complaint.vend_id, vend)
        self.assertEqual((complaint.state, complaint.resolution), ("refunded", "before"))
        self.assertEqual(complaint.case_id.state, "decided")
        self.assertEqual(len(self.refunds(vend)), 1)

    def test_offline_and_the_machine_says_success(self):
        when = fields.Datetime.now() - timedelta(minutes=10)
        complaint = self.filed(happened_at=when, slot_code="A1", amount_claimed=120.0)
        self.sold(sensor="confirmed", when=when)
        self.look_again()
        self.assertEqual((complaint.state, complaint.reason), ("in_case", "confirmed"))
        deadline = complaint.deadline
        self.look_again()
        self.assertEqual(complaint.deadline, deadline, "looking again moves no deadline")
        self.assertEqual(len(self.mails(complaint)), 1, "told once")

    def test_a_running_vend_of_the_platform_is_voided_later(self):
        vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "qr")
        vend._authorise()
        complaint = self.filed(vend)
        self.assertEqual(complaint.reason, "running")
        self.project(
            self.fact(
                self.machine,
                "vend.result",
                {"vend_id": vend.uuid, "outcome": "failed", "slot": "A1", "qty": 0},
            )
        )
        self.look_again()
        self.assertEqual((complaint.state, complaint.resolution), ("resolved", "none"))
        self.assertFalse(vend.order_ids)

    def test_the_day_is_closed(self):
        vend = self.sold(when=self.days_ago(3))
        first = self.session()
        self.close()
        complaint = self.filed(vend)
        refund = complaint.refund_order_id
        self.assertNotEqual(refund.session_id, first)
        self.assertEqual(refund.session_id.state, "opened")
        self.assertEqual(refund.wine_business_date, self.days_ago(3).date())
        self.close()
        self.assertEqual(self.on_hand(self.machine, self.wine), 20, "the bottle is back")

    def test_the_day_is_just_being_closed(self):
        vend = self.sold()
        self.session()._wine_announce_closing()
        complaint = self.filed(vend)
        self.assertEqual((complaint.state, complaint.reason), ("new", "wait"))
        self.assertEqual(vend.state, "captured")
        self.session()._wine_close()
        self.look_again()
        self.assertEqual((complaint.state, vend.state), ("refunded", "refunded"))

    def test_a_machine_that_moved_keeps_its_complaints(self):
        complaint = self.filed(self.sold(sensor="none"))
        elsewhere = self.make_region("Elsewhere", "ELS")
        site = self.env["wine.site"].create({"name": "New", "region_id": elsewhere.id})
        self.machine._move_to(site)
        self.assertEqual(self.machine.region_id, elsewhere)
        self.assertEqual(complaint.region_id, self.region)

    def look_again(self):
        self.env["wine.complaint"]._waiting_for_machine()._look_again()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestComplaintPeople(ComplaintCommon):
    """Who may do what, and what the consumer is told."""

    def test_service_files_and_does_not_refund(self):
        vend = self.sold(sensor="none")
        complaint = (
            self.env["wine.complaint"]
            .with_user(self.service)
            .create({"vend_id": vend.id, "kind": "nothing"})
        )
        self.assertEqual((complaint.channel, complaint.state), ("staff", "in_case"))
        for action in ("action_give_back", "action_reject", "action_assess", "action_reopen"):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                getattr(complaint, action)()
        self.assertEqual(vend.state, "captured")

    def test_nothing_that_follows_is_typed_in(self):
        for values in (
            {"state": "refunded"},
            {"amount_refunded": 5},
            {"match": "strong"},
            {"region_id": self.region.id},
            {"automatic": True},
            {"channel": "web"},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                self.env["wine.complaint"].with_user(self.manager).create(
                    {"machine_id": self.machine.id, **values}
                )
        defaults = {"default_state": "refunded", "default_amount_refunded": 9}
        complaint = (
            self.env["wine.complaint"]
            .with_user(self.manager)
            .with_context(**defaults)
            .create({"machine_id": self.machine.id})
        )
        self.assertEqual((complaint.state, complaint.amount_refunded), ("in_case", 0))
        with self.assertRaises(UserError):
            complaint.write({"state": "refunded"})

    def test_a_no_needs_a_reason_and_can_be_taken_back(self):
        complaint = self.filed(self.sold(sensor="confirmed"))
        mine = complaint.with_user(self.manager)
        with self.assertRaises(UserError):
            mine.action_reject()
        mine.answer = "The sensor saw the bottle."
        mine.action_reject()
        self.assertEqual((complaint.state, complaint.decided_by_id), ("rejected", self.manager))
        self.assertIn("The sensor saw the bottle.", self.mails(complaint)[:1].body_html)
        self.assertFalse(complaint.activity_ids)
        mine.action_reopen()
        self.assertEqual((complaint.state, complaint.case_id.state), ("in_case", "open"))
        mine.action_give_back()
        self.assertEqual(complaint.resolution, "refund")

    def test_the_case_waits_for_the_complaint(self):
        complaint = self.filed(self.sold(sensor="confirmed"))
        with self.assertRaises(UserError):
            complaint.case_id.with_user(self.manager).action_close()
        complaint.with_user(self.manager).answer = "A bottle was handed over."
        complaint.with_user(self.manager).action_explain()
        self.assertEqual(complaint.case_id.state, "decided")

    def test_naming_the_vend_by_hand(self):
        vend = self.sold()
        complaint = self.filed(happened_at=vend.moment - timedelta(hours=5))
        mine = complaint.with_user(self.manager)
        mine.vend_id = vend
        self.assertEqual(complaint.match, "strong")
        mine.action_assess()
        self.assertEqual((complaint.state, vend.state), ("refunded", "refunded"))

    def test_an_address_is_not_flooded(self):
        for _number in range(7):
            self.filed(email="victim@example.com")
        told = self.env["wine.complaint"].search([("email", "=", "victim@example.com")])
        self.assertEqual(len(told.filtered("told_at")), 5)

    def test_the_language_of_the_consumer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.env.ref("wine_vending.mail_complaint_money_back")
        template.with_context(lang="fr_FR").subject = "{{ object.name }} : remboursement"
        complaint = self.filed(self.sold(), lang="fr_FR")
        self.assertIn("remboursement", self.mails(complaint).subject)

    def test_a_complaint_is_not_deleted(self):
        with self.assertRaises(UserError):
            self.filed().unlink()
