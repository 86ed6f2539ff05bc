# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from uuid import uuid4

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import WineCommon


class VisitCommon(WineCommon):
    """A planned visit to a machine of 2 × 3 slots that holds 10 bottles in A1, A2, B1."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = fields.Datetime.now().replace(microsecond=0)
        cls.store = cls.region.warehouse_id.lot_stock_id
        for product in (cls.wine, cls.soda):
            cls.env["stock.quant"]._update_available_quantity(product, cls.store, 100)
        cls.visit = cls.make_visit()

    @classmethod
    def make_visit(cls, machine=None, **values):
        machine = machine or cls.machine
        return cls.env["wine.visit"].create({"machine_id": machine.id, **values})

    @staticmethod
    def row(slot="A1", before=10, filled=0, removed=0, bad=0, **values):
        row = {"slot": slot, "before": before, "filled": filled, "removed": removed, "bad": bad}
        if before is not None:
            row["after"] = before + filled - removed - bad
        return {**row, **values}

    def ago(self, minutes):
        return self.now - timedelta(minutes=minutes)

    def phone(self, *rows, visit=None, minutes=0):
        result = (visit or self.visit)._take_restock(list(rows), "phone", self.ago(minutes))
        self.env.invalidate_all()
        return result

    def by_machine(self, *rows, visit=None, minutes=0, seq=None, machine=None):
        data = {"by": "staff", "slots": list(rows)}
        if visit is not False:
            data["visit_id"] = (visit or self.visit).uuid
        fact = self.fact(machine or self.machine, "restock.done", data, moment=self.ago(minutes))
        fact.position = (1, seq) if seq else None
        self.project(fact)
        return fact

    def sale(self, minutes=0, seq=None, slot="A1", qty=1):
        fact = self.local(self.machine, slot=slot, qty=qty, when=self.ago(minutes))
        fact.position = (1, seq) if seq else None
        return fact

    def qty(self, code="A1"):
        return self.slot(self.machine, code).qty

    def stock(self, product=None):
        return self.on_hand(self.machine, product or self.wine)

    def in_store(self, product=None):
        return self.env["stock.quant"]._get_available_quantity(product or self.wine, self.store)

    def cases(self, kind=None, visit=None):
        cases = (visit or self.visit).case_ids
        return cases.filtered(lambda case: not kind or case.kind == kind)

    def prekit(self, visit=None, wine=0, soda=0, others=None):
        """A packed, reserved picking of a visit, as planning makes it."""
        visit, warehouse = visit or self.visit, self.region.warehouse_id
        quantities = {self.wine: wine, self.soda: soda, **(others or {})}
        picking = self.env["stock.picking"].create(
            {
                "picking_type_id": warehouse.int_type_id.id,
                "location_id": self.store.id,
                "location_dest_id": visit.machine_id.location_id.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": qty,
                            "location_id": self.store.id,
                            "location_dest_id": visit.machine_id.location_id.id,
                        }
                    )
                    for product, qty in quantities.items()
                    if qty
                ],
            }
        )
        picking.action_confirm()
        picking.action_assign()
        visit.picking_id = picking
        return picking


@tagged("post_install", "-at_install")
class TestVisitStock(VisitCommon):
    """Whoever tells first moves the bottles, once."""

    def test_phone_first_machine_second(self):
        rows = [self.row(filled=4), self.row("A2", filled=2)]
        self.assertEqual(self.phone(*rows), "done")
        self.by_machine(*rows, seq=5)
        self.assertEqual((self.stock(), self.stock(self.soda)), (24, 12))
        self.assertEqual((self.in_store(), self.in_store(self.soda)), (96, 98))
        self.assertEqual((self.qty(), self.qty("A2")), (14, 12))
        self.assertEqual(self.visit.restock_source, "phone")
        self.assertEqual(self.visit.compared_source, "machine")
        self.assertFalse(self.cases())

    def test_machine_first_phone_second(self):
        rows = [self.row(filled=4, removed=1, bad=1)]
        self.by_machine(*rows, seq=5)
        self.assertEqual((self.visit.state, self.visit.restock_source), ("done", "machine"))
        self.phone(*rows)
        self.assertEqual(self.stock(), 22)
        self.assertEqual(self.in_store(), 97)
        self.assertEqual(self.qty(), 12)
        self.assertFalse(self.cases())

    def test_reports_that_differ_are_one_case(self):
        self.phone(self.row(filled=4), self.row("A2", filled=2))
        self.by_machine(self.row(filled=3), self.row("A2", filled=1), self.row("B1", filled=1))
        case = self.cases("visit")
        self.assertEqual(len(case), 1)
        for code in ("A1", "A2", "B1"):
            self.assertIn(f"{code}:", case.text)
        self.assertEqual((self.stock(), self.stock(self.soda)), (24, 12), "the first one stands")
        self.assertEqual(self.qty(), 14)

    def test_same_report_again_changes_nothing(self):
        self.phone(self.row(filled=4))
        self.assertEqual(self.phone(self.row(filled=4)), "duplicate")
        self.assertEqual((self.stock(), self.qty()), (24, 14))
        self.assertFalse(self.visit.compared_source)
        self.assertEqual(self.by_machine(self.row(filled=4)).result, "done")
        self.assertEqual(self.by_machine(self.row(filled=4)).result, "done")
        self.assertEqual((self.stock(), self.qty()), (24, 14))
        self.assertFalse(self.cases())

    def test_two_phones_that_differ(self):
        self.phone(self.row(filled=4))
        self.phone(self.row(filled=6))
        self.assertEqual((self.stock(), self.qty()), (24, 14))
        self.assertIn("10 + 4 − 0 − 0 = 14 / 10 + 6 − 0 − 0 = 16", self.cases("visit").text)

    def test_both_in_one_batch(self):
        self.by_machine(self.row(filled=4))
        again = self.by_machine(self.row(filled=4))
        self.assertEqual(again.result, "duplicate")
        self.assertEqual(self.stock(), 24)

    def test_prekit_moves_what_was_really_filled(self):
        picking = self.prekit(wine=6, soda=5)
        self.phone(self.row(filled=4), self.row("A2", filled=7))
        self.assertEqual(picking.state, "done")
        done = picking.move_ids.filtered(lambda move: move.state == "done")
        self.assertEqual({m.product_id: m.quantity for m in done}, {self.wine: 4, self.soda: 5})
        self.assertEqual((self.stock(), self.stock(self.soda)), (24, 17), "two beside the kit")
        self.assertEqual((self.in_store(), self.in_store(self.soda)), (96, 93))
        self.assertFalse(picking.backorder_ids)

    def test_prekit_of_which_nothing_was_filled(self):
        picking = self.prekit(wine=6)
        self.phone(self.row(filled=0))
        self.assertEqual(picking.state, "cancel")
        self.assertEqual((self.stock(), self.in_store()), (20, 100))

    def test_prekit_that_somebody_validated_before(self):
        picking = self.prekit(wine=6, soda=2)
        picking.move_ids.picked = True
        picking._action_done()
        self.phone(self.row(filled=4), self.row("A2", filled=3))
        self.assertEqual((self.stock(), self.stock(self.soda)), (24, 13))
        self.assertEqual((self.in_store(), self.in_store(self.soda)), (96, 97))

    def test_prekit_of_a_route_stays_in_it(self):
        other = self.make_visit()
        pickings = self.prekit(wine=2) | self.prekit(other, wine=3)
        route = self.env["stock.picking.batch"].create(
            {"picking_type_id": pickings[0].picking_type_id.id, "picking_ids": pickings.ids}
        )
        route.action_confirm()
        self.phone(self.row(filled=2))
        self.assertEqual(pickings.batch_id, route)
        self.phone(self.row(before=12, filled=3), visit=other)
        self.assertEqual(route.state, "done")

    def test_lots_of_a_tracked_wine(self):
        wine = self.make_wine("T-LOT", 90.0, tracking="lot")
        machine = self.make_machine(self.region, {"A1": self.soda}, qty=1, name="Lots")
        lot = self.env["stock.lot"].create({"name": "L1", "product_id": wine.id})
        self.env["stock.quant"]._update_available_quantity(wine, self.store, 10, lot_id=lot)
        visit = self.make_visit(machine)
        self.prekit(visit, others={wine: 6})
        self.phone(self.row(before=1, filled=4, sku="T-LOT"), visit=visit)
        quant = self.env["stock.quant"].search(
            [("location_id", "=", machine.location_id.id), ("product_id", "=", wine.id)]
        )
        self.assertEqual((quant.lot_id, quant.quantity), (lot, 4))

    def test_bad_is_scrapped_with_its_reason(self):
        self.phone(
            self.row(bad=1, bad_reason="breakage"),
            self.row("A2", bad=2, bad_reason="expiry"),
            self.row("B1", bad=1, bad_reason="spoilage"),
        )
        scraps = self.env["stock.scrap"].search(
            [("location_id", "=", self.machine.location_id.id)], order="id"
        )
        self.assertEqual(scraps.mapped("state"), ["done"] * 3)
        self.assertEqual(
            scraps.mapped("scrap_reason_tag_ids.name"), ["Breakage", "Expired", "Spoilage"]
        )
        self.assertEqual((self.stock(), self.stock(self.soda)), (18, 8))
        self.by_machine(self.row(bad=1), self.row("A2", bad=2), self.row("B1", bad=1))
        self.assertEqual((self.stock(), self.stock(self.soda)), (18, 8))

    def test_numbers_that_do_not_add_up(self):
        with self.assertRaisesRegex(UserError, "do not add up"):
            self.phone(self.row(filled=4, after=11))
        with self.assertRaisesRegex(UserError, "not known"):
            self.phone(self.row("Z9"))
        self.assertEqual((self.stock(), self.qty()), (20, 10))
        self.assertFalse(self.visit.restock_source)

    def test_a_visit_called_off(self):
        self.visit.action_cancel()
        with self.assertRaisesRegex(UserError, "called off"):
            self.phone(self.row(filled=4))
        self.by_machine(self.row(filled=4))
        self.assertEqual(self.stock(), 24, "the machine has them all the same")
        self.assertEqual(self.visit.state, "cancelled")

    def test_what_was_booked_is_not_called_off(self):
        self.phone(self.row(filled=4))
        with self.assertRaisesRegex(UserError, "moved already"):
            self.visit.action_cancel()

    def test_unknown_visit_of_a_machine_is_recorded(self):
        uuid = str(uuid4())
        fact = self.fact(
            self.machine,
            "restock.done",
            {"visit_id": uuid, "by": "Benno", "slots": [self.row(filled=4)]},
        )
        self.project(fact)
        visit = self.env["wine.visit"].search([("uuid", "=", uuid)])
        self.assertEqual((visit.state, visit.region_id), ("done", self.region))
        self.assertIn("Benno", visit.reason)
        self.phone(self.row(filled=4), visit=visit)
        self.assertEqual(self.stock(), 24)

    def test_visit_of_another_machine(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        fact = self.by_machine(self.row(filled=4), machine=other)
        self.assertIn("another machine", fact.result)
        self.assertFalse(self.visit.restock_source)

    def test_machine_that_names_no_visit_while_one_is_under_way(self):
        self.visit._set_state("started", started_at=self.ago(10))
        self.by_machine(self.row(filled=4), visit=False, minutes=5)
        self.assertEqual(self.visit.restock_source, "machine")
        self.phone(self.row(filled=4))
        self.assertEqual(self.stock(), 24)
        self.by_machine(self.row(before=14, filled=1), visit=False, minutes=0)
        self.assertEqual(self.stock(), 25, "one more filling")

    def test_machine_that_names_no_visit_and_none_is_under_way(self):
        self.visit.date = self.visit.date + timedelta(days=1)
        self.by_machine(self.row(filled=4), visit=False)
        self.assertFalse(self.visit.restock_source)
        self.assertEqual(self.stock(), 24)


@tagged("post_install", "-at_install")
class TestVisitCounter(VisitCommon):
    """A phone's count has a moment and no number of the machine."""

    def test_sales_since_an_offline_count(self):
        """Counted at −60, sold at −30, told now."""
        self.project(self.sale(30, seq=4))
        self.phone(self.row(before=10, filled=2), minutes=60)
        self.assertEqual(self.qty(), 11)
        self.assertFalse(self.cases(), "nine now, ten then")

    def test_sales_that_arrive_late_and_the_count_has_seen(self):
        """The machine was offline: sold 2 at −90; found 8 at −60; its journal comes afterwards."""
        self.phone(self.row(before=8, filled=2), minutes=60)
        case = self.cases("count")
        self.assertIn("A1 -2", case.text)
        self.project(self.sale(90, seq=4))
        self.assertEqual(self.qty(), 10)
        self.assertEqual(case.state, "open")
        self.assertIn("A1 -1", case.text)
        self.project(self.sale(80, seq=5), self.sale(10, seq=6))
        self.assertEqual(self.qty(), 9, "only the sale after the count")
        self.assertEqual(case.state, "decided")
        self.assertFalse(self.visit.line_ids.difference)

    def test_late_sale_that_the_count_contradicts(self):
        """Found ten, and then a sale of before arrives: somebody must look."""
        self.phone(self.row(before=10), minutes=60)
        self.assertFalse(self.cases())
        self.project(self.sale(90, seq=4))
        self.assertEqual(self.qty(), 10)
        self.assertIn("A1 +1", self.cases("count").text)

    def test_late_sale_belongs_to_the_first_count_after_it(self):
        first, second = self.visit, self.make_visit()
        self.phone(self.row(before=9), visit=first, minutes=60)
        self.phone(self.row(before=9), visit=second, minutes=30)
        self.project(self.sale(90, seq=4))
        self.assertEqual(self.cases("count", first).state, "decided")
        self.assertFalse(self.cases("count", second))
        self.assertEqual(self.qty(), 9)

    def test_machine_number_sharpens_the_moment(self):
        """The phone's clock is late by an hour: the sale after the count seems to lie before it."""
        self.phone(self.row(before=10, filled=2), minutes=0)
        self.by_machine(self.row(before=10, filled=2), seq=5, minutes=60)
        self.assertEqual(self.qty(), 12)
        self.project(self.sale(30, seq=6))
        self.assertEqual(self.qty(), 11)
        self.project(self.sale(70, seq=4))
        self.assertEqual(self.qty(), 11)

    def test_not_counted_only_adds(self):
        self.project(self.sale(30, seq=4))
        self.phone(self.row(before=None, filled=3), minutes=60)
        self.assertEqual(self.qty(), 12)
        line = self.visit.line_ids
        self.assertEqual((line.before, line.expected, line.after), (10, 10, 13))
        self.project(self.sale(90, seq=3))
        self.assertEqual(self.qty(), 11, "nobody counted: the late sale still counts")
        self.assertFalse(self.cases())

    def test_not_counted_and_then_the_machine_counts(self):
        self.phone(self.row(before=None, filled=3))
        self.by_machine(self.row(before=10, filled=3), seq=5)
        self.assertFalse(self.cases())
        self.assertEqual(self.qty(), 13)

    def test_not_counted_but_more_taken_out_than_we_knew_of(self):
        self.slot(self.machine, "A1").qty = 1
        self.phone(self.row(before=None, removed=3))
        self.assertEqual(self.qty(), 0)
        self.assertIn("A1 +2", self.cases("count").text)

    def test_older_count_changes_no_counter(self):
        self.phone(self.row(before=10, filled=2), minutes=10)
        other = self.make_visit()
        self.phone(self.row(before=10, filled=5), visit=other, minutes=60)
        self.assertEqual(self.qty(), 12)
        self.assertEqual(self.stock(), 27, "the bottles have moved all the same")

    def test_a_newer_count_of_the_machine_stands(self):
        self.by_machine(self.row(before=9), visit=False, seq=7, minutes=5)
        self.phone(self.row(before=10, filled=2), minutes=60)
        self.assertEqual(self.qty(), 9)

    def test_machine_without_a_clock_does_not_outrank_the_phone(self):
        fact = self.fact(self.machine, "slot.state", {"slot": "A1", "state": "ok", "qty": 7})
        fact.clock_trusted, fact.position = False, (1, 3)
        self.project(fact)
        self.phone(self.row(before=7, filled=3), minutes=60)
        self.assertEqual(self.qty(), 10)

    def test_counter_is_given_back_once_for_a_vend_before_the_count(self):
        vend = self.project(self.sale(90, seq=4))
        self.phone(self.row(before=9), minutes=60)
        self.slot(self.machine, "A1")._take_back(vend, 1)
        self.assertEqual(self.qty(), 9, "the count stands")


