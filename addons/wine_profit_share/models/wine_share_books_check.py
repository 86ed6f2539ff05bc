# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL


class WineShareAccount(models.Model):
    """What the ledger says that a partner is owed, beside what the books say: the write-off check.

    The books owe what was accrued and is in no settlement that was approved. Both are sums of
    single lines, in the currency of the account; they differ only where somebody booked by hand on
    the account of share partners.
    """

    _inherit = "wine.share.account"

    ledger_owed = fields.Monetary(
        "Owed by the ledger",
        compute="_compute_books",
        help="What was accrued and is neither paid nor on its way.",
    )
    books_owed = fields.Monetary("Owed by the books", compute="_compute_books")
    books_difference = fields.Monetary("Difference of the books", compute="_compute_books")

    @api.depends_context("uid")
    def _compute_books(self):
        parties = self.filtered(lambda account: account.kind == "party" and account.id)
        ledger, books = parties._owed_by_ledger(), parties._owed_by_books()
        for account in self:
            money = account.currency_id
            account.ledger_owed = money.round(ledger.get(account.id, 0.0))
            account.books_owed = money.round(books.get(account.id, 0.0))
            account.books_difference = money.round(account.books_owed - account.ledger_owed)

    def _owed_by_ledger(self):
        """dict account id → accrued and in no approved settlement."""
        return self._sum_by_account(
            """SELECT entry.account_id, SUM(entry.amount)
                 FROM wine_share_entry entry
            LEFT JOIN wine_share_settlement settlement ON settlement.id = entry.settlement_id
                WHERE entry.account_id IN %s AND entry.accrual_id IS NOT NULL
                  AND COALESCE(settlement.state, 'draft') NOT IN ('approved', 'paid')
             GROUP BY entry.account_id"""
        )

    def _owed_by_books(self):
        """dict account id → balance of what is payable to its partner, in its currency."""
        return self._sum_by_account(
            """SELECT account.id, -SUM(line.amount_currency)
                 FROM wine_share_account account
                 JOIN res_company company ON company.id = account.company_id
                 JOIN account_move_line line ON line.partner_id = account.partner_id
                      AND line.account_id = company.wine_share_payable_account_id
                      AND line.company_id = account.company_id
                      AND line.currency_id = account.currency_id
                      AND line.parent_state = 'posted'
                WHERE account.id IN %s
             GROUP BY account.id"""
        )

    def _sum_by_account(self, query):
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(SQL(query, tuple(self.ids)))
        return {account: float(amount) for account, amount in rows}

    # === ACTIONS === #

    def action_settle(self):
        """Settle now: ask how much and by which terms."""
        self.ensure_one()
        self.env["wine.share.settlement"]._check_finance()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Settle %s", self.display_name),
            "res_model": "wine.share.settle",
            "view_mode": "form",
            "target": "new",
            "context": {"default_account_id": self.id},
        }

    def action_view_settlements(self):
        """Settlements of this account."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_profit_share.wine_share_settlement_action"
        )
        return {**action, "domain": [("account_id", "=", self.id)]}
