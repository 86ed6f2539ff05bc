# SPDX-License-Identifier: LGPL-3.0-or-later
"""Rows of the ledger as ``COPY`` reads them: the hot path writes several for each sale."""

import json

from odoo import fields

from ..core.hold import hold
from ..core.rules import PLATFORM

#: columns of an entry in the order in which rows are written, in four groups
FACT = ("source", "kind", "state", "held_for", "hold_until")
RECEIVER = ("account_id", "account_kind", "partner_id", "role", "policy_id", "policy_line_id")
PLACE = (
    *("company_id", "currency_id", "region_id", "site_id", "machine_id", "vend_id"),
    *("product_id", "channel", "date"),
)
AMOUNT = ("amount", "base_amount", "detail", "reverses_id")
COLUMNS = (*FACT, *RECEIVER, *PLACE, *AMOUNT)
#: what ``COPY`` reads otherwise than it is written
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
NONE = "\\N"


def encode(values):
    """Values as ``COPY`` reads them; a dict is written as JSON."""
    return "\t".join([_text(value) for value in values])


def _text(value):
    if value is None:
        return NONE
    if isinstance(value, dict):
        value = json.dumps(value)
    return value.translate(ESCAPES) if isinstance(value, str) else str(value)


class SaleRows:
    """Rows of shared sales: for each line one of the pool, and one of each receiver."""

    def __init__(self, env, company, exchange, sales):
        """:param dict sales: source → ``Sale``"""
        self.env, self.company, self.exchange, self.sales = env, company, exchange, sales
        self.today = fields.Date.context_today(env["wine.share.entry"])
        self.pieces = {}  # of a share that many sales have alike
        self.accounts, self.cases = {}, set()

    def of(self, shared):
        """Rows of [(line, policy or None, shares)]; shares are None where nothing is divided."""
        self.accounts = self._accounts(shared)
        self.cases = self.env["wine.share.entry"]._vends_in_case(
            {line.vend_id for line, _policy, _shares in shared if line.vend_id}
        )
        return [row for one in shared for row in self._of_line(*one)]

    def _accounts(self, shared):
        partners = {
            share.partner_id for _line, _policy, shares in shared for share in shares or ()
        } - {PLATFORM}
        return self.env["wine.share.account"]._receivers(self.company, partners)

    def _of_line(self, line, policy, shares):
        until = None
        if policy and policy.hold_days:
            until = fields.Date.add(line.date, days=policy.hold_days)
        fact = f"{line.source.translate(ESCAPES)}\tsale"
        place = encode(
            (
                *(self.company.id, self.exchange.currency.id, line.region_id, line.site_id),
                *(line.machine_id, line.vend_id, line.product_id, line.channel, line.date),
            )
        )
        free = f"available\t{NONE}\t{NONE}"
        rows = [f"{fact}\t{free}\t{self._pool(line, policy, place)}"]
        if shares is None:
            rows.append(f"{fact}\t{free}\t{self._platform(line, place)}")
        for share in shares or ():
            receiver, amount, party, verified = self._pieces(share, policy)
            state = free
            if party:
                case = line.vend_id in self.cases
                now, reason = hold(True, until, self.today, case=case, verified=verified)
                state = f"{now}\t{reason or NONE}\t{until or NONE}"
            rows.append(f"{fact}\t{state}\t{receiver}\t{place}\t{amount}")
        return rows

    def _pool(self, line, policy, place):
        """What the sale brought; with what a refund of it must know, in its own currency."""
        account, kind, owner, _verified = self.accounts["pool"]
        note = {
            "paid": self.exchange.own(line.net + line.tax, line),
            "whole": self.exchange.own(line.net, line),
        }
        net = self.exchange.amount(self.sales[line.source].net)
        receiver = encode((account, kind, owner, "pool", policy and policy.id, None))
        return f"{receiver}\t{place}\t{encode((-net, net, note, None))}"

    def _platform(self, line, place):
        account, kind, owner, _verified = self.accounts[PLATFORM]
        net = self.exchange.amount(self.sales[line.source].net)
        receiver = encode((account, kind, owner, "platform", None, None))
        return f"{receiver}\t{place}\t{encode((net, net, {'value': 'none'}, None))}"

    def _pieces(self, share, policy):
        """(receiver, amount, whether a partner's, whether verified) of a share."""
        key = id(share)  # shares live as long as their batch
        if key not in self.pieces:
            account, kind, owner, verified = self.accounts[share.partner_id]
            rule = share.rule_id or None
            money = self.exchange.amount
            detail = {**share.detail, "base": share.base}
            self.pieces[key] = (
                encode((account, kind, owner, share.role, policy and policy.id, rule)),
                encode((money(share.amount), money(share.base_amount), detail, None)),
                kind == "party",
                verified,
            )
        return self.pieces[key]
