# SPDX-License-Identifier: LGPL-3.0-or-later
"""Lots of bottles that have moved: first expired first out, and never a sale refused."""

from odoo.tests import tagged

from .replenish import ReplenishCommon


@tagged("post_install", "-at_install")
class TestLots(ReplenishCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.milk = cls.make_wine(
            "T-MILK",
            4.0,
            tracking="lot",
            use_expiration_date=True,
            expiration_time=30,
            removal_time=5,
        )
        cls.cooler = cls.make_empty("Cooler", cls.milk)
        cls.place = cls.cooler.location_id
        cls.late, cls.soon = cls.make_lot(cls.milk, "LATE", 20), cls.make_lot(cls.milk, "SOON", 6)
        cls.stock(cls.milk, 3, cls.place, cls.late)  # came in first, expires last
        cls.stock(cls.milk, 2, cls.place, cls.soon)
        cls.slot(cls.cooler, "A1").qty = 5

    @classmethod
    def make_empty(cls, name, product):
        """A machine without a bottle; the kit fills machines, with bottles of no lot."""
        machine = cls.make_machine(cls.region, {"A1": product}, qty=1, name=name)
        cls.stock(product, -1, machine.location_id)
        machine.slot_ids.qty = 0
        return machine

    def sell(self, count, **values):
        vends = self.project(*(self.local(self.cooler, **values) for _sale in range(count)))
        self.session()._wine_flush_stock()
        self.env.invalidate_all()
        return vends

    def restock(self, **numbers):
        row = {"slot": "A1", "sku": "T-MILK", **numbers}
        fact = self.fact(self.cooler, "restock.done", {"slots": [row]})
        self.project(fact)
        self.assertEqual(fact.result, "done")

    def test_a_sale_across_two_lots_takes_the_one_that_expires_first(self):
        self.sell(3)
        self.assertEqual(self.by_lot(self.place, self.milk), {"LATE": 2})

    def test_what_comes_back_comes_back_as_the_lot_that_went(self):
        """Sold one of each lot, two given back: the lots of the last sales return."""
        self.sell(1)
        self.sell(2)
        self.assertEqual(self.by_lot(self.place, self.milk), {"LATE": 2})
        picking = self.session()._wine_move(self.cooler, {self.milk: 2}, returned=True)
        self.assertEqual(picking.state, "done")
        self.assertEqual(self.by_lot(self.place, self.milk), {"LATE": 3, "SOON": 1})

    def test_a_sale_that_the_ledger_cannot_explain_is_booked_and_seen(self):
        vends = self.sell(8)
        self.assertEqual(set(vends.mapped("state")), {"captured"})
        self.assertEqual(sum(self.by_lot(self.place, self.milk).values()), -3)

    def test_a_product_that_never_had_a_lot(self):
        """Sold before anything was booked in: the lot "?" stands below zero, once."""
        other = self.make_wine("T-NEW", 4.0, tracking="lot")
        machine = self.make_empty("New", other)
        for _day in range(2):
            self.project(self.local(machine))
            self.session()._wine_flush_stock()
        self.assertEqual(self.by_lot(machine.location_id, other), {"?": -2})
        self.assertEqual(self.env["stock.lot"].search_count([("product_id", "=", other.id)]), 1)

    def test_a_day_with_tracked_bottles_closes(self):
        self.sell(7)
        self.assertEqual(self.close().state, "closed")

    def test_filling_takes_the_oldest_of_the_warehouse(self):
        """Even out of two bins, and free bottles before those reserved for somebody else."""
        bin_a = self.env["stock.location"].create(
            {"name": "Bin A", "location_id": self.warehouse.lot_stock_id.id}
        )
        first, second = self.make_lot(self.milk, "W1", 8), self.make_lot(self.milk, "W2", 9)
        self.stock(self.milk, 4, bin_a, second)
        self.stock(self.milk, 3, lot=first)
        self.restock(before=5, filled=5, removed=0, bad=0, after=10)
        self.assertEqual(self.by_lot(self.warehouse.lot_stock_id, self.milk), {"W2": 2})
        self.assertEqual(
            self.by_lot(self.place, self.milk), {"LATE": 3, "SOON": 2, "W1": 3, "W2": 2}
        )

    def test_reserved_bottles_are_taken_last(self):
        first, second = self.make_lot(self.milk, "W1", 8), self.make_lot(self.milk, "W2", 9)
        self.stock(self.milk, 2, lot=first)
        self.stock(self.milk, 2, lot=second)
        lots = self.env["stock.picking"]._wine_lots(self.warehouse.lot_stock_id, {self.milk: 2})
        self.assertEqual([lot.name for lot, _place, _qty in lots[self.milk]], ["W1"])
        self.env["stock.quant"]._update_reserved_quantity(
            self.milk, self.warehouse.lot_stock_id, 2, lot_id=first
        )
        lots = self.env["stock.picking"]._wine_lots(self.warehouse.lot_stock_id, {self.milk: 3})
        self.assertEqual(
            [(lot.name, qty) for lot, _place, qty in lots[self.milk]], [("W2", 2), ("W1", 1)]
        )

    def test_bottles_taken_out_are_the_old_ones(self):
        self.restock(before=5, filled=0, removed=3, bad=0, after=2)
        self.assertEqual(self.by_lot(self.place, self.milk), {"LATE": 2})
        self.assertEqual(
            self.by_lot(self.warehouse.lot_stock_id, self.milk), {"SOON": 2, "LATE": 1}
        )

    def test_bad_bottles_are_scrapped_across_lots(self):
        self.restock(before=5, filled=0, removed=0, bad=3, after=2)
        self.assertEqual(self.by_lot(self.place, self.milk), {"LATE": 2})
        scraps = self.env["stock.scrap"].search([("product_id", "=", self.milk.id)])
        self.assertEqual(
            sorted((scrap.lot_id.name, scrap.scrap_qty, scrap.state) for scrap in scraps),
            [("LATE", 1, "done"), ("SOON", 2, "done")],
        )

    def test_expiry_rules_the_removal_of_what_feeds_machines(self):
        Quant = self.env["stock.quant"]
        for location in (self.place, self.warehouse.lot_stock_id):
            self.assertEqual(Quant._get_removal_strategy(self.milk, location), "fefo")
            self.assertEqual(Quant._get_removal_strategy(self.wine, location), "fifo")
        shop = self.env["stock.warehouse"].create({"name": "Shop", "code": "SHOP"})
        self.assertEqual(Quant._get_removal_strategy(self.milk, shop.lot_stock_id), "fifo")

    def test_plain_goods_go_as_before(self):
        self.project(self.local(self.machine, "A2"))
        self.session()._wine_flush_stock()
        self.assertEqual(self.by_lot(self.machine.location_id, self.soda), {False: 9})
