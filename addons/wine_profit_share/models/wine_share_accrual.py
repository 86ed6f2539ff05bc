# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: a session that does not close holds up the books of its day no longer than this
PATIENCE = timedelta(days=2)


class WineShareAccrual(models.Model):
    """What the partners earned, in the company's books: one entry per company, currency and day.

    The ledger says at once who earned what; the books follow when the sessions of the day have
    closed. Each accrual takes the entries that no other has, held ones too, for the company owes
    them from the sale on: expense per region, account and partner against what is payable to each
    partner. The parts of the platform are taken as well, but move nothing: they stay where they
    are, in the revenue.

    ``business_date`` is the day of the sales, ``date`` the day of the entry in the books: the same,
    unless that period was closed already; then the books take it today. A sale that a machine
    reports late makes a further accrual of its day, and no accrual is ever changed.
    """

    _name = "wine.share.accrual"
    _description = "Accrued shares"
    _inherit = ["wine.reach"]
    _order = "business_date desc, id desc"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    business_date = fields.Date(required=True, readonly=True, index=True)
    date = fields.Date("Booked on", readonly=True, index=True)
    state = fields.Selection(
        [("taken", "Taken"), ("posted", "Booked")], required=True, readonly=True, default="taken"
    )
    move_id = fields.Many2one(
        "account.move", "Entry", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    amount = fields.Monetary("Payable to partners", readonly=True)
    entry_count = fields.Integer("Ledger lines", readonly=True)
    is_late = fields.Boolean("Booked in another period", compute="_compute_is_late", store=True)

    # === COMPUTE === #

    @api.depends("company_id.name", "business_date")
    def _compute_display_name(self):
        for accrual in self:
            accrual.display_name = f"{accrual.company_id.name} {accrual.business_date}"

    @api.depends("business_date", "date")
    def _compute_is_late(self):
        for accrual in self:
            accrual.is_late = bool(accrual.date) and accrual.date != accrual.business_date

    # === CRUD === #

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What was accrued is part of the books and is not deleted."))

    # === RUNNING === #

    @api.model
    def _cron_accrue(self):
        """Book every day that is over, one transaction each."""
        days = self._days_waiting()
        self.env["ir.cron"]._commit_progress(remaining=len(days))
        for company, currency, day in days:
            self._accrue(company, currency, day)
            if not self.env["ir.cron"]._commit_progress(1):
                return

    @api.model
    def _days_waiting(self, company=None):
        """Days of which entries are not in the books and whose sessions are closed.

        :return: list of (company, currency, date), oldest first
        """
        self.env["wine.share.entry"].flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT company_id, currency_id, date FROM wine_share_entry"
                " WHERE accrual_id IS NULL ORDER BY date, company_id, currency_id"
            )
        )
        Company = self.env["res.company"].sudo()
        ends = {}
        for company_id in {row[0] for row in rows}:
            ends[company_id] = self._last_day(Company.browse(company_id))
        Currency = self.env["res.currency"]
        return [
            (Company.browse(company_id), Currency.browse(currency_id), day)
            for company_id, currency_id, day in rows
            if day <= ends[company_id] and (not company or company_id == company.id)
        ]

    @api.model
    def _last_day(self, company):
        """The last day that is over: no session of machines has it, or one does not close."""
        today = fields.Date.today()
        open_days = (
            self.env["pos.session"]
            .sudo()
            .search(
                [
                    ("company_id", "=", company.id),
                    ("wine_business_date", "!=", False),
                    ("state", "!=", "closed"),
                ]
            )
            .mapped("wine_business_date")
        )
        day = min(open_days, default=today + timedelta(days=2)) - timedelta(days=1)
        return max(day, today - PATIENCE)

    # === ACTIONS === #

    def action_view_entries(self):
        """The ledger lines that this accrual booked."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ledger lines of %s", self.business_date),
            "res_model": "wine.share.entry",
            "view_mode": "list,form",
            "domain": [("accrual_id", "=", self.id)],
        }


class PosSession(models.Model):
    _inherit = "pos.session"

    def _wine_close(self):
        """The shares of the day are booked right after its last session."""
        result = super()._wine_close()
        cron = self.env.ref("wine_profit_share.cron_share_accrue", raise_if_not_found=False)
        if cron:
            cron.sudo()._trigger()
        return result
