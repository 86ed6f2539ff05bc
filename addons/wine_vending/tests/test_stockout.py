# SPDX-License-Identifier: LGPL-3.0-or-later
"""Stock-outs: opened and closed by the counter, reckoned by the forecast."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .replenish import ReplenishCommon


@tagged("post_install", "-at_install")
class TestStockout(ReplenishCommon):
    def setUp(self):
        super().setUp()
        self.now = fields.Datetime.now()

    def stockouts(self, code=None, machine=None):
        found = self.env["wine.slot.stockout"].search(
            [("machine_id", "=", (machine or self.machine).id)], order="started_at, id"
        )
        return found.filtered(lambda one: one.slot_id.code == code) if code else found

    def sale(self, hours, code="A2", seq=None, qty=1):
        values = {"position": (1, seq)} if seq else {}
        fact = self.local(self.machine, code, qty=qty, when=self.now - timedelta(hours=hours))
        for name, value in values.items():
            object.__setattr__(fact, name, value)
        return fact

    def restock(self, hours, before, after, code="A2", seq=None):
        row = {
            "slot": code,
            "sku": self.slot(self.machine, code).product_id.default_code,
            "before": before,
            "filled": after - before,
            "removed": 0,
            "bad": 0,
            "after": after,
        }
        values = {"position": (1, seq)} if seq else {}
        return self.fact(
            self.machine,
            "restock.done",
            {"slots": [row]},
            moment=self.now - timedelta(hours=hours),
            **values,
        )

    # === OPENING, CLOSING === #

    def test_sold_out_and_filled_in_one_batch_of_an_offline_machine(self):
        """Everything arrives at once, days later: the stock-out has its true times."""
        self.slot(self.machine, "A2").qty = 2
        self.project(self.sale(30), self.sale(29), self.restock(20, 0, 6), self.sale(10))
        one = self.stockouts()
        self.assertEqual(one.started_at, self.now - timedelta(hours=29))
        self.assertEqual(one.ended_at, self.now - timedelta(hours=20))
        self.assertEqual(one.product_id, self.soda)

    def test_the_count_arrives_before_the_sale_that_it_has_seen(self):
        """The network turned the order round: no stock-out is left open, none made up."""
        self.slot(self.machine, "A2").qty = 1
        self.project(self.restock(5, 0, 6, seq=20))
        self.project(self.sale(8, seq=10))
        self.assertFalse(self.stockouts().filtered(lambda one: not one.ended_at))
        self.assertEqual(self.slot(self.machine, "A2").qty, 6)

    def test_the_same_facts_twice(self):
        self.slot(self.machine, "A2").qty = 1
        sale, count = self.sale(9, seq=1), self.restock(8, 0, 6, seq=2)
        self.project(sale, count)
        self.project(sale, count)
        self.assertEqual(len(self.stockouts()), 1)

    def test_further_sales_below_zero_open_nothing(self):
        self.slot(self.machine, "A2").qty = 1
        self.project(self.sale(9))
        self.project(self.sale(8))
        self.assertEqual(len(self.stockouts()), 1)
        self.assertEqual(self.slot(self.machine, "A2").qty, -1)

    def test_a_jam_is_a_stock_out_too(self):
        at = self.now - timedelta(hours=4)
        self.project(
            self.fact(self.machine, "slot.state", {"slot": "A1", "state": "jammed"}, moment=at)
        )
        one = self.stockouts("A1")
        self.assertEqual((one.kind, one.started_at, one.ended_at), ("blocked", at, False))
        self.project(self.fact(self.machine, "slot.state", {"slot": "A1", "state": "ok"}))
        self.env.invalidate_all()
        self.assertTrue(one.ended_at)

    def test_another_product_in_an_empty_slot(self):
        """The planogram changes while a slot is empty: one product's loss ends, another begins."""
        self.project(self.sale(9, qty=10))
        self.publish_planogram(self.machine, {"A1": self.wine, "A2": self.wine, "B1": self.wine})
        first, second = self.stockouts("A2")
        self.assertEqual((first.product_id, bool(first.ended_at)), (self.soda, True))
        self.assertEqual((second.product_id, second.ended_at), (self.wine, False))
        self.publish_planogram(self.machine, {"A1": self.wine})
        self.env.invalidate_all()
        self.assertTrue(second.ended_at, "nothing is wanted there any more")

    def test_a_suspended_machine_misses_no_bottle(self):
        self.project(self.sale(9, qty=10))
        self.machine.action_suspend()
        self.env.invalidate_all()
        self.assertTrue(self.stockouts().ended_at)
        self.machine.action_activate()
        self.env.invalidate_all()
        self.assertEqual(
            self.stockouts().mapped(lambda one: bool(one.ended_at)), [False, True][::-1]
        )

    def test_what_the_hooks_missed_is_found_again(self):
        slot = self.slot(self.machine, "A2")
        self.env.cr.execute("UPDATE wine_machine_slot SET qty = 0 WHERE id = %s", [slot.id])
        self.env.invalidate_all()
        Stockout = self.env["wine.slot.stockout"]
        for _time in range(2):
            Stockout._sync()
        one = self.stockouts()
        self.assertEqual((len(one), one.kind), (1, "empty"))
        self.env.cr.execute("UPDATE wine_machine_slot SET qty = 3 WHERE id = %s", [slot.id])
        self.env.invalidate_all()
        Stockout._sync()
        self.assertTrue(self.stockouts().ended_at)

    def test_queries_do_not_grow_with_the_slots(self):
        """The hot path: one statement for all that ran out, none where nothing did."""
        facts = [self.local(self.machine, code, qty=9) for code in ("A1", "A2", "B1")]
        last = [self.local(self.machine, code) for code in ("A1", "A2", "B1")]
        Stockout = self.env["wine.slot.stockout"]
        counted = []

        def count(turns):
            before = self.env.cr.sql_log_count
            record(turns)
            counted.append(self.env.cr.sql_log_count - before)

        record = Stockout._record_turns
        self.patch(type(Stockout), "_record_turns", lambda _self, turns: count(turns))
        self.project(*facts)
        self.assertEqual(counted, [])
        self.project(*last)
        self.assertEqual(len(counted), 1)
        self.assertLessEqual(counted[0], 2)
        self.assertEqual(len(self.stockouts()), 3)

    # === WHAT IT COSTS === #

    def test_the_loss_follows_the_forecast_and_the_selling_hours(self):
        self.history(self.machine, "A2", 4)
        self.compute()
        rate = self.forecast(self.machine, self.soda).rate_per_day
        self.assertAlmostEqual(rate, 4, delta=0.3)
        self.slot(self.machine, "A2").qty = 1
        self.project(self.sale(60), self.restock(36, 0, 9))
        self.env["wine.slot.stockout"]._reckon()
        one = self.stockouts()
        self.assertAlmostEqual(one.lost_units, rate, delta=0.25)
        self.assertAlmostEqual(one.lost_amount, one.lost_units * 3.5, delta=0.01)
        self.assertTrue(one.settled)

    def test_closed_at_night_nothing_is_lost(self):
        self.region.write({"sales_from": 8, "sales_to": 20})
        self.history(self.machine, "A2", 4)
        self.compute()
        night = fields.Datetime.now().replace(hour=21, minute=0, second=0) - timedelta(days=2)
        self.slot(self.machine, "A2").qty = 1
        sale = self.local(self.machine, "A2", when=night)
        count = self.restock(0, 0, 6)
        object.__setattr__(count, "moment", night + timedelta(hours=10))
        self.project(sale, count)
        self.env["wine.slot.stockout"]._reckon()
        self.assertEqual(self.stockouts().lost_units, 0)

    def test_a_neighbour_with_the_same_wine_saves_the_sale(self):
        """A1 and B1 hold the same: nothing is lost until both are empty, then half each."""
        self.history(self.machine, "A1", 6)
        self.compute()
        self.project(self.sale(48, "A1", qty=10))
        self.env["wine.slot.stockout"]._reckon()
        self.assertEqual(self.stockouts("A1").lost_units, 0)
        self.project(self.sale(24, "B1", qty=10))
        self.env["wine.slot.stockout"]._reckon()
        left, right = self.stockouts("A1"), self.stockouts("B1")
        self.assertAlmostEqual(left.lost_units, 3, delta=0.5)
        self.assertEqual(left.lost_units, right.lost_units)
        self.assertFalse(left.settled)

    def test_a_settled_loss_stays(self):
        self.history(self.machine, "A2", 4)
        self.compute()
        self.slot(self.machine, "A2").qty = 1
        self.project(self.sale(60), self.restock(36, 0, 9))
        Stockout = self.env["wine.slot.stockout"]
        Stockout._reckon()
        before = self.stockouts().lost_units
        self.forecast(self.machine, self.soda).rate_per_day = 99
        Stockout._reckon()
        self.assertEqual(self.stockouts().lost_units, before)

    def test_without_a_forecast_no_loss_is_made_up(self):
        self.project(self.sale(60, qty=10))
        self.env["wine.slot.stockout"]._reckon()
        self.assertEqual(self.stockouts().lost_amount, 0)
