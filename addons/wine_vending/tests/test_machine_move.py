# SPDX-License-Identifier: LGPL-3.0-or-later
"""A machine goes to another region; what happened stays, what is in it goes along."""

from datetime import timedelta
from uuid import uuid4

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import WineCommon


@tagged("post_install", "-at_install")
class TestMachineMove(WineCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.make_region("Farland", "FAR", tz="Pacific/Auckland")
        cls.site = cls.env["wine.site"].create({"name": "Hall", "region_id": cls.there.id})
        cls.origin = cls.machine.location_id

    def move(self):
        self.env.flush_all()
        self.machine._move_to(self.site, "The hotel closed")
        self.env.invalidate_all()

    def held(self, location, product):
        return self.env["stock.quant"]._get_available_quantity(
            product, location, allow_negative=True
        )

    def moves(self):
        return self.env["stock.move"].search(
            [("location_id", "=", self.origin.id), ("location_dest_id.usage", "=", "internal")]
        )

    # === WHAT STAYS === #

    def test_history_stays_where_it_happened(self):
        vend, unsure = self.project(
            self.local(self.machine), self.local(self.machine, outcome="unknown")
        )
        visit = self.env["wine.visit"].create({"machine_id": self.machine.id, "state": "done"})
        order, case = vend.order_ids, unsure.case_ids
        draft = self.env["wine.planogram"].create({"machine_id": self.machine.id})
        published = self.machine.planogram_id
        old_site = self.machine.site_id
        self.move()
        for record, field in (
            (vend, "region_id"),
            (unsure, "region_id"),
            (order, "wine_region_id"),
            (order.session_id, "wine_region_id"),
            (case, "region_id"),
            (visit, "region_id"),
        ):
            with self.subTest(model=record._name):
                self.assertEqual(record[field], self.region)
        self.assertEqual(vend.site_id, old_site)
        for record in (self.machine.slot_ids, draft, published, published.line_ids):
            with self.subTest(model=record._name):
                self.assertEqual(record.region_id, self.there)
        self.assertEqual(self.machine.planogram_id, published)
        self.assertEqual((self.machine.state, visit.state), ("active", "done"))

    def test_money_stays_in_the_old_session(self):
        self.project(self.local(self.machine, pay="cash"))
        session = self.session()
        self.move()
        self.assertEqual(session.state, "opened")
        closed = self.close()
        self.assertEqual(closed, session)
        self.assertEqual(sum(closed.order_ids.mapped("amount_total")), 120.0)
        lines = closed.move_id.line_ids
        self.assertAlmostEqual(sum(lines.mapped("balance")), 0)
        self.assertFalse(self.session(self.there))

    # === WHAT GOES ALONG === #

    def test_stock_goes_along_and_keeps_its_value(self):
        self.project(self.local(self.machine), self.local(self.machine, slot="A2"))
        before = self.env["product.product"].browse(self.wine.id).total_value
        self.move()
        target = self.machine.location_id
        self.assertNotEqual(target, self.origin)
        self.assertEqual(target.warehouse_id, self.there.warehouse_id)
        self.assertEqual(target.wine_region_id, self.there)
        self.assertEqual(self.held(target, self.wine), 19)
        self.assertEqual(self.held(target, self.soda), 9)
        self.assertEqual(self.held(self.origin, self.wine), 0)
        self.assertFalse(self.origin.active)
        self.assertEqual(self.origin.wine_region_id, self.region, "its history is the old region's")
        self.wine.invalidate_recordset()
        value = self.env["product.product"].browse(self.wine.id).total_value
        self.assertEqual(before - value, 50.0, "one bottle sold, nothing else")
        self.assertEqual(set(self.moves().mapped("state")), {"done"})
        self.assertEqual(
            {slot.code: slot.qty for slot in self.machine.slot_ids if slot.product_id},
            {"A1": 9, "A2": 9, "B1": 10},
        )

    def test_pending_sales_leave_the_old_stock_first(self):
        vend = self.project(self.local(self.machine))
        self.assertEqual(vend.order_ids.wine_stock_state, "pending")
        self.move()
        self.assertEqual(vend.order_ids.wine_stock_state, "done")
        sold = self.env["stock.picking"].search([("pos_session_id", "=", self.session().id)])
        self.assertEqual(sold.location_id, self.origin)

    def test_lots_and_what_the_ledger_misses_go_along(self):
        tracked = self.make_wine("T-LOT", 9.0, tracking="lot")
        lots = self.env["stock.lot"].create(
            [{"name": name, "product_id": tracked.id} for name in ("L1", "L2")]
        )
        quants = self.env["stock.quant"]
        for lot, qty in zip(lots, (3, 4), strict=True):
            quants._update_available_quantity(tracked, self.origin, qty, lot_id=lot)
        quants._update_available_quantity(self.soda, self.origin, -12)
        self.move()
        target = self.machine.location_id
        for lot, qty in zip(lots, (3, 4), strict=True):
            held = quants._get_available_quantity(tracked, target, lot_id=lot)
            self.assertEqual(held, qty)
            self.assertEqual(lot.wine_region_id, self.there)
        self.assertEqual(self.held(target, self.soda), -2)
        left = quants.search([("location_id", "=", self.origin.id), ("quantity", "!=", 0)])
        self.assertFalse(left)

    def test_staff_and_plans_end(self):
        user = new_test_user(self.env, "carer", "wine_vending.group_wine_service")
        self.machine.staff_ids = user
        visit = self.env["wine.visit"].create({"machine_id": self.machine.id})
        warehouse = self.region.warehouse_id
        kit = self.env["stock.picking"].create(
            {
                "picking_type_id": warehouse.int_type_id.id,
                "location_id": warehouse.lot_stock_id.id,
                "location_dest_id": self.origin.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": self.soda.id,
                            "product_uom_qty": 2,
                            "location_id": warehouse.lot_stock_id.id,
                            "location_dest_id": self.origin.id,
                        }
                    )
                ],
            }
        )
        kit.action_confirm()
        self.assertTrue(self.machine.with_user(user).has_access("read"))
        self.move()
        self.assertFalse(self.machine.staff_ids)
        self.assertFalse(self.machine.with_user(user).has_access("read"))
        self.assertEqual((visit.state, kit.state), ("cancelled", "cancel"))

    # === LATE === #

    def test_a_sale_from_before_the_move_belongs_to_the_old_region(self):
        """Reported after it: money in the old session, the bottle out of the new location."""
        old_site = self.machine.site_id
        self.move()
        late = self.local(self.machine, pay="cash", when=self.days_ago(1))
        now = self.local(self.machine, slot="A2", pay="cash")
        unsure = self.local(self.machine, outcome="unknown", when=self.days_ago(1))
        first, second, third = self.project(late, now, unsure)
        self.assertEqual((first.region_id, first.site_id), (self.region, old_site))
        self.assertEqual((second.region_id, second.site_id), (self.there, self.site))
        self.assertEqual(third.case_ids.region_id, self.region)
        self.assertEqual(first.business_date, self.days_ago(1).date(), "by the old region's clock")
        self.assertEqual(first.order_ids.session_id.wine_region_id, self.region)
        cash = self.region._payment_methods()["cash"]
        self.assertEqual(first.order_ids.payment_ids.payment_method_id, cash)
        self.assertEqual(second.order_ids.session_id.wine_region_id, self.there)
        self.close()
        self.close(self.there)
        self.assertEqual(self.held(self.machine.location_id, self.wine), 19)
        self.assertEqual(self.held(self.origin, self.wine), 0, "nothing comes back to life there")
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)

    def test_a_visit_from_before_the_move_belongs_to_the_old_region(self):
        """Reported after it: filled from the old warehouse, the cash into the old safe."""
        self.move()
        when, uuid = self.days_ago(1), str(uuid4())
        row = {"slot": "A1", "sku": "T-RED", "before": 10, "filled": 1, "removed": 0, "bad": 1}
        facts = [
            self.fact(
                self.machine,
                "restock.done",
                {"visit_id": uuid, "by": "Ann", "slots": [row | {"after": 10}]},
                moment=when,
            ),
            self.fact(
                self.machine,
                "restock.done",
                {"by": "Ann", "slots": [row | {"slot": "A2", "sku": "T-SODA", "after": 10}]},
                moment=when,
            ),
            self.fact(
                self.machine,
                "cash.collected",
                {"by": "Ann", "counted": {"coins": "0.00", "notes": "0.00"}, "meter": "0.00"},
                moment=when,
            ),
        ]
        before = [
            self.held(self.region.warehouse_id.lot_stock_id, product)
            for product in (self.wine, self.soda)
        ]
        self.project(*facts)
        self.assertEqual([fact.result for fact in facts], ["done"] * 3)
        visit = self.env["wine.visit"].search([("uuid", "=", uuid)])
        self.assertEqual(visit.region_id, self.region)
        after = [
            self.held(self.region.warehouse_id.lot_stock_id, product)
            for product in (self.wine, self.soda)
        ]
        self.assertEqual(after, [qty - 1 for qty in before])
        bag = self.env["wine.cash.collection"].search([("machine_id", "=", self.machine.id)])
        self.assertEqual(bag.region_id, self.region)

    def test_there_and_back(self):
        """Three stays; each sale finds its own, to the second."""
        home = self.machine.site_id
        self.move()
        self.machine._move_to(home, "Back")
        stays = self.machine.placement_ids.sorted("id")
        first, second = fields.Datetime.now() - timedelta(days=4), self.days_ago(2)
        stays[0].until = stays[1].since = first
        stays[1].until = stays[2].since = self.machine.moved_at = second
        moments = [
            first - timedelta(seconds=1),
            first,
            second - timedelta(seconds=1),
            second,
            fields.Datetime.now(),
        ]
        vends = self.project(*[self.local(self.machine, when=moment) for moment in moments])
        self.assertEqual(
            [vend.region_id.code for vend in vends], ["TST", "FAR", "FAR", "TST", "TST"]
        )
        self.assertEqual(self.machine.location_id.wine_region_id, self.region)
        self.assertNotEqual(self.machine.location_id, self.origin)

    def test_the_batch_asks_for_placements_once_and_only_if_needed(self):
        self.move()
        facts = [self.local(self.machine, when=self.days_ago(1)) for _number in range(5)]
        calls = []
        Placement = type(self.env["wine.machine.placement"])
        original = Placement._stays

        def counted(model, ids):
            calls.append(ids)
            return original(model, ids)

        self.patch(Placement, "_stays", counted)
        self.project(*facts)
        self.assertEqual(len(calls), 1)
        self.project(self.local(self.machine), self.local(self.machine))
        self.assertEqual(len(calls), 1, "nothing of them is from before the move")

    # === NOT LIKE THIS === #

    def test_refusals(self):
        with self.assertRaisesRegex(UserError, "use “Move”"):
            self.machine.site_id = self.site
        visit = self.env["wine.visit"].create({"machine_id": self.machine.id})
        visit._set_state("started")
        with self.assertRaisesRegex(UserError, "Finish or cancel"):
            self.machine._move_to(self.site)
        visit._set_state("cancelled")
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids = [Command.link(other.id)]
        abroad = self.env["wine.site"].create(
            {"name": "X", "region_id": self.make_region("X", "X", company_id=other.id).id}
        )
        with self.assertRaisesRegex(UserError, "a machine is sold"):
            self.machine._move_to(abroad)

    def test_within_a_region(self):
        """Another site of the same region: stock, staff and visits are not touched."""
        user = new_test_user(self.env, "carer", "wine_vending.group_wine_service")
        self.machine.staff_ids = user
        visit = self.env["wine.visit"].create({"machine_id": self.machine.id})
        near = self.env["wine.site"].create({"name": "Near", "region_id": self.region.id})
        self.machine._move_to(near)
        self.machine._move_to(near)
        self.assertEqual(self.machine.location_id, self.origin)
        self.assertEqual((self.machine.staff_ids, visit.state), (user, "planned"))
        self.assertEqual(len(self.machine.placement_ids), 2, "the same again changes nothing")

    # === WHO === #

    def guide(self, user):
        guide = self.env["wine.machine.move"].with_user(user)
        return guide.create({"machine_id": self.machine.id, "site_id": self.site.id})

    def test_who_manages_both_regions_moves_alone(self):
        boss = new_test_user(self.env, "both", "wine_vending.group_wine_region_manager")
        one = new_test_user(self.env, "one", "wine_vending.group_wine_region_manager")
        self.region.manager_ids = boss | one
        self.there.manager_ids = boss
        self.env.flush_all()
        with self.assertRaises(UserError):
            self.guide(one).action_move()
        guide = self.guide(boss)
        self.assertTrue(guide.leaves_region)
        guide.action_move()
        self.env.invalidate_all()
        self.assertEqual(self.machine.region_id, self.there)
        self.assertEqual(self.machine.placement_ids[:1].user_id, boss)
        self.assertFalse(self.machine.with_user(one).has_access("read"))

    def test_the_old_region_keeps_its_books(self):
        """Its administrator still opens, and refunds, what happened there; not the machine."""
        old = new_test_user(self.env, "old", "wine_vending.group_wine_region_manager")
        new = new_test_user(self.env, "new", "wine_vending.group_wine_region_manager")
        self.region.manager_ids, self.there.manager_ids = old, new
        vend = self.project(self.local(self.machine, pay="card"))
        self.move()
        self.env.flush_all()
        self.env.invalidate_all()
        mine = vend.with_user(old)
        mine.web_read({name: {} for name in ("name", "machine_id", "slot_id", "site_id")})
        mine.order_ids.web_read({"wine_machine_id": {}, "amount_total": {}})
        mine.action_refund()
        self.assertEqual(vend.state, "refunded")
        self.assertFalse(self.machine.with_user(old).has_access("read"))
        self.assertFalse(vend.with_user(new).has_access("read"))
        self.assertTrue(self.machine.with_user(new).has_access("read"))
