# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from psycopg2.extras import execute_values

from odoo import api, models
from odoo.addons.wine_vending.core.money import to_minor

from ..core.giving_back import GivingBack
from ..core.rules import PLATFORM
from ..core.told import _lt
from .wine_share_money import Exchange
from .wine_share_rows import COLUMNS, encode
from .wine_share_sale import ALWAYS

#: columns of a sale's entries that its reversals take over
KEPT = (
    *("account_id", "account_kind", "partner_id", "role", "policy_id", "policy_line_id"),
    *("company_id", "currency_id", "region_id", "site_id", "machine_id", "vend_id"),
    *("product_id", "channel"),
)


class WineShareEntry(models.Model):
    """What is given back is taken from those who earned by it, by the rates of the sale."""

    _inherit = "wine.share.entry"

    @api.model
    def _take_back(self, company, lines):
        """Reverse the shares of refunded lines; the refund itself waits for nothing here.

        A line whose sale is not in the ledger becomes a case: nothing is lost silently.

        :param list[SaleLine] lines: each names the line that it takes back; not in the ledger yet
        :return: the entries that were written
        """
        reversing = Reversing(self.env, company, {line.reverses for line in lines})
        orphans = [line for line in lines if line.reverses not in reversing.sales]
        self._open_orphan_cases(company, [line for line in orphans if line.kind in ALWAYS])
        rows = []
        for line in lines:
            if line.reverses in reversing.sales:
                rows += reversing.rows(line)
        reversing.store()
        return self.browse(self._insert(rows))

    def _open_orphan_cases(self, company, lines):
        self.env["wine.case"]._open_cases(
            [
                {
                    "kind": "share_orphan",
                    "reference": line.source,
                    "region_id": line.region_id or False,
                    "machine_id": line.machine_id or False,
                    "vend_id": line.vend_id or False,
                    "currency_id": company.currency_id.id,
                    "amount": float(line.net),
                    "text": _lt(
                        "%(amount)s net of tax went back to a consumer, but the sale that it was "
                        "given back of is not in the share ledger: nobody gave a share of it back. "
                        "Take the order of the sale into the ledger, then this refund.",
                        amount=company.currency_id.format(float(-line.net)),
                    ),
                }
                for line in lines
            ]
        )


class Reversing:
    """The sales that refunds of one batch take back, read once with what went back before."""

    def __init__(self, env, company, sources):
        self.env, self.company = env, company
        self.exchange = Exchange(env, company)
        self.sales = {}  # source → GivingBack
        self.pools, self.shares = {}, defaultdict(list)  # source → entries of the sale
        self.volumes = defaultdict(lambda: [0, 0])
        self._read(sources)

    def _read(self, sources):
        names = (
            *("id", "source", "state", "held_for", "hold_until", "date", "amount", "detail"),
            *("given_paid", "given_net", *KEPT),
        )
        self.env["wine.share.entry"].flush_model()
        self.env.cr.execute(
            f"SELECT {', '.join(names)} FROM wine_share_entry "  # noqa: S608
            "WHERE source = ANY(%s) AND kind = 'sale' ORDER BY id",
            [list(sources)],
        )
        for row in self.env.cr.dictfetchall():
            if row["role"] == "pool":
                self.pools[row["source"]] = row
            else:
                row["minor"] = to_minor(row["amount"], self.exchange.digits)
                self.shares[row["source"]].append(row)
        for source, pool in self.pools.items():
            self.sales[source] = GivingBack(
                [row["minor"] for row in self.shares[source]],
                pool["detail"]["paid"],
                pool["detail"]["whole"],
                pool["given_paid"] or 0,
                pool["given_net"] or 0,
            )

    def rows(self, line):
        """Rows of one refund: the pool gets back what each receiver gives."""
        giving, pool = self.sales[line.reverses], self.pools[line.reverses]
        before = giving.given_net
        net = self.exchange.own(-line.net, line)
        parts = giving.refund(self.exchange.own(-(line.net + line.tax), line), net)
        detail = {"given": giving.given_net, "whole": giving.whole}
        rows = [self._row(line, pool, sum(parts), detail)]
        rows += [
            self._row(line, share, -part, detail)
            for share, part in zip(self.shares[line.reverses], parts, strict=True)
            if part
        ]
        self._count_back(line, giving.given_net - before)
        if self.exchange.is_own(line) and net != sum(parts):
            rows += self._difference(line, pool, net - sum(parts))
        return rows

    def _row(self, line, first, minor, detail, **changed):
        """An entry like the first one, with its hold: what is held goes back while it is held."""
        held = first["state"] == "held"
        values = {
            **{name: first[name] for name in KEPT},
            "source": line.source,
            "kind": "reversal",
            "state": "held" if held else "available",
            "held_for": first["held_for"] if held else None,
            "hold_until": first["hold_until"] if held else None,
            "date": line.date,
            "amount": self.exchange.amount(minor),
            "base_amount": self.exchange.amount(-abs(minor)),
            "detail": detail,
            "reverses_id": first["id"],
            **changed,
        }
        return encode(values[name] for name in COLUMNS)

    def _difference(self, line, pool, minor):
        """The company bears what a refund's own rounding, or its excess, adds to the sale's."""
        platform, _kind, owner, _verified = self.env["wine.share.account"]._receivers(
            self.company, ()
        )[PLATFORM]
        changed = {"kind": "adjustment", "policy_line_id": None, "policy_id": None}
        detail = {"why": "rounding"}
        of_platform = {"account_id": platform, "account_kind": "platform", "partner_id": owner}
        return [
            self._row(line, pool, minor, detail, **changed),
            self._row(line, pool, -minor, detail, **changed, **of_platform, role="platform"),
        ]

    def _count_back(self, line, net):
        """The month in which it was sold has sold less."""
        for share in self.shares[line.reverses]:
            if (share["detail"] or {}).get("value") == "tiered":
                change = self.volumes[
                    share["policy_line_id"], share["partner_id"], share["date"].replace(day=1)
                ]
                change[0] -= net
                change[1] -= int(abs(line.qty))

    def store(self):
        """How far each sale has been given back; a refund at the same time is run again."""
        changed = [
            (self.pools[source]["id"], giving.given_paid, giving.given_net)
            for source, giving in self.sales.items()
        ]
        if changed:
            execute_values(
                self.env.cr._obj,
                "UPDATE wine_share_entry AS entry SET given_paid = new.paid, given_net = new.net "
                "FROM (VALUES %s) AS new(id, paid, net) WHERE entry.id = new.id",
                sorted(changed),
            )
        if self.volumes:
            self._store_volumes()

    def _store_volumes(self):
        families = self.env["wine.share.policy"]._book(self.company).families
        changes = defaultdict(lambda: [0, 0])
        for (line_id, partner, month), (turnover, units) in self.volumes.items():
            key = (families.get(line_id, line_id), partner, month)
            changes[key][0] += turnover
            changes[key][1] += units
        self.env["wine.share.volume"]._hold(self.company, changes)
        self.env["wine.share.volume"]._add(self.company, changes)
