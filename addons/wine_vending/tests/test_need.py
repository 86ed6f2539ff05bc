# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who needs somebody, why, how much money it is, and what people do about it."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .replenish import ReplenishCommon


@tagged("post_install", "-at_install")
class TestNeed(ReplenishCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.region.write({"review_days": 4, "need_min_amount": 5, "visit_max_days": 0})
        cls.history(cls.machine, "A2", 2)
        cls.compute()
        cls.boss = new_test_user(cls.env, "need-boss", "wine_vending.group_wine_region_manager")
        cls.staff = new_test_user(cls.env, "need-staff", "wine_vending.group_wine_service")
        cls.region.manager_ids = cls.boss
        cls.region.staff_ids = cls.staff

    def refresh(self):
        self.machine._refresh_needs()
        self.env.invalidate_all()
        return self.machine

    def reasons(self):
        return {reason.kind: reason for reason in self.machine._visit_reasons()[self.machine]}

    def test_a_full_machine_needs_nobody(self):
        self.assertFalse(self.refresh().need_text)
        self.assertEqual(self.machine.need_amount, 0)

    def test_an_empty_slot_costs_its_demand_until_the_next_visit(self):
        self.slot(self.machine, "A2").qty = 0
        machine = self.refresh()
        rate = self.forecast(machine, self.soda).rate_per_day
        self.assertAlmostEqual(machine.need_amount, rate * 4 * 3.5, delta=4)
        self.assertIn("Wine T-SODA", machine.need_text)
        self.assertEqual(machine.need_kinds, "stock")
        self.assertTrue(machine.need_since)

    def test_a_low_slot_costs_less_than_an_empty_one(self):
        amounts = []
        for qty in (0, 4, 7, 10):
            self.slot(self.machine, "A2").qty = qty
            reason = self.reasons().get("stock")
            amounts.append(reason.amount if reason else 0)
        self.assertEqual(amounts, sorted(amounts, reverse=True))
        self.assertGreater(amounts[0], 1.8 * amounts[1])
        self.assertGreater(amounts[1], 0)

    def test_a_jammed_lane_counts_as_empty(self):
        self.slot(self.machine, "A2").state = "jammed"
        self.assertAlmostEqual(self.reasons()["stock"].amount, 28, delta=4)

    def test_a_little_money_calls_for_nobody(self):
        self.slot(self.machine, "A2").qty = 0
        self.region.need_min_amount = 1000
        self.assertFalse(self.refresh().need_text)

    def test_bottles_past_their_date(self):
        self.soda.write({"tracking": "lot", "use_expiration_date": True})
        place = self.machine.location_id
        self.stock(self.soda, 3, place, self.make_lot(self.soda, "OLD", -1))
        self.stock(self.soda, 2, place, self.make_lot(self.soda, "SOON", 3))
        self.stock(self.soda, 9, place, self.make_lot(self.soda, "FRESH", 90))
        reason = self.reasons()["expiry"]
        self.assertIn("3 ", str(reason.text))
        self.assertEqual(reason.amount, 5 * 3.5)
        self.assertTrue(reason.since)
        self.assertIn("expiry", self.refresh().need_kinds)

    def test_long_not_visited(self):
        self.region.visit_max_days = 7
        visit = self.env["wine.visit"].create({"machine_id": self.machine.id})
        visit._set_state("done", done_at=fields.Datetime.now() - timedelta(days=9))
        self.assertIn("age", self.reasons())
        again = self.env["wine.visit"].create({"machine_id": self.machine.id})
        again._set_state("done", done_at=fields.Datetime.now() - timedelta(days=2))
        self.assertNotIn("age", self.reasons())

    def test_the_cash_box(self):
        self.region.cash_box_full = 200
        self.project(self.local(self.machine, "A1"))
        self.assertNotIn("cash", self.reasons())
        self.project(self.local(self.machine, "A1"))
        self.assertIn("cash", self.reasons())

    def test_the_cash_box_is_full_where_the_alert_says_so(self):
        """One answer: who plans visits and who watches alerts are told the same."""
        rule = self.env.ref("wine_vending.rule_default_cash")
        self.region.cash_box_full = 1000
        self.project(self.local(self.machine, "A1"))
        for capacity, threshold, full in (
            (0, 80, False),
            (0, 12, True),
            (200, 80, False),
            (200, 60, True),
            (100, 80, True),
        ):
            with self.subTest(capacity=capacity, threshold=threshold):
                self.machine.cash_capacity = capacity
                rule.threshold = threshold
                self.assertIs("cash" in self.reasons(), full)
                self.env["wine.machine.alert"].search([("kind", "=", "cash")]).unlink()
                self.env["wine.machine.alert"]._watch()
                alerts = self.env["wine.machine.alert"].search(
                    [("kind", "=", "cash"), ("machine_id", "=", self.machine.id)]
                )
                self.assertIs(bool(alerts), full)
        rule.enabled = False
        self.assertNotIn("cash", self.reasons())

    def test_a_wing_adds_its_reasons(self):
        from ..core.visit_plan import Reason

        Machine = type(self.env["wine.machine"])
        original = Machine._visit_reasons

        def more(machines):
            result = original(machines)
            for machine in machines:
                result[machine].append(Reason("temperature", 500.0, "too warm"))
            return result

        self.patch(Machine, "_visit_reasons", more)
        machine = self.refresh()
        self.assertEqual((machine.need_amount, machine.need_text), (500, "too warm"))

    def test_why_is_read_in_the_language_of_the_reader(self):
        """Kept as a sentence with its arguments: one person plans, another one reads."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.machine.region_id.visit_max_days = 1
        self.env.cr.execute(
            "UPDATE wine_machine SET create_date = %s WHERE id = %s",
            [self.days_ago(3), self.machine.id],
        )
        self.env.invalidate_all()
        machine = self.refresh()
        self.assertIn("no visit for 3 days", machine.need_text)
        self.assertIn("3 天", machine.with_context(lang="zh_CN").need_text)

    def test_the_quarter_hour(self):
        """The cron finds what happened, reckons it, and comes to every machine."""
        slot = self.slot(self.machine, "A2")
        self.env.cr.execute("UPDATE wine_machine_slot SET qty = 0 WHERE id = %s", [slot.id])
        self.env.invalidate_all()
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=60):
            self.env["wine.machine"]._cron_refresh_needs()
        self.env.invalidate_all()
        self.assertTrue(self.machine.need_text)
        self.assertTrue(self.env["wine.slot.stockout"].search([("slot_id", "=", slot.id)]))
        waiting = self.env["wine.machine"].search(
            [("state", "!=", "draft"), ("need_at", "=", False)]
        )
        self.assertFalse(waiting)

    def test_snooze_needs_a_reason_and_ends_by_itself(self):
        self.slot(self.machine, "A2").qty = 0
        machine = self.refresh().with_user(self.boss)
        Answer = self.env["wine.need.answer"].with_user(self.boss)
        tomorrow = fields.Date.today() + timedelta(days=1)
        with self.assertRaises(UserError):
            Answer.create({"machine_ids": machine.ids, "until": tomorrow}).action_snooze()
        answer = Answer.create(
            {"machine_ids": machine.ids, "until": tomorrow, "reason": "Site closed"}
        )
        answer.action_snooze()
        self.assertEqual(machine.need_snooze_until, tomorrow)
        self.assertEqual(self.refresh().need_snooze_reason, "Site closed")
        machine.sudo().need_snooze_until = fields.Date.today()
        self.assertFalse(self.refresh().need_snooze_until)

    def test_assigned_until_the_need_is_over(self):
        self.slot(self.machine, "A2").qty = 0
        machine = self.refresh().with_user(self.boss)
        self.env["wine.need.answer"].with_user(self.boss).create(
            {"machine_ids": machine.ids, "user_id": self.staff.id}
        ).action_assign()
        self.assertEqual(self.refresh().need_user_id, self.staff)
        self.slot(self.machine, "A2").qty = 10
        self.assertFalse(self.refresh().need_user_id)

    def test_staff_and_strangers_decide_nothing(self):
        machine = self.machine.with_user(self.staff)
        for action in ("action_need_plan", "action_need_snooze", "action_need_wake"):
            with self.assertRaises(AccessError):
                getattr(machine, action)()
        stranger = new_test_user(
            self.env, "need-stranger", "wine_vending.group_wine_region_manager"
        )
        with self.assertRaises(AccessError):
            self.env["wine.need.answer"].with_user(stranger).create(
                {
                    "machine_ids": self.machine.ids,
                    "until": fields.Date.today() + timedelta(days=1),
                    "reason": "x",
                }
            ).action_snooze()

    def test_nobody_writes_a_need_by_hand(self):
        with self.assertRaises(AccessError):
            self.machine.with_user(self.boss).write({"need_amount": 1})
