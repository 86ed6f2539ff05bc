# SPDX-License-Identifier: LGPL-3.0-or-later
"""Routes: planned from needs, packed first expired first out, driven, changed, called off."""

from lxml import html as lxml_html

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .replenish import ReplenishCommon


@tagged("post_install", "-at_install")
class TestRoute(ReplenishCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.region.write({"depot_latitude": 30.0, "depot_longitude": -85.0, "van_bottles": 100})
        cls.near = cls.machine
        cls.far = cls.make_machine(cls.region, {"A1": cls.wine, "A2": cls.soda}, name="Far")
        cls.middle = cls.make_machine(cls.region, {"A1": cls.wine}, name="Middle")
        cls.machines = cls.near | cls.far | cls.middle
        for machine, latitude in ((cls.near, 30.1), (cls.middle, 30.2), (cls.far, 30.4)):
            machine.site_id.write({"latitude": latitude, "longitude": -85.0})
            cls.since(machine, 200)
            cls.history(machine, "A1", 5)
        cls.history(cls.far, "A2", 1)
        cls.compute(cls.machines)
        for machine in cls.machines:
            machine.slot_ids.filtered("product_id").qty = 4
        cls.boss = new_test_user(cls.env, "route-boss", "wine_vending.group_wine_region_manager")
        cls.driver = new_test_user(cls.env, "route-driver", "wine_vending.group_wine_service")
        cls.region.manager_ids = cls.boss
        cls.region.staff_ids = cls.driver
        cls.stock(cls.wine, 100)
        cls.stock(cls.soda, 100)
        cls.machines._refresh_needs()

    def plan(self, machines=None, **values):
        region = self.region.with_user(self.boss)
        action = self.env["wine.route.plan"].with_user(self.boss)._open(region, machines)
        plan = self.env["wine.route.plan"].with_user(self.boss).browse(action["res_id"])
        plan.user_id = self.driver
        if values:
            plan.write(values)
            plan.action_refresh()
        return plan

    def route(self, machines=None, **values):
        action = self.plan(machines, **values).action_create_route()
        self.env.invalidate_all()
        return self.env["stock.picking.batch"].with_user(self.boss).browse(action["res_id"])

    def free(self, product):
        return self.env["stock.quant"]._get_available_quantity(product, self.warehouse.lot_stock_id)

    # === MAKING === #

    def test_a_route_reserves_what_the_lanes_lack(self):
        route = self.route()
        self.assertEqual((route.state, route.wine_stop_count), ("in_progress", 3))
        self.assertEqual(set(route.picking_ids.mapped("state")), {"assigned"})
        for visit in route.visit_ids:
            planned = sum(visit.line_ids.mapped("planned"))
            wanted = sum(visit.machine_id.slot_ids.mapped("to_fill"))
            self.assertEqual(planned, wanted)
            moves = visit.picking_id.move_ids
            self.assertEqual(sum(moves.mapped("quantity")), planned)
            self.assertEqual(visit.picking_id.location_dest_id, visit.machine_id.location_id)
            self.assertEqual(visit.user_id, self.driver)
            self.assertTrue(visit.picking_id.picking_type_id, self.warehouse._wine_refill_type())
        packed = route.visit_ids.line_ids.filtered(lambda line: line.product_id == self.wine)
        self.assertEqual(self.free(self.wine), 100 - sum(packed.mapped("planned")))
        self.assertEqual(self.machines.need_user_id, self.driver)

    def test_driving_order(self):
        """There and back along a line: no order is shorter than 2 × the farthest stop."""
        route = self.route()
        names = route.visit_ids.sorted("sequence").mapped("machine_id")
        self.assertIn(
            names, [self.near | self.middle | self.far, self.far | self.middle | self.near]
        )
        self.assertAlmostEqual(route.wine_km, 2 * 0.4 * 111.195 * 1.3, delta=0.5)
        minutes = 60 * route.wine_km / 35 + 3 * 20
        self.assertAlmostEqual(route.wine_minutes, minutes, delta=1)
        crates = route.picking_ids.sorted("batch_sequence")
        self.assertEqual(
            crates.ids, [visit.picking_id.id for visit in route.visit_ids.sorted("sequence")]
        )

    def test_dragging_a_stop_changes_the_way_and_the_button_repairs_it(self):
        route = self.route()
        best = route.wine_km
        stop = route.visit_ids.filtered(lambda visit: visit.machine_id == self.middle)
        stop.sequence = 99
        self.env.invalidate_all()
        self.assertGreater(route.wine_km, best)
        route.action_wine_optimise()
        self.assertEqual(route.wine_km, best)

    def test_lots_are_packed_first_expired_first_out_and_expired_ones_stay(self):
        self.stock(self.wine, -100)
        self.wine.write({"tracking": "lot", "use_expiration_date": True})
        old, late, soon = (
            self.make_lot(self.wine, name, days)
            for name, days in (("OLD", -2), ("LATE", 90), ("SOON", 9))
        )
        for lot, qty in ((old, 50), (late, 50), (soon, 5)):
            self.stock(self.wine, qty, lot=lot)
        route = self.route(self.middle)
        taken = {line.lot_id.name: line.quantity for line in route.picking_ids.move_line_ids}
        need = self.middle.to_fill
        self.assertEqual(taken, {"SOON": 5, "LATE": need - 5})

    # === SCARCE === #

    def test_scarce_bottles_go_where_they_earn_most(self):
        """10 bottles; the middle machine is empty, the others are not."""
        self.stock(self.wine, -90)
        self.slot(self.middle, "A1").qty = 0
        plan = self.plan(self.machines)
        packed = {line.machine_id: line.packed for line in plan.line_ids}
        wine_packed = (
            sum(packed.values())
            - self.far.slot_ids.filtered(lambda slot: slot.product_id == self.soda).to_fill
            - self.slot(self.near, "A2").to_fill
        )
        self.assertEqual(wine_packed, 10)
        self.assertGreaterEqual(packed[self.middle], 6)
        short = plan.shortage_ids
        self.assertEqual((short.product_id, short.why), (self.wine, "stock"))
        self.assertEqual(short.packed, 10)
        self.assertEqual(short.missing, short.wanted - 10)
        self.assertGreater(short.lost_amount, 0)

    def test_a_small_van(self):
        route = self.route(self.machines, van_bottles=7)
        self.assertEqual(route.wine_bottle_count, 7)
        self.assertEqual(set(route.shortage_ids.mapped("why")), {"van"})

    def test_bottles_reserved_for_one_route_are_not_promised_to_another(self):
        self.stock(self.wine, -100 + self.near.to_fill)
        first = self.route(self.near)
        packed = first.wine_bottle_count
        second = self.route(self.middle)
        self.assertGreater(packed, 0)
        self.assertEqual(
            second.wine_bottle_count + self.free(self.wine),
            max(
                0,
                self.near.to_fill
                - sum(
                    first.visit_ids.line_ids.filtered(lambda li: li.product_id == self.wine).mapped(
                        "planned"
                    )
                ),
            ),
        )

    def test_what_is_missing_can_be_bought_once(self):
        supplier = self.env["res.partner"].create({"name": "Winery"})
        self.stock(self.wine, -100)
        route = self.route(self.middle)
        short = route.shortage_ids
        with self.assertRaises(UserError):
            short.action_buy()
        self.wine.seller_ids = [(0, 0, {"partner_id": supplier.id, "price": 40})]
        short.action_buy()
        short.action_buy()
        lines = self.env["purchase.order.line"].search([("partner_id", "=", supplier.id)])
        self.assertEqual(sum(lines.mapped("product_qty")), short.missing)
        self.assertEqual(lines.order_id.picking_type_id.warehouse_id, self.warehouse)
        self.assertTrue(short.purchase_at)

    # === CHANGING === #

    def test_the_same_machine_twice_a_day_is_refused(self):
        self.route(self.near)
        plan = self.plan(self.near | self.far)
        self.assertNotIn(self.near, plan.line_ids.machine_id)
        both = [self.plan(self.far), self.plan(self.far)]
        both[0].action_create_route()
        with self.assertRaises(UserError):
            both[1].action_create_route()

    def test_a_stop_more(self):
        route = self.route(self.near)
        action = route.action_wine_add_stops()
        plan = self.env["wine.route.plan"].with_user(self.boss).browse(action["res_id"])
        plan.line_ids.chosen = False
        plan.line_ids.filtered(lambda line: line.machine_id == self.far).chosen = True
        plan.action_create_route()
        self.env.invalidate_all()
        self.assertEqual(route.visit_ids.machine_id, self.near | self.far)
        self.assertEqual(len(route.picking_ids), 2)
        self.assertEqual(set(route.picking_ids.mapped("state")), {"assigned"})

    def test_a_stop_less_gives_its_bottles_back(self):
        before = self.free(self.wine)
        route = self.route(self.near | self.far)
        km = route.wine_km
        stop = route.visit_ids.filtered(lambda visit: visit.machine_id == self.far)
        planned = sum(
            stop.line_ids.filtered(lambda line: line.product_id == self.wine).mapped("planned")
        )
        taken = before - self.free(self.wine)
        stop.action_cancel()
        self.env.invalidate_all()
        self.assertEqual(before - self.free(self.wine), taken - planned)
        self.assertLess(route.wine_km, km)
        self.assertEqual((route.state, route.wine_stop_count), ("in_progress", 1))

    def test_cancelling_frees_everything_twice_changes_nothing(self):
        before = self.free(self.wine), self.free(self.soda)
        route = self.route()
        for _time in range(2):
            route.action_cancel()
            self.env.invalidate_all()
        self.assertEqual((self.free(self.wine), self.free(self.soda)), before)
        self.assertEqual(route.state, "cancel")
        self.assertEqual(set(route.visit_ids.mapped("state")), {"cancelled"})
        self.route()

    def test_a_stop_under_way_is_not_cancelled_with_its_route(self):
        route = self.route(self.near)
        route.visit_ids.sudo()._set_state("started")
        with self.assertRaises(UserError):
            route.action_cancel()

    def test_filled_less_than_packed(self):
        """The rest is in the warehouse again; the route is over with its last stop."""
        before = self.on_hand(self.middle, self.wine)
        whole = self.free(self.wine)
        route = self.route(self.middle)
        visit = route.visit_ids
        line = visit.line_ids
        self.assertGreater(line.planned, 2)
        rows = [
            {
                "slot": line.slot_id.code,
                "sku": "T-RED",
                "before": 4,
                "filled": 2,
                "removed": 0,
                "bad": 0,
                "after": 6,
            }
        ]
        visit.sudo()._take_restock(rows)
        visit.sudo()._set_state("done")
        self.env.invalidate_all()
        self.assertEqual(self.on_hand(self.middle, self.wine), before + 2)
        self.assertEqual(self.free(self.wine), whole - 2)
        self.assertEqual(route.state, "done")

    def test_a_stop_for_cash_alone(self):
        """Nothing to fill: a stop without a crate, and the route still ends."""
        for machine in self.machines:
            machine.slot_ids.filtered("product_id").qty = 10
        route = self.route(self.near)
        self.assertFalse(route.picking_ids)
        self.assertEqual(route.wine_stop_count, 1)
        route.visit_ids.sudo()._set_state("done")
        self.env.invalidate_all()
        self.assertEqual(route.state, "done")

    # === PAPER AND RIGHTS === #

    def test_the_pick_list(self):
        route = self.route()
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("wine_vending.report_pick_list", route.ids)[0]
            .decode()
        )
        rows = route._wine_pick_rows()
        self.assertEqual(sum(row[3] for row in rows), route.wine_bottle_count)
        for visit in route.visit_ids:
            self.assertIn(visit.machine_id.name, html)
        self.assertIn("T-RED", html)
        text = " ".join(lxml_html.fromstring(html).text_content().split())
        crates = [text.index(f"Crate {number}:") for number in (1, 2, 3)]
        self.assertEqual(crates, sorted(crates))

    def test_only_those_who_manage_the_region_plan(self):
        plan = self.plan()
        for login, group in (
            ("route-stranger", "wine_vending.group_wine_region_manager"),
            ("route-money", "wine_vending.group_wine_finance"),
        ):
            user = new_test_user(self.env, login, group)
            with self.assertRaises(AccessError):
                self.env["wine.route.plan"].with_user(user)._open(self.region.with_user(user))
            with self.assertRaises(AccessError):
                plan.with_user(user).action_create_route()
        with self.assertRaises(UserError):
            self.env["wine.route.plan"].with_user(self.driver).action_open_mine()
