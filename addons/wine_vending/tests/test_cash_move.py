# SPDX-License-Identifier: LGPL-3.0-or-later
"""The change in a machine goes with it: each region's account says what lies in its machines."""

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .cash import CashCommon


@tagged("post_install", "-at_install")
class TestCashMove(CashCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.make_region("Farland", "FAR")
        cls.hall = cls.env["wine.site"].create({"name": "Hall", "region_id": cls.there.id})
        cls.home = cls.machine.site_id
        cls.other = cls.make_machine(cls.region, {"A1": cls.wine}, name="Other machine")

    def move(self, site=None):
        self.env.flush_all()
        self.machine._move_to(site or self.hall)
        self.env.invalidate_all()

    def lying_in(self, region):
        """Change in the machines that are in a region, and cash that was sold for there."""
        self.env.flush_all()
        self.env.invalidate_all()
        machines = self.env["wine.machine"].search([("region_id", "=", region.id)])
        sold = self.env["pos.payment"].search(
            [
                ("wine_cash_machine_id", "!=", False),
                ("wine_collection_id", "=", False),
                ("pos_order_id.wine_region_id", "=", region.id),
            ]
        )
        return sum(machines.mapped("cash_float")) + sum(sold.mapped("amount"))

    def check_books(self, here, there):
        for region, amount in ((self.region, here), (self.there, there)):
            with self.subTest(region=region.name):
                ledger = self.balance(region._cash_account()) + self.unclosed(region)
                self.assertAlmostEqual(ledger, amount)
                self.assertAlmostEqual(self.lying_in(region), amount)

    def test_change_goes_along_and_is_counted_there(self):
        self.take(50.0, 60, kind="float")
        self.take(20.0, 60, machine=self.other, kind="float")
        self.check_books(70, 0)
        self.move()
        self.check_books(20, 50)
        entry = self.env["account.move"].search(
            [("journal_id", "=", self.region.safe_journal_id.id)], order="id desc", limit=1
        )
        self.assertIn("moved to Farland", entry.ref)
        self.assertEqual((entry.state, entry.amount_total), ("posted", 50))
        self.sell(0)
        self.now = fields.Datetime.now()
        taken = self.take(120.0)
        self.assertEqual((taken.region_id, taken.difference), (self.there, 0))
        self.check_books(20, 50)
        self.assertEqual(self.safe(self.there), 120)

    def test_sales_stay_and_are_collected_there(self):
        self.take(50.0, 60, kind="float")
        self.sell(30)
        self.move()
        self.check_books(120, 50)
        self.now = fields.Datetime.now()
        taken = self.take(160.0, left=10.0)
        self.assertEqual(taken.difference, 0)
        self.check_books(0, 10)

    def test_change_altered_before_the_move_and_reported_after_it(self):
        """The collection is of the old region, the change that it left is in the new one."""
        self.take(50.0, 60, kind="float")
        self.sell(30)
        self.move()
        taken = self.take(140.0, 10, left=30.0)
        self.assertEqual((taken.region_id, taken.difference), (self.region, 0))
        self.check_books(0, 30)

    def test_a_bag_on_its_way_while_the_machine_moves(self):
        """Claimed before, counted in the safe after: the entries of both come to the same."""
        self.region.cash_needs_check = True
        self.take(50.0, 60, kind="float")
        self.sell(30)
        taken = self.take(140.0, 10, left=30.0)
        self.assertEqual(taken.state, "counted")
        self.move()
        taken.safe_counted = 140.0
        taken.with_user(self.treasurer).action_check()
        self.assertEqual((taken.state, taken.difference), ("posted", 0))
        self.check_books(0, 30)

    def test_there_and_back(self):
        self.take(50.0, 60, kind="float")
        self.move()
        self.move(self.home)
        self.check_books(50, 0)

    def test_without_change_nothing_is_booked(self):
        before = self.env["account.move"].search_count([])
        self.move()
        self.assertEqual(self.env["account.move"].search_count([]), before)

    def test_within_a_region_nothing_is_booked(self):
        self.take(50.0, 60, kind="float")
        before = self.env["account.move"].search_count([])
        self.move(self.env["wine.site"].create({"name": "Bar", "region_id": self.region.id}))
        self.assertEqual(self.env["account.move"].search_count([]), before)
        self.check_books(50, 0)

    def test_change_that_has_left_the_region_is_not_corrected_here(self):
        put = self.take(50.0, 60, kind="float")
        self.move()
        with self.assertRaisesRegex(UserError, "has moved to Farland"):
            put.with_user(self.treasurer).action_correct()
        self.move(self.home)
        self.assertTrue(put.with_user(self.treasurer).action_correct())

    def test_a_correction_that_waited_while_the_machine_moved(self):
        put = self.take(50.0, 60, kind="float")
        put.with_user(self.treasurer).action_correct()
        self.move()
        with self.assertRaisesRegex(UserError, "has moved to Farland"):
            put.corrected_by_ids.with_user(self.treasurer).action_post()
        self.check_books(0, 50)

    def test_a_collection_that_left_the_change_alone_is_corrected(self):
        self.take(50.0, 60, kind="float")
        self.sell(30)
        taken = self.take(100.0, 10, reason="short")
        self.move()
        taken.with_user(self.treasurer).action_correct()
        right = taken.corrected_by_ids
        right.counted_notes = 120.0
        right.with_user(self.treasurer).action_post()
        self.assertEqual(right.difference, 0)
        self.check_books(0, 50)

    def test_what_runs_goes_along(self):
        """An outage and an empty slot are of the present; those that are over stay."""
        now = fields.Datetime.now()
        Outage, Stockout = self.env["wine.machine.outage"], self.env["wine.slot.stockout"]
        values = {
            "machine_id": self.machine.id,
            "region_id": self.region.id,
            "started_at": self.ago(days=1),
        }
        slot = {
            **values,
            "slot_id": self.slot(self.machine, "A1").id,
            "product_id": self.wine.id,
            "currency_id": self.machine.currency_id.id,
        }
        over = Outage.create({**values, "kind": "offline", "ended_at": now})
        running = Outage.create({**values, "kind": "fault"})
        full = Stockout.create({**slot, "ended_at": now})
        empty = Stockout.create({**slot, "slot_id": self.slot(self.machine, "A2").id})
        self.move()
        self.assertEqual(over.region_id, self.region)
        self.assertEqual(full.region_id, self.region)
        self.assertEqual(running.region_id, self.there)
        self.assertEqual(empty.region_id, self.there)
