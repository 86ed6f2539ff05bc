# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whatever is sold, refunded, doubled and taken in again: the ledger is exact to the cent."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.tests import tagged

from .test_sale import SaleCommon

CENT = Decimal("0.01")
SALE = st.tuples(
    st.just("sell"), st.integers(0, 30_000), st.sampled_from([0, 500, 700, 1900]), st.integers(1, 3)
)
REFUND = st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 100), st.none())
AGAIN = st.tuples(st.just("again"), st.none(), st.none(), st.none())
STEPS = st.lists(st.one_of(SALE, SALE, REFUND, REFUND, AGAIN), min_size=1, max_size=14)


class Rollback(Exception):
    """The next case begins with the same ledger."""


@tagged("post_install", "-at_install")
class TestLedgerProperties(SaleCommon):
    """Generated histories of one machine, under a policy with every kind of value."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rest_policies()
        tiers = [
            Command.create({"turnover": 0, "bp": 500}),
            Command.create({"turnover": 150, "bp": 900}),
        ]
        cls.make_policy(
            "Everything",
            [
                {"role": "host", "value": "percent", "bp": 833, "base": "paid"},
                {"role": "supplier", "value": "unit", "amount": 0.37},
                {"role": "operator_above", "value": "tiered", "base": "net", "tier_ids": tiers},
                {
                    "role": "salesperson",
                    "value": "percent",
                    "bp": 3333,
                    "base": "remainder",
                    "has_maximum": True,
                    "maximum": 9.99,
                },
                {"role": "operator", "value": "residual"},
            ],
            region_id=cls.region.id,
            hold_days=0,
        )

    def play(self, steps):
        """Live through the steps; returns (lines of sales, {source: given back})."""
        pattern = self.pattern
        sales, back, seen = [], {}, []
        for kind, one, two, three in steps:
            if kind == "sell":
                paid = Decimal(one) * CENT
                net = (paid * 10_000 / (10_000 + two)).quantize(CENT)
                sale = replace(
                    pattern,
                    source=f"pos.order.line:{uuid4()}",
                    order=f"pos.order:{uuid4()}",
                    net=net,
                    tax=paid - net,
                    gross=paid,
                    qty=Decimal(three),
                )
                sales.append(sale)
                back[sale.source] = []
                seen.append([sale])
            elif kind == "refund" and sales:
                refund = self.part_of(sales[one % len(sales)], back, two)
                seen.append([refund] if refund else [])
            else:
                seen.append([line for lines in seen for line in reversed(lines)])
            self.share(*seen[-1])
        return sales, back

    def part_of(self, sale, back, percent):
        """A refund of some of what is left of the sale's price; None where nothing is."""
        given_back = -sum((line.gross for line in back[sale.source]), Decimal(0))
        left = sale.gross - given_back
        amount = (left * percent / 100).quantize(CENT)
        if not amount:
            return None
        net = (amount * sale.net / sale.gross).quantize(CENT)
        refund = replace(
            sale,
            source=f"pos.order.line:{uuid4()}",
            order=f"pos.order:{uuid4()}",
            gross=-amount,
            net=-net,
            tax=net - amount,
            qty=-sale.qty,
            reverses=sale.source,
        )
        back[sale.source].append(refund)
        return refund

    def check_sums(self, sales, back):
        lines = [*sales, *(line for lines in back.values() for line in lines)]
        entries = self.entries()
        by_source = {}
        for entry in entries:
            by_source[entry.source] = by_source.get(entry.source, 0) + round(100 * entry.amount)
        self.assertEqual(set(by_source), {line.source for line in lines})
        self.assertFalse(any(by_source.values()), "each posting comes to zero")
        pool = sum(round(100 * entry.amount) for entry in entries if entry.role == "pool")
        self.assertEqual(pool, -int(100 * sum(line.net for line in lines)))

    def check_parties(self, sales, back):
        """Nobody gave back more than was earned, sale by sale."""
        for sale in sales:
            refunds = [line.source for line in back[sale.source]]
            first = {
                entry.id: round(100 * entry.amount)
                for entry in self.entries(("source", "=", sale.source), ("role", "!=", "pool"))
            }
            taken = dict.fromkeys(first, 0)
            for entry in self.entries(
                ("source", "in", refunds), ("kind", "=", "reversal"), ("role", "!=", "pool")
            ):
                taken[entry.reverses_id.id] -= round(100 * entry.amount)
            for entry_id, amount in first.items():
                self.assertLessEqual(0, taken[entry_id])
                self.assertLessEqual(taken[entry_id], amount)
            if sale.gross and -sum(line.gross for line in back[sale.source]) == sale.gross:
                self.assertEqual(taken, first, "given back whole")

    def check_volume(self, sales, back):
        volume = self.env["wine.share.volume"].search([("partner_id", "=", self.operator_above.id)])
        net = sum((sale.net for sale in sales), Decimal(0))
        if not any(back.values()) and sales:
            self.assertEqual(round(100 * volume.turnover), int(100 * net))

    def test_any_history(self):
        vend = self.sell()
        self.pattern = replace(self.lines(vend)[0], vend_id=None, discount=Decimal(0))
        self.refund(vend)
        self.newest_before = self.entries()[-1].id

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(STEPS)
        def run(steps):
            try:
                with self.env.cr.savepoint():
                    sales, back = self.play(steps)
                    self.check_sums(sales, back)
                    self.check_parties(sales, back)
                    self.check_volume(sales, back)
                    self.finish(sales, back)
                    raise Rollback
            except Rollback:
                self.env.invalidate_all()

        run()

    def finish(self, sales, back):
        """Give all that is left back: every partner ends at nothing, and so does the volume."""
        rest = [self.part_of(sale, back, 100) for sale in sales]
        self.share(*filter(None, rest))
        self.env.invalidate_all()
        left = self.balances(("account_kind", "=", "party"))
        self.assertFalse(left)
        reversals = self.entries(("kind", "in", ("sale", "reversal")))
        sums = {}
        for entry in reversals:
            sums[entry.account_id] = sums.get(entry.account_id, 0) + round(100 * entry.amount)
        self.assertFalse(any(sums.values()), "what was shared is back where it came from")
        volume = self.env["wine.share.volume"].search([("partner_id", "=", self.operator_above.id)])
        self.assertFalse(any(volume.mapped("turnover")))
