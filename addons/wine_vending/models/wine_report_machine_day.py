# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import file_open

from .wine_report_ratio import RATES


class WineReportMachineDay(models.Model):
    """How a machine did on a business day: sales, up time, what was sold out, temperature, cash.

    One row per machine in use and day, sold or not, for a machine that sells nothing is what one
    looks for here. Sales come from ``wine.report.sales``; the rest from the outages, stock-outs,
    hourly readings and cash collections of the day, each clipped to the day in the time zone of the
    region. The row keeps the region in which the machine stood.
    """

    _name = "wine.report.machine.day"
    _description = "Machine by day"
    _inherit = ["wine.report.ratio"]
    _order = "business_date desc, machine_id"
    _rec_name = "machine_id"
    _log_access = False

    minutes_expected = fields.Integer("Minutes in service", readonly=True)
    minutes_down = fields.Integer(readonly=True, help="Offline, at fault or suspended.")
    stockout_minutes = fields.Integer(
        "Slot-minutes sold out", readonly=True, help="An hour of two empty slots is 120."
    )
    lost_units = fields.Float("Lost bottles", readonly=True, digits=(16, 2))
    lost_amount = fields.Monetary("Lost sales", readonly=True)
    readings = fields.Integer("Hours measured", readonly=True)
    readings_ok = fields.Integer("Hours within band", readonly=True)
    cash_counted = fields.Monetary("Cash counted", readonly=True)
    cash_difference = fields.Monetary("Cash difference", readonly=True)
    uptime = fields.Float("Up time (%)", readonly=True, aggregator="avg", digits=(16, 2))
    temperature_rate = fields.Float(
        "Temperature kept (%)", readonly=True, aggregator="avg", digits=(16, 1)
    )

    _key = models.UniqueIndex(
        "(machine_id, business_date)", "This machine has a row of this day already."
    )

    def _rates(self):
        return RATES

    # === KEEPING UP === #

    @api.model
    def _compute_days(self, pairs):
        """Write the rows of these (machine id, business date) as the books have them now."""
        if not pairs:
            return
        due = SQL(", ").join(SQL("(%s::int, %s::date)", *pair) for pair in pairs)
        with file_open("wine_vending/data/sql/report_machine_day.sql") as text:
            self.env.cr.execute(SQL(text.read(), due=due))
        self.invalidate_model()

    @api.model
    def _cron_mark(self, days=2):
        """Have the last days of every machine in use computed: time passes without an event.

        :param int days: how many, counted back from the present business day; none before the
            machine was entered
        """
        machines = self.env["wine.machine"].search([("state", "in", ("active", "suspended"))])
        today = {region: region._business_today() for region in machines.region_id}
        self.env["wine.report.sales"]._mark(
            (machine.id, day)
            for machine in machines
            for day in (today[machine.region_id] - timedelta(days=back) for back in range(days))
            if day >= min(machine.create_date.date(), today[machine.region_id])
        )
