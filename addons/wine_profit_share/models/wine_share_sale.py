# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from odoo import api, models

from ..core.allocate import largest_remainder
from ..core.engine import share_all, share_order, share_out
from ..core.rules import Sale
from .wine_share_money import Exchange
from .wine_share_party import Parties
from .wine_share_rows import SaleRows
from .wine_share_tier import Volumes

#: kinds of sale lines that share whatever the policy says; cellar wine shares as it says
ALWAYS = ("sale",)
CELLAR = {"cellar_in": "in", "cellar_out": "out"}


class PosOrder(models.Model):
    _inherit = "pos.order"

    @api.model
    def _wine_posted(self, lines):
        result = super()._wine_posted(lines)
        # whoever sells need not be allowed to see who earns by it
        self.env["wine.share.entry"].sudo()._post(lines)
        return result

    @api.model
    def _wine_reversed(self, lines):
        result = super()._wine_reversed(lines)
        self.env["wine.share.entry"].sudo()._post(lines)
        return result


class WineShareEntry(models.Model):
    """From sale lines to entries: all of a batch at once, in the transaction of its orders."""

    _inherit = "wine.share.entry"

    @api.model
    def _post(self, lines):
        """Share what was sold, take back what was refunded; known lines are left alone.

        Sales come first: a refund in the same batch finds the sale that it takes back.

        :param list[SaleLine] lines: of any channel and company
        :return: the entries that were written
        """
        known = self._known({line.source for line in lines})
        fresh = {line.source: line for line in lines if line.source not in known}
        written = self.browse()
        for company, of_company in self._by_company(fresh.values()).items():
            sold = [line for line in of_company if not line.reverses]
            if sold:
                written += self._share(company, sold)
            taken_back = [line for line in of_company if line.reverses]
            if taken_back:
                written += self._take_back(company, taken_back)
        return written

    def _by_company(self, lines):
        grouped = defaultdict(list)
        for line in lines:
            if line.company_id:
                grouped[self.env["res.company"].sudo().browse(line.company_id)].append(line)
        return grouped

    def _share(self, company, lines):
        """Entries of sales of one company."""
        return self.browse(self._insert(Sharing(self.env, company, lines).rows()))

    @api.model
    def _discount_bearers(self, lines):
        """Hook: who bears how much of the discounts of these lines; empty here.

        :return: dict source → {role or partner id: minor units}
        """
        return {}


