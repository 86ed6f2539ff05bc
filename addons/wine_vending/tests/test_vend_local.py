# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import WineCommon


@tagged("post_install", "-at_install")
class TestVendLocal(WineCommon):
    """A consumer pays at the machine; the platform hears of it later.

    success → one paid order at the price that was paid · the machine gave the money back → nothing
    was sold · the machine kept the money and nothing came → sale and refund · unknown → a person.
    """

    def test_success_is_one_paid_order(self):
        fact = self.local(self.machine)
        vend = self.project(fact)
        self.assertEqual(fact.result, "done")
        self.assertEqual(vend.state, "captured")
        order = vend.order_ids
        self.assertEqual(len(order), 1)
        self.assertEqual(order.state, "paid")
        self.assertEqual(order.amount_total, 120.0)
        self.assertEqual(order.amount_paid, 120.0)
        self.assertEqual(order.lines.qty, 1)
        self.assertEqual(order.lines.product_id, self.wine)
        self.assertEqual(order.wine_machine_id, self.machine)
        self.assertEqual(order.wine_region_id, self.region)
        self.assertEqual(order.session_id, self.session())
        self.assertEqual(order.payment_ids.payment_method_id.wine_kind, "cash")
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)
        self.assertFalse(vend.flag)

    def test_price_includes_the_tax(self):
        tax = self.env["account.tax"].create(
            {"name": "On top 15", "amount": 15, "price_include_override": "tax_excluded"}
        )
        self.wine.taxes_id = tax
        order = self.project(self.local(self.machine)).order_ids
        self.assertEqual(order.amount_total, 120.0)
        self.assertEqual(order.amount_tax, 15.65)
        self.assertEqual(order.lines.price_subtotal, 104.35)
        self.assertEqual(order.lines.tax_ids.amount, 15)
        again = self.project(self.local(self.machine)).order_ids
        self.assertEqual(again.lines.tax_ids, order.lines.tax_ids, "the twin is made once")

    def test_without_any_tax(self):
        self.wine.taxes_id = False
        order = self.project(self.local(self.machine)).order_ids
        self.assertEqual((order.amount_total, order.amount_tax), (120.0, 0.0))
        self.assertEqual(order.lines.price_subtotal, 120.0)

    def test_the_same_sale_twice_is_one_sale(self):
        fact = self.local(self.machine)
        first = self.project(fact)
        twice = self.fact(self.machine, "vend.local", dict(fact.data))
        second = self.project(twice)
        self.assertEqual(twice.result, "duplicate")
        self.assertEqual(first, second)
        self.assertEqual(len(first.order_ids), 1)
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)

    def test_twice_in_one_batch(self):
        fact = self.local(self.machine)
        vend = self.project(fact, self.fact(self.machine, "vend.local", dict(fact.data)))
        self.assertEqual(len(vend.order_ids), 1)
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)

    def test_two_machines_that_count_alike_lose_no_sale_to_each_other(self):
        """Boards that draw the same numbers, or a machine that names the vend of another one."""
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        fact = self.local(self.machine)
        stolen = [
            self.fact(other, "vend.local", dict(fact.data, outcome=outcome))
            for outcome in ("success", "failed")
        ]
        vend = self.project(fact, stolen[0])
        self.project(stolen[1])
        for one in stolen:
            self.assertTrue(one.result.startswith("failed"), one.result)
        self.assertFalse(vend.case_ids, "nothing is said of it to the region of the other one")
        cases = self.env["wine.case"].search([("machine_id", "=", other.id)])
        self.assertEqual(set(cases.mapped("kind")), {"message"})
        self.assertNotIn("captured", str(cases.mapped("text")))

    def test_another_outcome_for_the_same_sale_is_a_case(self):
        fact = self.local(self.machine)
        self.project(fact)
        vend = self.project(
            self.fact(self.machine, "vend.local", dict(fact.data, outcome="failed"))
        )
        self.assertEqual(vend.state, "captured")
        self.assertEqual(vend.case_ids.kind, "conflict")

    def test_failed_and_given_back_sells_nothing(self):
        vend = self.project(self.local(self.machine, outcome="failed", refunded=True))
        self.assertEqual(vend.state, "voided")
        self.assertFalse(vend.order_ids)
        self.assertEqual(vend.amount_captured, 0)
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)

    def test_failed_and_kept_by_card_is_sale_and_refund(self):
        vend = self.project(
            self.local(self.machine, outcome="failed", pay="card", refunded=False, pay_ref="R1")
        )
        self.assertEqual(vend.state, "refunded")
        self.assertEqual(vend.amount_refunded, 120.0)
        sale = vend.order_ids.filtered(lambda order: not order.is_refund)
        refund = vend.order_ids - sale
        self.assertEqual(sale.amount_total, 120.0)
        self.assertEqual(refund.amount_total, -120.0)
        self.assertEqual(refund.lines.refunded_orderline_id, sale.lines)
        self.assertEqual(refund.payment_ids.payment_method_id.wine_kind, "card")
        self.assertEqual(refund.payment_ids.transaction_id, "R1")
        self.assertEqual(set(vend.order_ids.mapped("wine_stock_state")), {"none"})
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)
        self.assertFalse(vend.case_ids)

    def test_failed_and_kept_in_cash_owes_a_voucher(self):
        vend = self.project(self.local(self.machine, outcome="failed", refunded=False))
        refund = vend.order_ids.filtered("is_refund")
        self.assertEqual(refund.payment_ids.payment_method_id.wine_kind, "voucher")
        self.assertEqual(vend.case_ids.kind, "owed")
        self.assertEqual(vend.case_ids.amount, 120.0)

    def test_partial_sells_what_came_out(self):
        vend = self.project(self.local(self.machine, outcome="partial", qty=2, refunded=True))
        self.assertEqual((vend.state, vend.outcome), ("captured", "partial"))
        self.assertEqual(vend.order_ids.amount_total, 240.0)
        self.assertEqual(self.slot(self.machine, "A1").qty, 8)

    def test_unknown_waits_for_a_person(self):
        vend = self.project(self.local(self.machine, outcome="unknown", sensor="fault"))
        self.assertEqual(vend.state, "unknown")
        self.assertFalse(vend.order_ids)
        self.assertEqual(vend.case_ids.kind, "unknown")
        self.assertEqual(vend.case_ids.amount, 120.0)
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)

    def test_another_price_is_booked_as_paid_and_flagged(self):
        vend = self.project(self.local(self.machine, price="99.95"))
        self.assertEqual(vend.order_ids.amount_total, 99.95)
        self.assertEqual(vend.flag, "price")

    def test_price_of_an_older_version_is_right(self):
        old = self.machine.planogram_id.version
        self.publish_planogram(self.machine, {"A1": self.wine}, A1=150.0)
        vend = self.project(self.local(self.machine, price="120.00", price_version=old))
        self.assertFalse(vend.flag)
        late = self.project(self.local(self.machine, price="120.00"))
        self.assertEqual(late.flag, "price")

    def test_unknown_version_is_flagged(self):
        vend = self.project(self.local(self.machine, price_version=77))
        self.assertEqual(vend.flag, "version")

    def test_unknown_product_is_booked_as_planned_and_flagged(self):
        vend = self.project(self.local(self.machine, sku="NOBODY-KNOWS"))
        self.assertEqual(vend.product_id, self.wine)
        self.assertEqual(vend.flag, "product")

    def test_a_technicians_trial_sells_nothing(self):
        trial = self.fact(self.machine, "test.vend", {"slot": "A1", "qty": 1, "by": "tech"})
        again = self.fact(self.machine, "test.vend", dict(trial.data))
        again.reference = trial.reference
        vend = self.project(trial, again)
        self.assertEqual((len(vend), vend.pay_kind, vend.state), (1, "test", "voided"))
        self.assertFalse(vend.order_ids)
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)

    def test_free_and_test_sales_move_goods_without_money(self):
        free = self.local(self.machine, pay="free", price="0.00")
        trial = self.local(self.machine, pay="test", price="0.00")
        self.project(free, trial)
        orders = self.env["pos.order"].search([("wine_machine_id", "=", self.machine.id)])
        self.assertEqual(len(orders), 2)
        self.assertEqual(set(orders.mapped("amount_total")), {0.0})
        self.assertFalse(orders.payment_ids)
        self.assertEqual(self.slot(self.machine, "A1").qty, 8)

    def test_a_free_sale_with_a_price_takes_no_money(self):
        vend = self.project(self.local(self.machine, pay="free", price="12.00"))
        self.assertEqual((vend.amount_captured, vend.amount_total), (0, 0))
        self.assertEqual(vend.order_ids.amount_total, 0)

    def test_no_quantity_is_no_sale_and_not_forgotten(self):
        for outcome in ("success", "failed", "unknown", "partial"):
            fact = self.local(self.machine, outcome=outcome, qty=0, refunded=False)
            self.project(fact)
            self.assertIn("not positive", fact.result)
            self.assertTrue(self.env["wine.case"].search([("reference", "=", fact.reference)]))

    def test_a_paid_order_is_not_edited(self):
        order = self.project(self.local(self.machine)).order_ids
        manager = self.env["res.users"].create(
            {
                "name": "M",
                "login": "order-editor",
                "group_ids": [(4, self.env.ref("wine_vending.group_wine_admin").id)],
            }
        )
        order = order.with_user(manager)
        for record, values in (
            (order, {"amount_total": 1}),
            (order, {"wine_region_id": False}),
            (order.lines, {"price_unit": 1}),
            (order.payment_ids, {"amount": 1}),
        ):
            with self.assertRaises(AccessError):
                record.write(values)
        with self.assertRaises(AccessError):
            order.payment_ids.unlink()
        order.general_customer_note = "was friendly"

    def test_a_bad_fact_is_a_case_and_the_others_go_on(self):
        bad = self.local(self.machine, currency="XXX")
        good = self.local(self.machine)
        self.project(bad, good)
        self.assertTrue(bad.result.startswith("failed: it was paid in XXX"), bad.result)
        self.assertEqual(good.result, "done")
        case = self.env["wine.case"].search([("reference", "=", bad.reference)])
        self.assertEqual(case.kind, "message")
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)

    def test_missing_field_is_named(self):
        bad = self.local(self.machine)
        del bad.data["qty"]
        self.project(bad)
        self.assertIn("'qty'", bad.result)

    def test_a_float_price_is_refused(self):
        bad = self.local(self.machine, price=120.0)
        self.project(bad)
        self.assertIn("is no amount", bad.result)

    def test_late_event_keeps_its_business_date(self):
        vend = self.project(self.local(self.machine, when=self.days_ago(3)))
        self.assertEqual(vend.business_date, self.days_ago(3).date())
        self.assertEqual(vend.order_ids.wine_business_date, self.days_ago(3).date())
        self.assertEqual(
            vend.order_ids.session_id.wine_business_date, self.region._business_today()
        )

    def test_sale_lines(self):
        self.wine.wine_volume_ml = 750
        vend = self.project(self.local(self.machine, qty=2))
        (line,) = vend.order_ids._wine_sale_lines()
        self.assertEqual((line.channel, line.kind, line.payment_kind), ("machine", "sale", "cash"))
        self.assertEqual((line.qty, line.ml), (2, 1500))
        self.assertEqual(str(line.gross), "240.00")
        self.assertEqual(line.net + line.tax, line.gross)
        self.assertEqual(line.vend_id, vend.id)
        self.assertIsNone(line.reverses)

    def test_queries_do_not_grow_with_the_batch(self):
        def batch(size):
            return [self.local(self.machine, outcome="success", pay="card") for _i in range(size)]

        self.project(*batch(2))
        with self.assertQueries_at_most(self._count(batch(10)) + 6):
            self.env["wine.machine"]._project(batch(60))

    def _count(self, facts):
        before = self.env.cr.sql_log_count
        self.env["wine.machine"]._project(facts)
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def assertQueries_at_most(self, limit):
        test = self

        class Window:
            def __enter__(self):
                self.before = test.env.cr.sql_log_count

            def __exit__(self, *exc):
                test.env.flush_all()
                spent = test.env.cr.sql_log_count - self.before
                test.assertLessEqual(spent, limit, "queries grow with the size of the batch")

        return Window()
