# SPDX-License-Identifier: LGPL-3.0-or-later
"""A regional administrator runs the region alone: no second group, no superuser, nobody asked."""

from odoo import Command
from odoo.tests import Form, new_test_user, tagged

from .common import WineCommon


@tagged("post_install", "-at_install")
class TestRegionAlone(WineCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boss = new_test_user(cls.env, "boss", "wine_vending.group_wine_region_manager")
        cls.driver = new_test_user(cls.env, "driver", "wine_vending.group_wine_service")
        cls.below = cls.make_region("Testland East", "TSTE", parent_id=cls.region.id)
        cls.region.manager_ids = cls.boss
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self.env.invalidate_all()
        self.mine = self.env(user=self.boss, su=False)

    def site(self, region=None):
        with Form(self.mine["wine.site"]) as form:
            form.name = "Ferry hall"
            form.region_id = self.mine["wine.region"].browse((region or self.region).id)
        return form.record

    def test_a_machine_from_the_crate_to_the_first_sale(self):
        with Form(self.mine["wine.machine"]) as form:
            form.name = "Ferry 1"
            form.serial = "F-1"
            form.model_id = self.mine["wine.machine.model"].browse(self.machine.model_id.id)
            form.site_id = self.site(self.below)
        machine = form.record
        self.assertEqual(machine.region_id.id, self.below.id)
        machine.action_new_planogram()
        draft = machine.planogram_ids
        draft.line_ids = [
            Command.create(
                {"slot_id": machine.slot_ids[0].id, "product_id": self.wine.id, "price": 99.0}
            )
        ]
        draft.action_publish()
        machine.action_commission()
        machine.action_activate()
        self.assertEqual((machine.state, machine.slot_ids[0].price), ("active", 99.0))
        here = self.machine.sudo().browse(machine.id)
        (vend,) = self.project(self.local(here, slot=here.slot_ids[0].code))
        seen = vend.with_user(self.boss)
        self.assertEqual(seen.order_ids.amount_total, 99.0)

    def test_prices(self):
        guide = self.mine["wine.price.change"].create(
            {
                "product_ids": [Command.set(self.wine.ids)],
                "machine_ids": [Command.set(self.machine.ids)],
                "mode": "add",
                "value": 5.0,
                "when": "now",
            }
        )
        guide._preview()
        guide.action_apply()
        self.assertEqual(self.slot(self.machine, "A1").price, 125.0)

    def test_staff_and_a_route(self):
        region = self.mine["wine.region"].browse(self.region.id)
        with Form(region) as form:
            form.staff_ids.add(self.driver)
        self.assertTrue(self.machine.with_user(self.driver).has_access("read"))
        stock = self.region.warehouse_id.lot_stock_id
        self.env["stock.quant"]._update_available_quantity(self.wine, stock, 50)
        self.slot(self.machine, "A1").qty = 1
        self.env.flush_all()
        self.env.invalidate_all()
        machine = self.mine["wine.machine"].browse(self.machine.id)
        action = machine.action_need_plan()
        plan = self.mine["wine.route.plan"].browse(action["res_id"])
        plan.user_id = self.driver
        route = self.mine["stock.picking.batch"].browse(plan.action_create_route()["res_id"])
        self.assertEqual(route.user_id, self.driver)
        self.assertEqual(route.visit_ids.machine_id, machine)
        report = self.mine["ir.actions.report"]
        html, _kind = report._render_qweb_html("wine_vending.report_pick_list", route.ids)
        self.assertIn(self.machine.name.encode(), html)
        visit = route.visit_ids.with_user(self.driver)
        self.assertTrue(visit.has_access("read"))
        self.assertFalse(visit.has_access("write"))
        self.assertTrue(route.picking_ids.sudo().with_user(self.boss).has_access("write"))

    def test_the_day(self):
        """Orders, a refund, closing the session, the numbers."""
        vend, _other = self.project(
            self.local(self.machine, pay="card"), self.local(self.machine, slot="A2")
        )
        self.env.flush_all()
        self.env.invalidate_all()
        vend.with_user(self.boss).action_refund()
        self.assertEqual(vend.state, "refunded")
        session = self.session().with_user(self.boss)
        session.action_wine_close()
        self.assertEqual(session.state, "closed")
        figures = self.mine["wine.today"].figures()
        self.assertEqual({row["id"] for row in figures["regions"]}, {self.region.id, self.below.id})
        found = self.mine["report.pos.order"].search([("config_id", "=", session.config_id.id)])
        self.assertTrue(found)

    def test_a_case(self):
        (vend,) = self.project(self.local(self.machine, outcome="unknown"))
        vend.case_ids.with_user(self.boss).action_came_out()
        self.assertEqual(vend.state, "captured")

    def test_to_a_site_of_the_own_regions(self):
        guide = self.mine["wine.machine.move"].create(
            {"machine_id": self.machine.id, "site_id": self.site(self.below).id}
        )
        guide.action_move()
        self.assertEqual(self.machine.region_id, self.below)

    def test_what_is_the_platforms_stays_so(self):
        region = self.mine["wine.region"].browse(self.region.id)
        for values in (
            {"warehouse_id": False},
            {"parent_id": self.below.id},
            {"manager_ids": [Command.clear()]},
        ):
            with self.subTest(values=values), self.assertRaisesRegex(Exception, "decided by"):
                region.write(values)