class Sharing:
    """The sales of one company in one batch; what repeats is found once."""

    def __init__(self, env, company, lines, book=None):
        """:param PolicyBook book: the company's unless another one is tried"""
        self.env, self.company = env, company
        self.exchange = Exchange(env, company)
        self.parties = Parties(env, company, lines)
        self.book = book or env["wine.share.policy"]._book(company)
        self.bearers = env["wine.share.entry"]._discount_bearers(lines)
        self.methods = {}
        self.shared = {}  # what a sale gave, by everything that it depends on
        self.lines = [(line, policy) for line in lines for policy in self._policy(line)]
        self.sales = {}
        self.volumes = Volumes(env, company, self.book.families)

    # === POLICIES AND SALES === #

    def _policy(self, line):
        """[policy or None] of a line that shares, [] of one that does not."""
        if line.kind not in ALWAYS and line.kind not in CELLAR:
            return []
        policy = self.book.policy_for(
            line.date,
            self.parties.region_path(line.region_id),
            line.site_id,
            line.machine_id,
            line.product_id,
            self.parties.category_path(line.product_id),
            line.channel,
        )
        if line.kind in CELLAR and CELLAR[line.kind] != (policy.cellar_on if policy else "in"):
            return []
        return [policy]

    def _orders(self):
        """Lines of each order together: [[(line, policy), …], …]."""
        orders = defaultdict(list)
        for number, pair in enumerate(self.lines):
            orders[pair[0].order or number].append(pair)
        return orders.values()

    def _make_sales(self):
        for pairs in self._orders():
            minors = [self.exchange.minors(line) for line, _policy in pairs]
            fees = self._fees([line for line, _policy in pairs], [one.paid for one in minors])
            for (line, _policy), minor, fee in zip(pairs, minors, fees, strict=True):
                self.sales[line.source] = Sale(
                    source=line.source,
                    order=line.order,
                    units=int(abs(line.qty)),
                    ml=max(line.ml, 0),
                    gross=minor.net + minor.tax + minor.discount,
                    discount=minor.discount,
                    net=minor.net,
                    tax=minor.tax,
                    fee=fee,
                    cost=minor.cost,
                    bearers=self.bearers.get(line.source) or {},
                )

    def _fees(self, lines, paid):
        """What taking the payment of an order cost, by line: a part of the amount, and once."""
        first = lines[0]
        key = (first.region_id, first.payment_kind)
        if key not in self.methods:
            self.methods[key] = self._method(*key)._wine_fee(self.exchange.digits)
        bp, fixed = self.methods[key]
        if not (bp or fixed):
            return [0] * len(lines)
        paid = [max(amount, 0) for amount in paid]
        once = largest_remainder(fixed, paid)
        return [
            (2 * amount * bp + 10_000) // 20_000 + part
            for amount, part in zip(paid, once, strict=True)
        ]

    def _method(self, region_id, kind):
        Method = self.env["pos.payment.method"].sudo()
        if not kind:
            return Method
        region = self.env["wine.region"].sudo().browse(region_id or ())
        found = region._payment_methods().get(kind) if region else None
        return found or Method.search(
            [("wine_kind", "=", kind), ("company_id", "=", self.company.id)], limit=1
        )

    # === SHARES === #

    def rows(self):
        """Rows for ``_insert``: for each line one of the pool and one of each receiver."""
        self._make_sales()
        self.volumes.hold(self._tiered())
        shared = [pair for pairs in self._orders() for pair in self._share_order(pairs)]
        self.volumes.store()
        return SaleRows(self.env, self.company, self.exchange, self.sales).of(shared)

    def _tiered(self):
        """(line, policy, receivers) of the lines that a tiered rule shares."""
        return [
            (line, policy, self.parties.receivers(policy, line))
            for line, policy in self.lines
            if policy and any(rule.value == "tiered" for rule in policy.rules)
        ]

    def _share_order(self, pairs):
        """[(line, policy, shares)] of the lines of one order."""
        usual = [(line, policy) for line, policy in pairs if self.sales[line.source].net >= 0]
        # a line that lowers the order without naming a sale is the company's own affair
        odd = [(line, None, None) for line, _policy in pairs if self.sales[line.source].net < 0]
        if len(usual) == 1:
            return [self._share_line(*usual[0]), *odd]
        sales = [self.sales[line.source] for line, _policy in usual]
        policies = [policy for _line, policy in usual]
        who = [self.parties.receivers(policy, line) if policy else {} for line, policy in usual]
        before = {}
        for (line, policy), receivers in zip(usual, who, strict=True):
            before.update(self.volumes.before(line, policy, receivers))
        found = share_order(sales, policies, who, before)
        for (line, policy), sale, receivers in zip(usual, sales, who, strict=True):
            self.volumes.add(line, sale, policy, receivers)
        return [(*pair, shares) for pair, shares in zip(usual, found, strict=True)] + odd

    def _share_line(self, line, policy):
        """The only line of its order; equal sales of equal receivers are shared alike."""
        sale = self.sales[line.source]
        if policy is None:
            return line, None, share_all(sale)
        receivers = self.parties.receivers(policy, line)
        if sale.bearers or any(rule.value == "tiered" for rule in policy.rules):
            shares = share_out(
                sale, policy, receivers, self.volumes.before(line, policy, receivers)
            )
            self.volumes.add(line, sale, policy, receivers)
            return line, policy, shares
        key = (
            *(policy.id, self.parties.key(line), sale.units, sale.ml, sale.gross, sale.discount),
            *(sale.net, sale.fee, sale.cost),
        )
        if key not in self.shared:
            self.shared[key] = share_out(sale, policy, receivers)
        return line, policy, self.shared[key]
