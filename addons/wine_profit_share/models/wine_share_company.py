# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

from .wine_share_terms import PAID_ROLES

#: field of the company → type of account, first code to try
ACCOUNTS = {
    "wine_share_expense_account_id": ("expense_direct_cost", "510100"),
    "wine_share_payable_account_id": ("liability_payable", "211500"),
    "wine_share_clearing_account_id": ("liability_current", "211600"),
    "wine_share_withholding_account_id": ("liability_current", "252500"),
    "wine_share_fee_account_id": ("income_other", "450500"),
}


class ResCompany(models.Model):
    """Where the shares of a company's sales are booked. Made with the company's first region."""

    _inherit = "res.company"

    wine_share_journal_id = fields.Many2one(
        "account.journal", "Profit share journal", domain="[('type', '=', 'general')]"
    )
    wine_share_expense_account_id = fields.Many2one("account.account", "Shares of partners")
    wine_share_payable_account_id = fields.Many2one(
        "account.account",
        "Payable to share partners",
        domain="[('account_type', '=', 'liability_payable')]",
    )
    wine_share_clearing_account_id = fields.Many2one(
        "account.account",
        "Self-billing clearing",
        domain="[('account_type', '=', 'liability_current'), ('reconcile', '=', True)]",
        help="What is payable moves here when a bill takes its place, and is zero when it is made.",
    )
    wine_share_withholding_account_id = fields.Many2one(
        "account.account",
        "Withheld taxes",
        help="For withheld taxes that name no account of their own.",
    )
    wine_share_fee_account_id = fields.Many2one("account.account", "Payout fees")
    wine_share_pay_journal_id = fields.Many2one(
        "account.journal", "Payments from", domain="[('type', 'in', ('bank', 'cash'))]"
    )
    wine_share_bill_journal_id = fields.Many2one(
        "account.journal", "Self-billing journal", domain="[('type', '=', 'purchase')]"
    )

    @api.model
    def _set_up_share_everywhere(self):
        """Every company that has a region gets what it needs; called at every update."""
        regions = self.env["wine.region"].sudo().with_context(active_test=False)
        regions.search([("company_id", "!=", False)]).company_id._set_up_share()

    def _set_up_share(self):
        """Journals, accounts and terms that are missing; calling it again makes nothing twice."""
        for company in self.sudo():
            company = company.with_company(company)
            company._set_up_share_accounts()
            company._set_up_share_journals()
            company._set_up_share_terms()

    def _set_up_share_accounts(self):
        labels = {
            "wine_share_expense_account_id": self.env._("Shares of partners"),
            "wine_share_payable_account_id": self.env._("Payable to share partners"),
            "wine_share_clearing_account_id": self.env._("Self-billing of shares"),
            "wine_share_withholding_account_id": self.env._("Taxes withheld from shares"),
            "wine_share_fee_account_id": self.env._("Fees for payouts of shares"),
        }
        Account = self.env["account.account"].with_company(self)
        for field, (kind, first) in ACCOUNTS.items():
            if not self[field]:
                self[field] = Account.create(
                    {
                        "name": labels[field],
                        "code": Account._search_new_account_code(first),
                        "account_type": kind,
                        "reconcile": kind in ("liability_payable", "liability_current"),
                        "company_ids": [(4, self.id)],
                    }
                )

    def _set_up_share_journals(self):
        Journal = self.env["account.journal"].with_company(self)
        ours = Journal._check_company_domain(self)
        if not self.wine_share_journal_id:
            self.wine_share_journal_id = Journal.create(
                {
                    "name": self.env._("Profit share"),
                    "type": "general",
                    "company_id": self.id,
                    "code": self._free_journal_code("PSH"),
                }
            )
        if not self.wine_share_bill_journal_id:
            self.wine_share_bill_journal_id = Journal.create(
                {
                    "name": self.env._("Self-billing of shares"),
                    "type": "purchase",
                    "is_self_billing": True,
                    "company_id": self.id,
                    "default_account_id": self.wine_share_clearing_account_id.id,
                    "code": self._free_journal_code("PSB"),
                }
            )
        if not self.wine_share_pay_journal_id:
            methods = self.env["pos.payment.method"].sudo()
            taken = methods.search([("journal_id", "!=", False)]).journal_id
            banks = Journal.search([*ours, ("type", "=", "bank")])
            self.wine_share_pay_journal_id = (banks - taken)[:1] or banks[:1]

    def _free_journal_code(self, wanted):
        Journal = self.env["account.journal"].with_context(active_test=False)
        taken = set(Journal.search([("company_id", "=", self.id)]).mapped("code"))
        codes = [wanted, *(f"{wanted[:3]}{number}" for number in range(1, 100))]
        return next(code for code in codes if code not in taken)

    def _set_up_share_terms(self):
        Terms = self.env["wine.share.terms"]
        known = set(
            Terms.with_context(active_test=False)
            .search([("company_id", "=", self.id)])
            .mapped("role")
        )
        Terms.create(
            [
                {"company_id": self.id, "role": role, "sequence": 10 * number}
                for number, (role, _label) in enumerate(PAID_ROLES, 1)
                if role not in known
            ]
        )

    def _share_needs(self, field):
        """A setting without which nothing can be booked.

        :raise UserError: it is not set
        """
        self.ensure_one()
        if not self.sudo()[field]:
            label = self._fields[field]._description_string(self.env)
            raise UserError(
                self.env._(
                    "%(company)s has no “%(setting)s” for profit sharing. Choose one in "
                    "Settings, Profit sharing.",
                    company=self.name,
                    setting=label,
                )
            )
        return self.sudo()[field]

    def _share_book_date(self, day, journal):
        """The business date; where that period is closed, today, or the first open day after it."""
        self.ensure_one()
        locks = self.sudo()._get_violated_lock_dates(day, False, journal)
        if not locks:
            return day
        return max(fields.Date.context_today(self), fields.Date.add(locks[-1][0], days=1))


class WineRegion(models.Model):
    _inherit = "wine.region"

    def _set_up_trade(self):
        result = super()._set_up_trade()
        self.company_id._set_up_share()
        return result
