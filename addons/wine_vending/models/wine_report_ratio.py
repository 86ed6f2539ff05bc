# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.tools import SQL

WEEKDAYS = [
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("7", "Sunday"),
]
#: rate → (columns added, columns taken off, columns that are the whole), in per cent
RATES = {
    "margin_rate": (("net",), ("cost",), "net"),
    "failure_rate": (("failed",), (), "attempts"),
    "uptime": (("minutes_expected",), ("minutes_down",), "minutes_expected"),
    "temperature_rate": (("readings_ok",), (), "readings"),
}


class WineReportRatio(models.AbstractModel):
    """What a machine did on a business day, whatever else a report divides it by.

    Rates of a group are rates of its sums, not means of the rates of its rows.
    """

    _name = "wine.report.ratio"
    _description = "Rates in reports"

    business_date = fields.Date("Business day", readonly=True, required=True, index=True)
    weekday = fields.Selection(WEEKDAYS, readonly=True)
    machine_id = fields.Many2one("wine.machine", readonly=True, required=True, ondelete="cascade")
    site_id = fields.Many2one("wine.site", readonly=True, ondelete="set null")
    region_id = fields.Many2one(
        "wine.region", readonly=True, required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    vends = fields.Integer("Vends sold", readonly=True)
    attempts = fields.Integer("Vends tried", readonly=True)
    failed = fields.Integer("Vends failed", readonly=True)
    units = fields.Integer("Bottles", readonly=True)
    gross = fields.Monetary("Sales", readonly=True, help="Tax included, refunds taken off.")
    net = fields.Monetary("Sales without tax", readonly=True)
    cost = fields.Monetary(readonly=True)
    margin = fields.Monetary(readonly=True, help="Sales without tax, less cost.")
    margin_rate = fields.Float("Margin (%)", readonly=True, aggregator="avg", digits=(16, 1))
    failure_rate = fields.Float("Failures (%)", readonly=True, aggregator="avg", digits=(16, 1))

    def _rates(self):
        """dict field → entry of ``RATES``; empty here."""
        return {}

    def _read_group_select(self, aggregate_spec, query):
        name, _colon, aggregator = aggregate_spec.partition(":")
        if aggregator != "avg" or name not in self._rates():
            return super()._read_group_select(aggregate_spec, query)
        added, taken_off, whole = self._rates()[name]

        def total(column):
            return SQL("SUM(%s)", self._field_to_sql(self._table, column, query))

        part = SQL(" + ").join(total(column) for column in added)
        for column in taken_off:
            part = SQL("%s - %s", part, total(column))
        return SQL("COALESCE(100.0 * (%s) / NULLIF(%s, 0), 0)::float8", part, total(whole))