@tagged("post_install", "-at_install")
class TestVisitStates(VisitCommon):
    def test_states(self):
        self.visit._set_state("started")
        self.assertFalse(self.visit._set_state("started"), "a repeat changes nothing")
        self.visit._set_state("done")
        for target in ("started", "cancelled"):
            with self.assertRaisesRegex(UserError, "Done"):
                self.visit._set_state(target)

    def test_region_is_that_of_the_day(self):
        other = self.make_region("Elsewhere", "ELS")
        self.visit.flush_recordset()
        self.env.cr.execute(
            "UPDATE wine_machine SET region_id = %s WHERE id = %s", (other.id, self.machine.id)
        )
        self.env.invalidate_all()
        self.visit._compute_region()
        self.assertEqual(self.visit.region_id, self.region)

    def test_what_happened_is_not_edited(self):
        manager = self.env["res.users"].create(
            {
                "name": "M",
                "login": "visit-manager",
                "group_ids": [
                    Command.set(self.env.ref("wine_vending.group_wine_region_manager").ids)
                ],
            }
        )
        self.region.manager_ids = manager
        self.phone(self.row(filled=4))
        visit = self.visit.with_user(manager)
        for values in ({"state": "done"}, {"uuid": str(uuid4())}, {"restock_source": False}):
            with self.assertRaises(AccessError):
                visit.write(values)
        with self.assertRaises(AccessError):
            visit.line_ids.write({"filled": 9})
