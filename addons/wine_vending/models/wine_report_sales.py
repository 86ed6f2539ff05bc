# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import file_open

from .wine_report_ratio import RATES
from .wine_vend import PAY_KINDS

#: machine-days that one refresh takes at a time
CHUNK = 2000
#: who holds this lock (any number of ours) refreshes; the others use what is there
LOCK = 820_304_001


class WineReportSales(models.Model):
    """What machines sold, added up: one row per business day, hour, machine, product and payment.

    Reports over a million vends must answer within a second, and the batch that posts sales must
    not wait for reports. So the batch only notes *which machine and which day* changed
    (``wine.report.due``, append-only, no lock, no conflict), and ``_refresh`` computes those
    machine-days anew from the vends and their orders: every minute, and before "Today" is shown.
    Nothing is added to or taken from a figure that is there; a late vend, a refund, a cost that
    becomes known at closing simply make their day be computed again. Rebuilding is the same
    statement over all days, so the two cannot differ.

    Amounts are those of the order lines, refunds taken off on the day of their vend. The cost is
    the snapshot of the line, the present cost of the product until the day is closed; a refund
    without the bottle gives no cost back. Trials of technicians are no sales and do not appear.
    """

    _name = "wine.report.sales"
    _description = "Machine sales"
    _inherit = ["wine.report.ratio"]
    _order = "business_date desc, hour desc, id desc"
    _rec_name = "business_date"
    _log_access = False

    hour = fields.Integer("Hour of day", readonly=True, aggregator=False, help="Local time.")
    product_id = fields.Many2one("product.product", readonly=True, required=True)
    categ_id = fields.Many2one("product.category", "Category", readonly=True)
    supplier_id = fields.Many2one("res.partner", readonly=True)
    pay_kind = fields.Selection(PAY_KINDS, "Paid by", readonly=True, required=True)
    refunded = fields.Integer("Vends refunded", readonly=True)
    tax = fields.Monetary(readonly=True)
    discount = fields.Monetary(readonly=True)
    refunds = fields.Monetary(readonly=True, help="Tax included.")

    _key = models.UniqueIndex(
        "(machine_id, business_date, hour, product_id, pay_kind, region_id)",
        "This machine, hour, product and payment has a row already.",
    )

    def _rates(self):
        return {name: RATES[name] for name in ("margin_rate", "failure_rate")}

    # === KEEPING UP === #

    @api.model
    def _mark(self, pairs):
        """Note that these machine-days changed; the next refresh computes them again.

        :param pairs: iterable of (machine id, business date)
        """
        rows = [SQL("(%s::int, %s::date)", *pair) for pair in sorted(set(pairs))]
        if rows:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO wine_report_due (machine_id, business_date) VALUES %s",
                    SQL(", ").join(rows),
                )
            )

    @api.model
    def _refresh(self, limit=CHUNK):
        """Compute machine-days that changed, unless another process is doing so this moment.

        :return: how many were computed; 0 where nothing was due or another one is at it
        """
        [[mine]] = self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s)", LOCK))
        if not mine:
            return 0
        self.env.flush_all()
        pairs = self.env.execute_query(
            SQL(
                """WITH taken AS (
                       SELECT DISTINCT machine_id, business_date FROM wine_report_due
                        ORDER BY business_date DESC, machine_id LIMIT %s
                   ), gone AS (
                       DELETE FROM wine_report_due due USING taken
                        WHERE due.machine_id = taken.machine_id
                          AND due.business_date = taken.business_date
                   )
                   SELECT machine_id, business_date FROM taken""",
                limit,
            )
        )
        self._compute_days(pairs)
        return len(pairs)

    @api.model
    def _compute_days(self, pairs):
        """Write the rows of these machine-days as the books have them now."""
        if not pairs:
            return
        due = SQL(", ").join(SQL("(%s::int, %s::date)", *pair) for pair in pairs)
        with file_open("wine_vending/data/sql/report_sales.sql") as text:
            self.env.cr.execute(SQL(text.read(), due=due))
        self.invalidate_model()
        self.env["wine.report.machine.day"]._compute_days(pairs)

    @api.model
    def _cron_refresh(self):
        """Take up what changed since the last time, chunk by chunk."""
        while count := self._refresh():
            self.env["ir.cron"]._commit_progress(count)

    @api.model
    def _rebuild(self):
        """Note every day of every machine as changed, those included that no vend has any more."""
        self.env.flush_all()
        self.env.cr.execute(
            """INSERT INTO wine_report_due (machine_id, business_date)
               SELECT DISTINCT machine_id, business_date FROM wine_vend
                UNION SELECT machine_id, business_date FROM wine_report_sales
                UNION SELECT machine_id, business_date FROM wine_report_machine_day"""
        )

    @api.model
    def _rebuild_if_empty(self):
        """The first time: what was sold before there were reports."""
        if not self.search_count([], limit=1):
            self._rebuild()


class WineReportDue(models.Model):
    """A machine-day whose figures are out of date: written by the batch, eaten by the refresh.

    The same one may lie here many times; there is no unique index on purpose, for two processes
    that post sales of one machine-day must not meet here.
    """

    _name = "wine.report.due"
    _description = "Report to compute again"
    _log_access = False

    machine_id = fields.Many2one("wine.machine", readonly=True, ondelete="cascade")
    business_date = fields.Date(readonly=True)

    _pair = models.Index("(business_date, machine_id)")
