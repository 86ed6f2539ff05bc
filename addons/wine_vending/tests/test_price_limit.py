# SPDX-License-Identifier: LGPL-3.0-or-later
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .test_planogram_life import PlanogramCommon


@tagged("post_install", "-at_install")
class TestPriceLimit(PlanogramCommon):
    """The platform draws the lines; regions stay within, and are told which line it is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.limit = cls.env["wine.price.limit"].create(
            {"region_id": cls.region.id, "product_id": cls.wine.id, "floor": 100, "ceiling": 200}
        )
        cls.admin = new_test_user(cls.env, "plano-admin", "wine_vending.group_wine_admin")

    def mine(self, **prices):
        return self.draft(**prices).with_user(self.manager)

    def test_a_line_is_refused_where_it_is_edited(self):
        line = self.mine().line_ids[0]
        with self.assertRaises(ValidationError) as refused, self.env.cr.savepoint():
            line.price = 99.99
        text = str(refused.exception)
        for part in ("Slot A1 of Testmachine", "Wine T-RED", "99.99", "100.00", self.limit.name):
            self.assertIn(part, text)
        line.price = 100

    def test_a_new_line_is_refused(self):
        values = {
            "slot_id": self.slot(self.machine, "B2").id,
            "product_id": self.wine.id,
            "price": 201,
        }
        draft = self.mine()
        with self.assertRaisesRegex(ValidationError, "above the highest price of"):
            draft.line_ids = [Command.create(values)]

    def test_publishing_is_refused(self):
        with self.assertRaisesRegex(UserError, "below the lowest price of"):
            self.mine(A1=99).action_publish()

    def test_more_than_a_handful_is_summed_up(self):
        model = self.make_model(columns=10)
        plan = {f"A{number}": self.wine for number in range(1, 9)}
        machine = self.make_machine(self.region, plan, model=model, name="Wide")
        draft = self.draft(machine, **dict.fromkeys(plan, 1))
        with self.assertRaisesRegex(UserError, "And 3 more"):
            draft.with_user(self.manager).action_publish()

    def test_the_platform_may_go_beyond(self):
        draft = self.draft(A1=99).with_user(self.admin)
        draft.line_ids[0].price = 98
        draft.action_publish()
        self.assertEqual(self.price(), 98)
        row = self.differences()["limit", "A1"]
        self.assertEqual((row.limit_id, row.wanted_text), (self.limit, "at least $\xa0100.00"))

    def test_a_slot_that_is_switched_off_is_not_sold(self):
        draft = self.draft(A1=99)
        draft.line_ids[0].enabled = False
        draft.with_user(self.manager).action_publish()
        self.assertEqual(self.price(), 99)

    def test_only_the_platform_writes_limits(self):
        limit = self.limit.with_user(self.manager)
        self.assertEqual(limit.floor, 100, "whom it binds may read it")
        for action in (
            lambda: limit.write({"floor": 1}),
            limit.unlink,
            lambda: limit.create({"product_id": self.soda.id, "floor": 1}),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                action()

    def test_a_limit_from_above_binds_and_is_seen(self):
        below = self.make_region("Testland East", "TSTE", parent_id=self.region.id)
        manager = new_test_user(self.env, "plano-east", "wine_vending.group_wine_region_manager")
        below.manager_ids = manager
        machine = self.make_machine(below, {"A1": self.wine}, name="East 1")
        draft = self.draft(machine, A1=99).with_user(manager)
        with self.assertRaisesRegex(UserError, "below the lowest price"):
            draft.action_publish()
        self.assertTrue(self.limit.with_user(manager).has_access("read"))

    def test_the_most_particular_one_binds(self):
        Limit = self.env["wine.price.limit"]
        Limit.create({"floor": 150})
        Limit.create({"categ_id": self.category.id, "region_id": self.region.id, "floor": 160})
        self.mine(A1=100, B1=100, A2=160).action_publish()
        with self.assertRaisesRegex(UserError, "160.00"):
            self.mine(A2=155).action_publish()
        self.limit.active = False
        with self.assertRaisesRegex(UserError, "160.00"):
            self.mine(A1=155, A2=160).action_publish()

    def test_margin_on_cost(self):
        self.limit.active = False
        self.wine.taxes_id = self.env["account.tax"].create(
            {"name": "Fifth", "amount": 25, "price_include_override": "tax_excluded"}
        )
        self.env["wine.price.limit"].create(
            {"product_id": self.wine.id, "has_margin": True, "margin": 20}
        )  # 50.00 cost, 60.00 before tax, 75.00 to be paid
        with self.assertRaisesRegex(UserError, r"lowest price of \$.75\.00"):
            self.mine(A1=74.99).action_publish()
        self.mine(A1=75).action_publish()

    def test_a_limit_of_another_region_binds_nobody_here(self):
        self.limit.region_id = self.make_region("Farland", "FAR")
        self.mine(A1=1).action_publish()
        self.assertFalse(self.limit.with_user(self.manager).has_access("read"))

    def test_a_limit_that_changes_lists_who_is_beyond(self):
        self.report(1)
        self.assertFalse(self.differences())
        self.limit.floor = 125
        self.assertEqual(set(self.differences()), {("limit", "A1"), ("limit", "B1")})
        self.assertEqual(self.price(), 120, "prices stay as they are")
        self.limit.invalidate_recordset()
        self.assertEqual(self.limit.breach_count, 2)
        domain = self.limit.action_view_breaches()["domain"]
        rows = self.env["wine.slot.difference"].search(domain)
        self.assertEqual(rows.machine_id, self.machine)
        self.draft(A1=130).action_publish()
        self.assertIn(("limit", "B1"), self.differences())
        self.assertNotIn(("limit", "A1"), self.differences())
        self.limit.unlink()
        self.assertFalse(self.differences("limit"))

    def test_a_cost_that_rises_is_found_by_the_daily_job(self):
        self.report(1)
        self.limit.write({"floor": 0, "ceiling": 0, "has_margin": True, "margin": 10})
        self.assertFalse(self.differences())
        self.wine.standard_price = 119
        with self.enter_registry_test_mode():
            self.env.ref("wine_vending.cron_refresh_limits").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(set(self.differences()), {("limit", "A1"), ("limit", "B1")})

    def test_a_draft_is_started_from_what_breaks_a_limit_of_today(self):
        """Else nobody could ever mend it."""
        self.limit.floor = 125
        self.machine.with_user(self.manager).action_new_planogram()
        draft = self.machine.planogram_ids.filtered(lambda p: p.state == "draft")
        with self.assertRaises(UserError):
            draft.with_user(self.manager).action_publish()
        draft.with_user(self.manager).line_ids[0].price = 130

    def test_what_a_limit_may_say(self):
        for values in (
            {},
            {"floor": -1},
            {"floor": 20, "ceiling": 10},
            {"floor": 1, "categ_id": self.category.id, "product_id": self.soda.id},
            {"floor": 1, "region_id": self.region.id, "product_id": self.wine.id},
        ):
            with (
                self.subTest(values=values),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.limit.create(values)

    def test_products_that_are_not_for_sale(self):
        stock = {
            "is archived": {"active": False},
            "is not for sale": {"sale_ok": False},
            "no internal reference": {"default_code": False},
        }
        for number, (text, values) in enumerate(stock.items()):
            product = self.make_wine(f"T-{number}", 5)
            draft = self.draft()
            draft.line_ids[0].product_id = product
            product.write(values)
            with self.subTest(text=text), self.assertRaisesRegex(UserError, text):
                draft.action_publish()
