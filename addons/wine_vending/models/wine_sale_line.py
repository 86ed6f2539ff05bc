# SPDX-License-Identifier: LGPL-3.0-or-later
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

from psycopg2.extras import Json, execute_values

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.channel import COUNTED, limit, rest_after, rest_of
from ..core.sale_line import SaleLine

NOW = "now() AT TIME ZONE 'UTC'"
DECIMALS = ("qty", "gross", "discount", "net", "tax", "cost")
COLUMNS = (
    "source",
    "reverses",
    "order_ref",
    "channel",
    "kind",
    "date",
    "region_id",
    "company_id",
    "currency_id",
    "product_id",
    "partner_id",
    "qty",
    "gross",
    "discount",
    "net",
    "tax",
)


class WineSaleLine(models.Model):
    """A sale line of a till or of the website, as it was announced to the wings.

    Machines sell through vends, whose identity nobody writes twice. An order of the website is paid
    by one message or by several, edited afterwards and credited in parts; an order of a till is
    synchronised as often as the till likes. What has been announced is therefore kept: the identity
    of each line once for ever, its amounts as they were on that day, and what is left of it to be
    taken back. Nobody edits it; a line that was wrong is taken back by a credit note.
    """

    _name = "wine.sale.line"
    _description = "Sale line of till or website"
    _inherit = ["wine.reach"]
    _order = "date desc, id desc"
    _rec_name = "source"

    source = fields.Char("Identity", required=True, readonly=True)
    reverses = fields.Char("Takes back", readonly=True, index="btree_not_null")
    order_ref = fields.Char("Order", required=True, readonly=True, index=True)
    channel = fields.Selection(
        [("shop", "Shop"), ("website", "Website")], required=True, readonly=True
    )
    kind = fields.Selection(
        [("sale", "Sale"), ("topup", "Stored value bought")], required=True, readonly=True
    )
    date = fields.Date("Business date", required=True, readonly=True, index=True)
    region_id = fields.Many2one("wine.region", readonly=True, index="btree_not_null")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    product_id = fields.Many2one(
        "product.product", required=True, readonly=True, ondelete="restrict"
    )
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    qty = fields.Float("Units", digits="Product Unit", readonly=True)
    gross = fields.Monetary("Paid", readonly=True)
    discount = fields.Monetary(readonly=True)
    net = fields.Monetary("Net of tax", readonly=True)
    tax = fields.Monetary(readonly=True)
    data = fields.Json("As announced", required=True, readonly=True)
    rest = fields.Json("Left to be taken back", readonly=True)

    _source_once = models.UniqueIndex("(source)", "This sale line has been announced already.")

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("What was sold stays on record. Take it back with a credit note.")
        )

    def _sale_lines(self):
        """The lines as they were announced.

        :return: list[SaleLine]
        """
        return [_read(line.data) for line in self]

    def _reversal(self, source, order, date):
        """A SaleLine that takes this whole line back.

        :param str source: its identity, ``order`` that of its document
        """
        line = _read(self.data)
        amounts = {name: -getattr(line, name) for name in COUNTED}
        return replace(line, source=source, order=order, date=date, reverses=line.source, **amounts)

    @api.model
    def _announce(self, lines):
        """Tell the wings of lines that they have not heard of, sales before reversals.

        A reversal takes back what is left of its original at most. Calling it again does nothing.

        :param list[SaleLine] lines: of till or website, of any orders
        """
        sold = self._keep([line for line in lines if not line.reverses])
        if sold:
            self.env["pos.order"]._wine_posted(sold)
        taken_back = self._take_back([line for line in lines if line.reverses])
        if taken_back:
            self.env["pos.order"]._wine_reversed(taken_back)

    def _take_back(self, lines):
        """Limit reversals to what is left of their originals, and keep them.

        Originals are locked and changed: of two reversals at one time the second begins again.
        """
        sources = [line.source for line in lines]
        known = set(self.sudo().search([("source", "in", sources)]).mapped("source"))
        lines = [line for line in lines if line.source not in known]
        originals = self._lock_originals({line.reverses for line in lines})
        limited = []
        for line in lines:
            original = originals.get(line.reverses)
            if original:
                line = limit(line, _read(original.data), original.rest)
                if line:
                    original.rest = rest_after(original.rest, line)
            if line:
                limited.append(line)
        return self._keep(limited)

    def _lock_originals(self, sources):
        """dict source → record, locked; a sale that nobody announced is missing."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM wine_sale_line WHERE source = ANY(%s) ORDER BY id FOR UPDATE",
                list(sources),
            )
        )
        originals = self.sudo().browse([row[0] for row in rows])
        return {original.source: original for original in originals}

    def _keep(self, lines):
        """Write lines down; returns those that were not there.

        The unique identity decides between two transactions: the later one is run again by Odoo.
        """
        if not lines:
            return []
        currencies = {
            currency.name: currency.id
            for currency in self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "in", list({line.currency for line in lines}))])
        }
        self.env.flush_all()
        rows = [self._row(line, currencies[line.currency]) for line in lines]
        names = ", ".join(f'"{name}"' for name in (*COLUMNS, "data", "rest", "create_uid"))
        written = execute_values(
            self.env.cr._obj,
            f"INSERT INTO wine_sale_line ({names}, create_date, write_date)"  # noqa: S608 (own names)
            " VALUES %s ON CONFLICT (source) DO NOTHING RETURNING source",
            rows,
            template=f"({', '.join(['%s'] * len(rows[0]))}, {NOW}, {NOW})",
            fetch=True,
        )
        self.invalidate_model()
        new = {source for (source,) in written}
        return [line for line in lines if line.source in new]

    def _row(self, line, currency_id):
        values = {**asdict(line), "order_ref": line.order, "currency_id": currency_id}
        data = {
            name: str(value) if isinstance(value, Decimal | date) else value
            for name, value in asdict(line).items()
        }
        rest = None if line.reverses else Json(rest_of(line))
        return (*(values[name] for name in COLUMNS), Json(data), rest, self.env.uid)


def _read(data):
    """The SaleLine of its JSON form."""
    values = {**data, "date": date.fromisoformat(data["date"])}
    return SaleLine(**{**values, **{name: Decimal(values[name]) for name in DECIMALS}})
