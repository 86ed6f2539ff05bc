# SPDX-License-Identifier: LGPL-3.0-or-later
"""Money, by chance: whatever machines report, in whatever batches, the books are exact to the cent.

What each fact should come to is computed here on its own, in integer cents; see :meth:`due`.
"""

from collections import Counter
from contextlib import suppress
from functools import wraps
from random import Random

from odoo import Command
from odoo.tests import tagged

from ..core.money import from_minor, to_minor
from .access import Undo
from .common import WineCommon

RUNS, FACTS, CLOSINGS = 40, 25, 8
OUTCOMES = ("success", "success", "success", "failed", "partial", "unknown")
PAY_KINDS = ("cash", "card", "qr", "wallet", "voucher", "free")
CODES = ("A1", "A2", "A3", "B1", "B2", "B3")
#: (percent, included in the price) of each product; two taxes on the last one
TAXES = ((), ((10, True),), ((15, False),), ((20, True),), ((20, False),), ((10, True), (5, False)))


def tried(runs):
    """Run a test once per seed of chance; what a run does is taken back."""

    def wrap(test):
        @wraps(test)
        def wrapped(self):
            for seed in range(runs):
                with self.subTest(seed=seed), suppress(Undo), self.env.cr.savepoint():
                    test(self, Random(seed))
                    raise Undo
                self.env.invalidate_all()

        return wrapped

    return wrap


