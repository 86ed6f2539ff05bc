# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models
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
    """Rates of a group are rates of its sums, not means of the rates of its rows."""

    _name = "wine.report.ratio"
    _description = "Rates in reports"

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
