# SPDX-License-Identifier: LGPL-3.0-or-later
"""What other policies would have made of sales that happened: reckoned, never written."""

from collections import defaultdict

from ..core.giving_back import GivingBack
from ..core.rules import PLATFORM
from .wine_share_sale import Sharing, Volumes


class ImaginedVolumes(Volumes):
    """Volumes of tiered rules that begin at nothing and are forgotten."""

    def __init__(self, *args):
        super().__init__(*args)
        self.rows = defaultdict(lambda: [0, 0])
        self.rows[None] = [0, 0]  # not empty: a tiered rule is never without a volume

    def hold(self, tiered):
        """Nothing to lock."""

    def write(self):  # pylint: disable=method-required-super
        """Nothing to write."""


class Trial(Sharing):
    """Sale lines and their refunds by a book of policies, as posting them would share them.

    Events come in the order in which they were posted: a refund lowers the month's volume for the
    sales after it, and takes of each share what it would have taken.
    """

    def __init__(self, env, company, lines, book):
        """:param lines: list of ``SaleLine``, refunds among them, in the order of posting"""
        self.sold = [line for line in lines if not line.reverses]
        super().__init__(env, company, self.sold, book)
        self.events = lines
        self.volumes = ImaginedVolumes(env, company, self.book.families)
        self.giving = {}  # source → (line, policy, shares, GivingBack)

    def keep(self, wanted):
        """Only the lines whose policy is wanted; returns the sources of those."""
        self.lines = [(line, policy) for line, policy in self.lines if wanted(line, policy)]
        return {line.source for line, _policy in self.lines}

    def amounts(self):
        """Who would have got what.

        :return: dict (source, partner id, role) → minor units; partner ``PLATFORM`` is the company
        """
        self._make_sales()
        found = defaultdict(int)
        orders = {self._key(pairs[0][0]): pairs for pairs in self._orders()}
        for line in self.events:
            if line.reverses:
                self._refund(line, found)
                continue
            for one in self._share_order(orders.pop(self._key(line), ())):
                self._sold(*one, found)
        return found

    def _key(self, line):
        return line.order or line.source

    def _share_order(self, pairs):
        return super()._share_order(pairs) if pairs else []

    def _sold(self, line, policy, shares, found):
        if shares is None:  # it lowers the order without naming a sale: the company's own affair
            found[line.source, PLATFORM, "platform"] += self.sales[line.source].net
            return
        for share in shares:
            found[line.source, share.partner_id, share.role] += share.amount
        own = self.exchange.own
        self.giving[line.source] = (
            *(line, policy, shares),
            GivingBack(
                [share.amount for share in shares],
                own(line.net + line.tax, line),
                own(line.net, line),
            ),
        )

    def _refund(self, line, found):
        if line.reverses not in self.giving:
            return
        sold, policy, shares, giving = self.giving[line.reverses]
        before, net = giving.given_net, self.exchange.own(-line.net, line)
        parts = giving.refund(self.exchange.own(-(line.net + line.tax), line), net)
        for share, part in zip(shares, parts, strict=True):
            found[sold.source, share.partner_id, share.role] -= part
        if self.exchange.is_own(line):  # the company bears what the refund's own rounding adds
            found[sold.source, PLATFORM, "platform"] -= net - sum(parts)
        self._count_back(sold, policy, shares, giving.given_net - before, int(abs(line.qty)))

    def _count_back(self, sold, policy, shares, net, units):
        """The month in which it was sold has sold less."""
        rules = {rule.id: rule for rule in policy.rules} if policy else {}
        for share in shares:
            if share.detail.get("value") == "tiered":
                key = self.volumes._key(sold, rules[share.rule_id], share.partner_id)
                self.volumes.rows[key][0] -= net
                self.volumes.rows[key][1] -= units
