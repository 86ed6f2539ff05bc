# SPDX-License-Identifier: LGPL-3.0-or-later
import json
from collections import defaultdict

from odoo import api, fields, models

from ..core.allocate import largest_remainder
from ..core.engine import share_all, share_order, share_out, volume_of
from ..core.hold import hold
from ..core.rules import PLATFORM, Sale
from .wine_share_money import Exchange
from .wine_share_party import Parties

#: kinds of sale lines that share whatever the policy says; cellar wine shares as it says
ALWAYS = ("sale",)
CELLAR = {"cellar_in": "in", "cellar_out": "out"}


class PosOrder(models.Model):
    _inherit = "pos.order"

    @api.model
    def _wine_posted(self, lines):
        super()._wine_posted(lines)
        # whoever sells need not be allowed to see who earns by it
        self.env["wine.share.entry"].sudo()._post(lines)

    @api.model
    def _wine_reversed(self, lines):
        super()._wine_reversed(lines)
        self.env["wine.share.entry"].sudo()._post(lines)


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

    def __init__(self, env, company, lines):
        self.env, self.company = env, company
        self.exchange = Exchange(env, company)
        self.parties = Parties(env, company, lines)
        self.book = env["wine.share.policy"]._book(company)
        self.bearers = env["wine.share.entry"]._discount_bearers(lines)
        self.methods = {}
        self.shared = {}  # what a sale gave, by everything that it depends on
        self.today = fields.Date.context_today(env["wine.share.entry"])
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
        self.volumes.write()
        return self._rows(shared)

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

    # === ROWS === #

    def _rows(self, shared):
        accounts = self._accounts(shared)
        cases = self.env["wine.share.entry"]._vends_in_case(
            {line.vend_id for line, _policy, _shares in shared if line.vend_id}
        )
        texts = {}
        rows = []
        for line, policy, shares in shared:
            rows += self._rows_of(line, policy, shares, accounts, line.vend_id in cases, texts)
        return rows

    def _accounts(self, shared):
        """dict partner id, or ``pool``, → (account id, kind, partner id, verified)."""
        partners = {
            share.partner_id for _line, _policy, shares in shared for share in shares or ()
        } - {PLATFORM}
        return self.env["wine.share.account"]._receivers(self.company, partners)

    def _rows_of(self, line, policy, shares, accounts, in_case, texts):
        sale = self.sales[line.source]
        until = None
        if policy and policy.hold_days:
            until = fields.Date.add(line.date, days=policy.hold_days)
        places = (
            *(self.company.id, self.exchange.currency.id, line.region_id, line.site_id),
            *(line.machine_id, line.vend_id, line.product_id, line.channel, line.date),
        )
        money = self.exchange.amount
        kind, source = "sale", line.source
        pool, _kind, owner, _verified = accounts["pool"]
        note = json.dumps(
            {
                "paid": self.exchange.own(line.net + line.tax, line),
                "whole": self.exchange.own(line.net, line),
            }
        )
        rows = [
            (
                *(source, kind, "available", None, None, pool, "pool", owner, "pool"),
                *(policy and policy.id, None, *places),
                *(money(-sale.net), money(sale.net), note, None),
            )
        ]
        if shares is None:
            platform, _kind, owner, _verified = accounts[PLATFORM]
            rows.append(
                (
                    *(source, kind, "available", None, None, platform, "platform", owner),
                    *("platform", None, None, *places, money(sale.net), money(sale.net)),
                    *('{"value": "none"}', None),
                )
            )
        for share in shares or ():
            account, account_kind, owner, verified = accounts[share.partner_id]
            party = account_kind == "party"
            state, held_for = hold(party, until, self.today, case=in_case, verified=verified)
            if id(share) not in texts:
                texts[id(share)] = json.dumps({**share.detail, "base": share.base})
            rows.append(
                (
                    *(source, kind, state, held_for, until if party else None),
                    *(account, account_kind, owner, share.role),
                    *(policy and policy.id, share.rule_id or None, *places),
                    *(money(share.amount), money(share.base_amount), texts[id(share)], None),
                )
            )
        return rows


class Volumes:
    """The month's volumes that tiered rules of one batch look at: held, counted on, written once."""

    def __init__(self, env, company, families):
        self.env, self.company, self.families = env, company, families
        self.own = company.partner_id.commercial_partner_id.id
        self.rows = {}  # (family, partner, month) → [turnover, units], minor units
        self.added = defaultdict(lambda: [0, 0])

    def hold(self, tiered):
        """Lock and read the volumes of (line, policy, receivers)."""
        keys = {
            self._key(line, rule, partner)
            for line, policy, receivers in tiered
            for rule in policy.rules
            if rule.value == "tiered"
            for partner in receivers[rule.id]
        }
        if keys:
            self.rows = self.env["wine.share.volume"]._hold(self.company, keys)

    def _key(self, line, rule, partner):
        family = self.families.get(rule.id, rule.id)
        return family, partner or self.own, line.date.replace(day=1)

    def before(self, line, policy, receivers):
        """dict (rule id, partner id) → volume before this sale, as the engine takes it."""
        if not policy or not self.rows:
            return {}
        return {
            (rule.id, partner): self.rows[self._key(line, rule, partner)][rule.tier_by == "units"]
            for rule in policy.rules
            if rule.value == "tiered"
            for partner in receivers[rule.id]
        }

    def add(self, line, sale, policy, receivers):
        """Count a sale in the volumes of its tiered rules."""
        if not policy or not self.rows:
            return
        rules = {rule.id: rule for rule in policy.rules}
        for rule_id, partner in volume_of(sale, policy, receivers):
            key = self._key(line, rules[rule_id], partner)
            for change in (self.rows[key], self.added[key]):
                change[0] += sale.net
                change[1] += sale.units

    def write(self):
        if self.added:
            self.env["wine.share.volume"]._add(self.company, self.added)
