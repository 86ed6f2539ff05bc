# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models

from ..core.business_time import business_date
from . import wine_reach

wine_reach.PLATFORM_FIELDS += ("safe_journal_id", "cash_tolerance", "cash_needs_check")


class WineRegion(models.Model):
    """Where a region's cash is: in its machines, on the way, in its safe. Each has an account.

    The account of the machines is the default account of the journal into which the day's session
    closes; the safe has a cash journal of its own. What a count finds too much or too little goes
    to the gain and loss accounts of the safe's journal.
    """

    _inherit = "wine.region"

    safe_journal_id = fields.Many2one(
        "account.journal",
        "Safe",
        domain="[('type', '=', 'cash'), ('company_id', '=', company_id)]",
        check_company=True,
        copy=False,
        groups="account.group_account_readonly,wine_vending.group_wine_region_manager",
    )
    cash_tolerance = fields.Monetary(
        "Tolerated cash difference",
        help="A collection that differs by more needs a reason and opens a case.",
    )
    cash_needs_check = fields.Boolean(
        "Count in the safe before booking",
        help="Finance counts each bag again; only then is it booked, at the amount of the safe.",
    )

    _cash_tolerance_positive = models.Constraint(
        "CHECK(cash_tolerance >= 0)", "The tolerated difference cannot be negative."
    )

    def _set_up_trade(self):
        result = super()._set_up_trade()
        self._set_up_cash()
        return result

    @api.model
    def _set_up_cash_everywhere(self):
        """Give regions that are older than this their safe; called at every update."""
        for region in self.with_context(active_test=False).search([("pos_config_id", "!=", False)]):
            region._set_up_cash()

    def _set_up_cash(self):
        """A safe, and accounts for gain and loss; calling it again makes nothing twice."""
        self.ensure_one()
        region = self.sudo().with_company(self.company_id)
        if not region.safe_journal_id:
            region.safe_journal_id = region.env["account.journal"].create(
                {
                    "name": self.env._("Safe %s", self.name),
                    "type": "cash",
                    "company_id": self.company_id.id,
                    "code": region._free_code("account.journal", f"WS{self.id}"),
                }
            )
        journal = region.safe_journal_id
        if not journal.profit_account_id:
            journal.profit_account_id = region._make_difference_account(
                self.env._("Cash found too much"), "income_other"
            )
        if not journal.loss_account_id:
            journal.loss_account_id = region._make_difference_account(
                self.env._("Cash missing"), "expense"
            )

    def _make_difference_account(self, name, kind):
        """The company's account of this name and kind, made where there is none."""
        Account = self.env["account.account"].with_company(self.company_id)
        found = Account.search(
            [
                *Account._check_company_domain(self.company_id),
                ("name", "=", name),
                ("account_type", "=", kind),
            ],
            limit=1,
        )
        code = Account._search_new_account_code("442000" if kind == "income_other" else "642000")
        return found or Account.create({"name": name, "code": code, "account_type": kind})

    def _cash_account(self):
        """The account of the cash that lies in this region's machines."""
        self.ensure_one()
        return self._payment_methods()["cash"].journal_id.default_account_id

    def _cash_in_books(self):
        """Balance of that account; below what lies in the machines while a session is open."""
        self.ensure_one()
        lines = self.env["account.move.line"].sudo()
        domain = [("account_id", "=", self._cash_account().id), ("parent_state", "=", "posted")]
        return lines._read_group(domain, aggregates=["balance:sum"])[0][0] or 0.0

    def _business_day(self, moment):
        """The business day of a moment (naive UTC) in the region's time zone."""
        return business_date(moment or fields.Datetime.now(), self.tz)

    def _to_utc(self, local):
        """Naive local time of the region → naive UTC."""
        aware = local.replace(tzinfo=ZoneInfo(self.tz or "UTC"))
        return aware.astimezone(timezone.utc).replace(tzinfo=None)


class PosSession(models.Model):
    _inherit = "pos.session"

    @api.model
    def _wine_open(self, region):
        """A day begins with what the books say is in the machines, collections taken off."""
        session = super()._wine_open(region)
        session.cash_register_balance_start = region._cash_in_books()
        return session
