# SPDX-License-Identifier: LGPL-3.0-or-later
import random
from itertools import permutations

from odoo.tests import tagged

from .common import WineCommon


@tagged("post_install", "-at_install")
class TestRestock(WineCommon):
    """Bottles that field staff moved, as the machine reports it."""

    def restock(self, before=10, filled=0, removed=0, bad=0, after=None, **values):
        row = {
            "slot": "A1",
            "sku": "T-RED",
            "before": before,
            "filled": filled,
            "removed": removed,
            "bad": bad,
            "after": before + filled - removed - bad if after is None else after,
            **values,
        }
        fact = self.fact(self.machine, "restock.done", {"by": "staff", "slots": [row]})
        self.project(fact)
        return fact

    def stock(self):
        return self.on_hand(self.machine, self.wine)

    def test_filled_comes_from_the_warehouse(self):
        lot_stock = self.region.warehouse_id.lot_stock_id
        self.env["stock.quant"]._update_available_quantity(self.wine, lot_stock, 100)
        self.project(self.local(self.machine, qty=4))
        self.restock(before=6, filled=4)
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)
        self.close()
        self.assertEqual(self.stock(), 20)
        left = self.env["stock.quant"]._get_available_quantity(self.wine, lot_stock)
        self.assertEqual(left, 96)

    def test_removed_goes_back(self):
        self.restock(removed=3)
        self.assertEqual(self.slot(self.machine, "A1").qty, 7)
        self.assertEqual(self.stock(), 17)

    def test_bad_is_scrapped(self):
        self.restock(bad=2)
        self.assertEqual(self.stock(), 18)
        scrap = self.env["stock.scrap"].search([("location_id", "=", self.machine.location_id.id)])
        self.assertEqual((scrap.state, scrap.scrap_qty), ("done", 2))

    def test_a_difference_is_a_case_and_the_count_holds(self):
        self.restock(before=8, filled=2)
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)
        case = self.env["wine.case"].search([("machine_id", "=", self.machine.id)])
        self.assertEqual(case.kind, "count")
        self.assertIn("A1 -2", case.text)

    def test_sale_and_count_in_one_batch_keep_their_order(self):
        sale = self.local(self.machine, qty=1)
        count = self.fact(
            self.machine,
            "restock.done",
            {
                "by": "s",
                "slots": [
                    {
                        "slot": "A1",
                        "sku": "T-RED",
                        "before": 9,
                        "filled": 0,
                        "removed": 0,
                        "bad": 0,
                        "after": 9,
                    }
                ],
            },
        )
        self.project(sale, count, self.local(self.machine, qty=1))
        self.assertEqual(self.slot(self.machine, "A1").qty, 8)
        self.assertFalse(self.env["wine.case"].search([("machine_id", "=", self.machine.id)]))

    def test_numbers_that_do_not_add_up_change_nothing(self):
        fact = self.restock(before=10, filled=2, after=11)
        self.assertIn("do not add up", fact.result)
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)
        self.assertEqual(self.stock(), 20)

    def test_unknown_slot(self):
        self.assertIn("not known", self.restock(slot="Z9").result)

    def at(self, seq, fact):
        fact.position = (1, seq)
        return fact

    def count(self, seq, before, after):
        row = {
            "slot": "A1",
            "sku": "T-RED",
            "before": before,
            "filled": after - before,
            "removed": 0,
            "bad": 0,
            "after": after,
        }
        return self.at(seq, self.fact(self.machine, "restock.done", {"slots": [row]}))

    def test_the_counter_is_right_in_any_order_of_arrival(self):
        """Sales 1, 2 → filled to 10 (3) → sale 4 → found 9, filled to 10 (5) → sale 6."""
        orders = random.Random(3).sample(list(permutations(range(6))), 20)
        for order in orders:
            with self.subTest(order=order), self.cr.savepoint() as savepoint:
                facts = [
                    self.at(1, self.local(self.machine)),
                    self.at(2, self.local(self.machine)),
                    self.count(3, 8, 10),
                    self.at(4, self.local(self.machine)),
                    self.count(5, 9, 10),
                    self.at(6, self.local(self.machine)),
                ]
                self.project(*(facts[index] for index in order[:3]))
                self.project(*(facts[index] for index in order[3:]))
                self.assertEqual(self.slot(self.machine, "A1").qty, 9)
                savepoint.rollback()
                self.env.invalidate_all()
