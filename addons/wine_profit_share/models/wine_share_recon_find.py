# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import file_open, formatLang

from ..core import recon

#: a check is a statement over all regions of a company-day; its rows are differences
CHECKS = (
    "orders",
    "payments",
    "channels",
    "shares",
    "postings",
    "sessions",
    "income",
    "accruals",
    "links",
    "bank",
)
#: what a check says of where its difference lies
LINKS = (
    "machine_id",
    "vend_id",
    "order_id",
    "session_id",
    "snapshot_id",
    "collection_id",
    "move_id",
    "case_id",
)
#: sessions and accruals have so long after their day before it is a difference
GRACE = timedelta(days=2)
#: an order of the website has so long to be delivered and invoiced
INVOICED = timedelta(days=14)


class WineShareReconciliation(models.Model):
    """What a day looks like: a handful of statements over all its regions, no query per order."""

    _inherit = "wine.share.reconciliation"

    @api.model
    def _figures(self, company, date):
        """dict region id (0: none) → dict of the day's figures."""
        columns, rows = self._ask("figures", company, date)
        found = (dict(zip(columns, row, strict=True)) for row in rows)
        return {figures.pop("region"): figures for figures in found}

    @api.model
    def _gaps(self, company, date):
        """Every difference of a company-day as it is now, in all its regions.

        :return: list of :class:`recon.Gap`
        """
        gaps = []
        for check in CHECKS:
            columns, rows = self._ask(check, company, date)
            named = (dict(zip(columns, row, strict=True)) for row in rows)
            gaps += [self._gap(company, row) for row in named]
        lost = [gap.links["vend_id"] for gap in gaps if gap.kind == "order_missing"]
        return recon.without_echoes(gaps, self._shared_net(lost))

    @api.model
    def _ask(self, check, company, date):
        """Run one statement of ``data/sql``: (names of columns, rows)."""
        with file_open(f"wine_profit_share/data/sql/recon_{check}.sql") as text:
            query = text.read()
        self.env.cr.execute(
            SQL(
                query,
                company=company.id,
                date=date,
                currency=company.currency_id.id,
                digits=company.currency_id.decimal_places,
                overdue=fields.Date.today() - GRACE,
                invoice_overdue=fields.Date.today() - INVOICED,
                bank_days=company.wine_recon_bank_days,
            )
        )
        return [column.name for column in self.env.cr.description], self.env.cr.fetchall()

    @api.model
    def _shared_net(self, vend_ids):
        """{vend id: net that the share ledger has of it}."""
        if not vend_ids:
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT vend_id, SUM(amount) FROM wine_share_entry "
                    "WHERE vend_id IN %s AND account_kind <> 'pool' "
                    "AND kind IN ('sale', 'reversal') GROUP BY vend_id",
                    tuple(vend_ids),
                )
            )
        )

    @api.model
    def _gap(self, company, row):
        """A row of a check as a difference with its sentence."""

        def money(amount):
            return formatLang(self.env, float(amount), currency_obj=company.currency_id)

        ways = dict(self.env["wine.vend"]._fields["pay_kind"].selection)
        links = {name: row[name] for name in LINKS if row.get(name)}
        told = recon.sentence(
            row["kind"],
            document=row["document"],
            expected=money(row["expected"]),
            found=money(row["found"]),
            sold=ways.get(row.get("expected_kind"), ""),
            way=ways.get(row.get("found_kind"), row.get("found_kind") or ""),
            units=int(row.get("units") or 0),
            days=company.wine_recon_bank_days,
        )
        return recon.Gap(
            row["kind"],
            row["region"] or 0,
            row.get("subject") or self._subject(row, links),
            row["document"],
            row["expected"],
            row["found"],
            links,
            told,
            intact=bool(row.get("intact")),
        )

    @api.model
    def _subject(self, row, links):
        """Identity of the document that differs."""
        if row["kind"] in ("session_payment", "session_income"):
            return f"pos.session:{row['session_id']}/{row.get('method_id') or ''}"
        if row["kind"].startswith("payment") or not links.get("vend_id"):
            return f"pos.order:{row['order_id']}"
        return f"wine.vend:{row['vend_id']}"
