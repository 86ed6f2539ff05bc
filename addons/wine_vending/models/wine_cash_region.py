# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import Command, api, fields, models

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

    def _hand_over_change(self, machine):
        """A machine has left this region with the change that is in it: an entry says so.

        :return: the posted ``account.move``, empty where there is no change in the machine
        """
        self.ensure_one()
        region, change = machine.region_id, machine.cash_float
        return self._book_cash(
            [(self._cash_account(), -change), (region._cash_account(), change)],
            self.env._("Change in %s", machine.name),
            self._business_day(None),
            self.env._(
                "%(machine)s moved to %(region)s", machine=machine.name, region=region.complete_name
            ),
        )

    def _book_cash(self, amounts, label, day, ref, **values):
        """Post one entry in the journal of this region's safe.

        :param amounts: (account, what it gains), in all zero; what rounds to nothing is left out
        :param day: business date; where a lock date forbids it the first open day after it
        :param values: further values of the entry
        :return: the posted ``account.move``, empty where nothing moves
        """
        rounded = [(account, self.currency_id.round(amount)) for account, amount in amounts]
        lines = [(account, amount) for account, amount in rounded if amount]
        if not lines:
            return self.env["account.move"]
        move = (
            self.env["account.move"]
            .sudo()
            .with_company(self.company_id)
            .with_context(tracking_disable=True)
            .create(
                {
                    "move_type": "entry",
                    "journal_id": self.sudo().safe_journal_id.id,
                    "date": self._book_date(day),
                    "ref": ref,
                    "line_ids": [
                        Command.create(
                            {
                                "account_id": account.id,
                                "name": label,
                                "debit": max(amount, 0.0),
                                "credit": max(-amount, 0.0),
                            }
                        )
                        for account, amount in lines
                    ],
                    **values,
                }
            )
        )
        move._post(soft=False)
        return move

    def _book_date(self, day):
        """A business date, or the first open day after the lock dates that forbid it."""
        journal = self.sudo().safe_journal_id
        locks = self.company_id.sudo()._get_violated_lock_dates(day, False, journal)
        return locks[-1][0] + timedelta(days=1) if locks else day

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
