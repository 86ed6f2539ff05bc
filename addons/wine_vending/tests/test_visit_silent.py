# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from uuid import uuid4

from odoo.tests import tagged

from .test_visit import VisitCommon


@tagged("post_install", "-at_install")
class TestVisitSilent(VisitCommon):
    """A machine that tells what was filled and not in which visit."""

    def elsewhen(self):
        """The visit that the kit plans for today is of another day."""
        self.visit.date += timedelta(days=3)

    def told(self):
        """The visit that was recorded because a machine told of it."""
        return self.env["wine.visit"].search(
            [("machine_id", "=", self.machine.id), ("id", "!=", self.visit.id)]
        )

    def test_it_is_recorded_as_a_visit(self):
        self.elsewhen()
        fact = self.by_machine(self.row(filled=4), visit=False, seq=7)
        visit = self.told()
        self.assertEqual((visit.state, visit.restock_source), ("done", "machine"))
        self.assertEqual(self.stock(), 24)
        self.project(fact)
        self.assertEqual(self.told(), visit, "the same message is the same visit")
        self.assertEqual(self.stock(), 24)

    def test_it_does_the_visit_that_is_planned_for_the_day(self):
        picking = self.prekit(wine=6)
        self.by_machine(self.row(filled=4), visit=False, seq=7)
        self.assertEqual((self.visit.state, self.visit.restock_source), ("done", "machine"))
        self.assertEqual((picking.state, self.stock()), ("done", 24))
        self.assertFalse(self.told())
        self.phone(self.row(filled=4))
        self.assertEqual((self.visit.compared_source, self.stock()), ("phone", 24))

    def test_the_phone_without_a_line_claims_it(self):
        """Nobody knew of the visit when the machine told; the phone's entries come later."""
        self.elsewhen()
        self.by_machine(self.row(before=9, filled=4), visit=False, minutes=30, seq=7)
        case = self.told().case_ids
        self.assertEqual(case.kind, "count")
        later = self.make_visit(uuid=str(uuid4()), user_id=self.env.uid)
        picking = self.prekit(visit=later, wine=4)
        self.assertEqual(self.phone(self.row(before=9, filled=4), visit=later, minutes=31), "done")
        self.assertEqual((later.restock_source, later.compared_source), ("machine", "phone"))
        self.assertEqual(later.line_ids.filtered("filled").filled, 4)
        self.assertEqual(self.told(), later, "there was one visit")
        self.assertEqual(case.visit_id, later)
        self.assertEqual((picking.state, self.stock(), self.qty()), ("cancel", 23 + 1, 13))
        self.phone(self.row(before=9, filled=4), visit=later)
        self.assertEqual(self.stock(), 24, "told again, moved once")

    def test_what_lies_half_a_day_back_is_another_visit(self):
        self.elsewhen()
        self.by_machine(self.row(filled=4), visit=False, minutes=600, seq=7)
        later = self.make_visit(user_id=self.env.uid)
        self.phone(self.row(before=14, filled=2), visit=later)
        self.assertEqual(later.restock_source, "phone")
        self.assertEqual(self.stock(), 26)

    def test_a_clock_that_is_off_still_finds_the_visit(self):
        self.visit._set_state("started", started_at=self.ago(90))
        self.phone(self.row(filled=4), minutes=80)
        self.visit._set_state("done", done_at=self.ago(70))
        self.by_machine(self.row(filled=4), visit=False, minutes=0, seq=7)
        self.assertEqual((self.visit.compared_source, self.stock()), ("machine", 24))
        self.assertFalse(self.told())


@tagged("post_install", "-at_install")
class TestSlotOfTwoProducts(VisitCommon):
    """The layout changed: one product is taken out of a slot, another one put in."""

    def rows(self, **values):
        out = self.row("A1", before=10, removed=10, sku="T-RED")
        return [out, self.row("A1", before=0, filled=6, sku="T-SODA", **values)]

    def check(self):
        self.assertEqual(self.qty(), 6)
        self.assertEqual(self.slot(self.machine, "A1").state, "ok")
        self.assertEqual((self.stock(), self.stock(self.soda)), (10, 16))
        self.assertEqual((self.in_store(), self.in_store(self.soda)), (110, 94))
        self.assertFalse(self.cases())

    def test_machine_first(self):
        self.assertEqual(self.by_machine(*self.rows(), seq=7).result, "done")
        self.check()
        self.phone(*self.rows())
        self.check()
        self.assertEqual(self.visit.compared_source, "phone")

    def test_phone_first_and_a_sale_between(self):
        self.phone(*self.rows(), minutes=10)
        self.project(self.sale(minutes=5, seq=8))
        self.by_machine(*self.rows(), minutes=10, seq=7)
        self.assertEqual(self.qty(), 5)
        self.assertFalse(self.cases())

    def test_in_two_steps(self):
        """The same product twice: the second row goes on from the first."""
        rows = [self.row(filled=3, sku="T-RED"), self.row(before=13, bad=1, sku="T-RED")]
        self.by_machine(*rows, seq=7)
        self.assertEqual((self.qty(), self.stock()), (12, 22))
        (line,) = self.visit.line_ids
        self.assertEqual((line.before, line.filled, line.bad, line.after), (10, 3, 1, 12))

    def test_two_rows_that_do_not_follow_each_other(self):
        fact = self.by_machine(self.row(filled=3), self.row(before=9, filled=1), seq=7)
        self.assertIn("stands twice", fact.result)
        self.assertEqual((self.qty(), self.stock()), (10, 20), "a bad fact changes nothing")