@tagged("post_install", "-at_install")
class TestMoneyProperties(WineCommon):
    """Random facts of a machine; what holds for all of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.products = [
            cls.make_wine(f"T-TAX{number}", 10.0, cost=4.0, taxes_id=cls.make_taxes(number, taxes))
            for number, taxes in enumerate(TAXES)
        ]
        plan = dict(zip(CODES, cls.products, strict=True))
        cls.machine = cls.make_machine(cls.region, plan, qty=1000)

    @classmethod
    def make_taxes(cls, number, taxes):
        values = [
            {
                "name": f"Tax {number} of {percent}",
                "amount": percent,
                "price_include_override": "tax_included" if included else "tax_excluded",
            }
            for percent, included in taxes
        ]
        made = cls.env["account.tax"].create(values)
        return [Command.set(made.ids)]

    # === CHANCE === #

    def facts(self, chance, count=FACTS):
        """Facts of all outcomes, ways of paying, prices and quantities; free ones cost nothing."""
        made = []
        for _number in range(count):
            pay = chance.choice(PAY_KINDS)
            price = 0 if pay == "free" else chance.choice((1, 99, chance.randint(1, 99999)))
            data = {"refunded": chance.choice((True, False))} if chance.random() < 0.7 else {}
            made.append(
                self.local(
                    self.machine,
                    chance.choice(CODES),
                    chance.choice(OUTCOMES),
                    pay,
                    chance.randint(1, 3),
                    price=str(from_minor(price, 2)),
                    **data,
                )
            )
        return made

    def copies(self, facts):
        return [self.fact(self.machine, "vend.local", dict(fact.data)) for fact in facts]

    def batches(self, chance, facts):
        """The same facts again, some of them twice, mixed and cut anywhere."""
        mixed = self.copies(facts) + self.copies(chance.sample(facts, len(facts) // 4))
        chance.shuffle(mixed)
        while mixed:
            size = chance.randint(1, 9)
            yield mixed[:size]
            mixed = mixed[size:]

    # === WHAT IS DUE === #

    def due(self, fact):
        """(state, cents sold, cents given back, bottles out) that a fact comes to."""
        data = fact.data
        cents = to_minor(data["price"], 2) * data["qty"]
        unpaid, refunded = data["pay"] == "free", data.get("refunded", False)
        if data["outcome"] in ("success", "partial"):
            return "captured", cents, 0, data["qty"]
        if data["outcome"] == "unknown" and not refunded:
            return "unknown", 0, 0, 0
        if refunded or unpaid:
            return "voided", 0, 0, 0
        return "refunded", cents, cents, 0

    def vends(self, facts):
        ids = [fact.data["vend_id"] for fact in facts]
        found = {vend.uuid: vend for vend in self.env["wine.vend"].search([("uuid", "in", ids)])}
        return [found[uuid] for uuid in ids]

    def cents(self, amounts):
        return sum(to_minor(amount, 2) for amount in amounts)

    def bottles(self):
        return {code: self.slot(self.machine, code).qty for code in CODES}

    def books(self, facts):
        """Everything that facts have come to, without what chance gives anew (ids, tokens)."""
        vends = self.vends(facts)
        return (
            self.bottles(),
            [
                (
                    vend.uuid,
                    vend.state,
                    vend.payment_state,
                    vend.qty_done,
                    vend.flag,
                    self.cents([vend.amount_captured]),
                    self.cents([vend.amount_refunded]),
                )
                for vend in vends
            ],
            sorted(
                (
                    order.uuid,
                    self.cents([order.amount_total]),
                    self.cents([order.amount_tax]),
                    order.is_refund,
                    order.wine_stock_state,
                    tuple(order.payment_ids.mapped("payment_method_id.wine_kind")),
                )
                for vend in vends
                for order in vend.order_ids
            ),
            Counter((case.kind, case.reference) for vend in vends for case in vend.case_ids),
            self.env["pos.order"].search_count([("wine_machine_id", "=", self.machine.id)]),
            self.env["wine.case"].search_count([("machine_id", "=", self.machine.id)]),
        )

    def check_orders(self, orders):
        """Of each order: payments, lines and taxes make its total."""
        for order in orders:
            total = to_minor(order.amount_total, 2)
            self.assertEqual(self.cents(order.payment_ids.mapped("amount")), total)
            self.assertEqual(to_minor(order.amount_paid, 2), total)
            self.assertEqual(self.cents(order.lines.mapped("price_subtotal_incl")), total)
            net = self.cents(order.lines.mapped("price_subtotal"))
            self.assertEqual(net + to_minor(order.amount_tax, 2), total)
            self.assertGreaterEqual(net * total, 0)
            for line in order._wine_sale_lines():
                self.assertEqual(line.net + line.tax, line.gross)

    # === PROPERTIES === #

    @tried(RUNS)
    def test_every_fact_comes_to_what_is_due(self, chance):
        before, facts = self.bottles(), self.facts(chance)
        self.project(*facts)
        out = Counter()
        for fact, vend in zip(facts, self.vends(facts), strict=True):
            state, sold, given_back, bottles = self.due(fact)
            out[fact.data["slot"]] += bottles
            orders = vend.order_ids
            refunds = orders.filtered("is_refund")
            self.assertEqual(fact.result, "done")
            self.assertEqual(vend.state, state, fact.data)
            self.assertEqual(self.cents((orders - refunds).mapped("amount_total")), sold)
            self.assertEqual(self.cents(refunds.mapped("amount_total")), -given_back)
            self.assertEqual(to_minor(vend.amount_refunded, 2), given_back)
            captured = to_minor(vend.amount_captured, 2)
            self.assertEqual(captured, sold if state == "captured" else 0)
            self.check_orders(orders)
        after = self.bottles()
        self.assertEqual(
            {code: before[code] - after[code] for code in CODES},
            {code: out[code] for code in CODES},
        )

    @tried(RUNS // 4)
    def test_taking_in_again_changes_nothing(self, chance):
        facts = self.facts(chance)
        self.project(*facts)
        books = self.books(facts)
        again = self.copies(facts)
        self.project(*again)
        self.assertEqual({fact.result for fact in again}, {"duplicate"})
        self.assertEqual(self.books(facts), books)

    @tried(RUNS // 2)
    def test_any_cut_into_batches_gives_the_same_books(self, chance):
        facts = self.facts(chance)
        books = None
        try:
            with self.env.cr.savepoint():
                self.project(*self.copies(facts))
                books = self.books(facts)
                raise Undo
        except Undo:
            self.env.invalidate_all()
        for batch in self.batches(chance, facts):
            self.project(*batch)
        self.assertEqual(self.books(facts), books)

    def decide(self, chance, vends):
        """People: some refunds, some cases decided, each of them twice."""
        for vend in vends:
            if vend.state == "captured" and vend.qty_done > 1 and chance.random() < 0.5:
                vend._refund(goods_returned=True, amount=vend.price)
            if vend.state == "captured" and chance.random() < 0.3:
                vend._refund(goods_returned=False)
                vend._refund(goods_returned=True)
            elif vend.state == "unknown":
                word = chance.choice(("action_came_out", "action_did_not"))
                case = vend.case_ids.filtered(lambda one: one.kind == "unknown")
                getattr(case, word)()
                case.action_came_out()

    @tried(RUNS // 4)
    def test_what_people_decide_adds_up(self, chance):
        facts = self.facts(chance)
        vends = self.project(*facts)
        self.decide(chance, vends)
        for vend in vends:
            net = self.cents(vend.order_ids.mapped("amount_total"))
            captured, given_back = (
                to_minor(amount, 2) for amount in (vend.amount_captured, vend.amount_refunded)
            )
            self.assertIn(vend.state, ("captured", "voided", "refunded"))
            self.assertEqual(net, captured - given_back if vend.state == "captured" else 0)
            if vend.state == "refunded" and captured:
                self.assertEqual(given_back, captured)
            self.check_orders(vend.order_ids)

    @tried(CLOSINGS)
    def test_closing_books_exactly_what_was_sold(self, chance):
        facts = self.facts(chance, 2 * FACTS)
        vends = self.project(*facts)
        self.decide(chance, vends)
        orders = vends.order_ids
        paid, total = Counter(), self.cents(orders.mapped("amount_total"))
        for payment in orders.payment_ids:
            paid[payment.payment_method_id] += to_minor(payment.amount, 2)
        tax = self.cents(orders.mapped("amount_tax"))
        session = self.close()
        self.assertEqual(session.order_ids, orders)
        lines = session.move_id.line_ids
        self.assertEqual(session.move_id.state, "posted")
        self.assertEqual(self.cents(lines.mapped("balance")), 0)
        for method, amount in paid.items():
            own = lines.filtered(lambda x, m=method: x.name == f"{session.name} - {m.name}")
            self.assertEqual(self.cents(own.mapped("balance")), amount, method.name)
        taxes = lines.filtered("tax_line_id")
        income = lines.filtered(lambda x: x.account_id.account_type == "income") - taxes
        self.assertEqual(self.cents(taxes.mapped("balance")), -tax)
        self.assertEqual(self.cents(income.mapped("balance")), tax - total)
        for slot in self.machine.slot_ids:
            self.assertEqual(self.on_hand(self.machine, slot.product_id), slot.qty)
