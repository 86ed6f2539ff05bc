# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from odoo import Command, api, models
from odoo.tools import SQL


class WineShareAccrual(models.Model):
    """From ledger lines to one journal entry."""

    _inherit = "wine.share.accrual"

    @api.model
    def _accrue(self, company, currency, day, account=None):
        """Book the entries of one business day that are not in the books yet.

        Safe to call again: what was taken once is not found a second time. Who takes the same
        entries at the same moment is refused by PostgreSQL (40001) and starts again.

        :param account: ``wine.share.account``; only the entries of this one
        :return: ``wine.share.accrual``, empty where there was nothing to book
        """
        accrual = self.sudo().create(
            {"company_id": company.id, "currency_id": currency.id, "business_date": day}
        )
        sums = accrual._take(account)
        if not accrual.entry_count:
            accrual._drop()
            return self.browse()
        accrual._post(sums)
        return accrual

    def _drop(self):
        """Nothing was there to be booked: this accrual never was."""
        self.flush_recordset()
        self.env.execute_query(
            SQL("DELETE FROM wine_share_accrual WHERE id = %s RETURNING id", self.id)
        )
        self.invalidate_recordset(flush=False)

    def _take(self, account):
        """Mark the entries as booked by this accrual; entries of one account alone if given.

        :return: dict (region id, role, partner id) → amount, of partners only
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """WITH taken AS (
                     UPDATE wine_share_entry SET accrual_id = %s
                      WHERE accrual_id IS NULL AND company_id = %s AND currency_id = %s
                        AND date = %s %s
                  RETURNING account_kind, region_id, role, partner_id, amount)
                   SELECT region_id, role, partner_id, account_kind = 'party',
                          SUM(amount), COUNT(*)
                     FROM taken GROUP BY 1, 2, 3, 4""",
                self.id,
                self.company_id.id,
                self.currency_id.id,
                self.business_date,
                SQL("AND account_id = %s", account.id) if account else SQL(""),
            )
        )
        self.env["wine.share.entry"].invalidate_model(["accrual_id"], flush=False)
        self.entry_count = sum(row[5] for row in rows)
        return {row[:3]: row[4] for row in rows if row[3]}

    def _post(self, sums):
        """Post the journal entry of what was taken; none where it comes to nothing.

        :param dict sums: as of ``_take``
        """
        journal = self.company_id._share_needs("wine_share_journal_id")
        self.date = self.company_id._share_book_date(self.business_date, journal)
        lines = self._move_lines(self._by_account(sums))
        if lines:
            self.move_id = (
                self.env["account.move"]
                .with_company(self.company_id)
                .with_context(tracking_disable=True)
                .create(
                    {
                        "move_type": "entry",
                        "journal_id": journal.id,
                        "date": self.date,
                        "ref": self.env._("Shares of %s", self.business_date),
                        "wine_share_accrual_id": self.id,
                        "line_ids": [Command.create(line) for line in lines],
                    }
                )
            )
            self.move_id._post(soft=False)
        self.write({"state": "posted", "amount": sum(sums.values())})

    def _by_account(self, sums):
        """dict (region id, account, partner id) → amount, without zeros, in a stable order."""
        terms = self.env["wine.share.terms"].sudo()
        accounts = {
            term.role: term.expense_account_id
            for term in terms.with_context(active_test=False).search(
                [("company_id", "=", self.company_id.id)]
            )
        }
        usual = self.company_id._share_needs("wine_share_expense_account_id")
        booked = defaultdict(float)
        for (region, role, partner), amount in sums.items():
            booked[region or 0, accounts.get(role) or usual, partner] += float(amount)
        ordered = sorted(booked.items(), key=lambda item: (item[0][0], item[0][2], item[0][1].id))
        rounded = ((key, self.currency_id.round(amount)) for key, amount in ordered)
        return {key: amount for key, amount in rounded if amount}

    def _move_lines(self, booked):
        """Expense per region, account and partner; payable per region and partner.

        In a foreign currency each expense is converted, and what is payable is their sum: the entry
        balances to the cent.
        """
        company = self.company_id
        payable = defaultdict(lambda: [0.0, 0.0])
        lines = []
        for (region, account, partner), amount in booked.items():
            balance = self.currency_id._convert(
                amount, company.currency_id, company, self.date, round=True
            )
            lines.append(self._move_line(region, account, partner, amount, balance))
            payable[region, partner][0] += amount
            payable[region, partner][1] += balance
        owed = company._share_needs("wine_share_payable_account_id")
        for (region, partner), (amount, balance) in payable.items():
            amount = self.currency_id.round(amount)
            balance = company.currency_id.round(balance)
            if amount or balance:
                lines.append(self._move_line(region, owed, partner, -amount, -balance))
        return lines

    def _move_line(self, region, account, partner, amount, balance):
        return {
            "name": self.env._("Shares of %s", self.business_date),
            "account_id": account.id,
            "partner_id": partner,
            "currency_id": self.currency_id.id,
            "amount_currency": amount,
            "balance": balance,
            "wine_share_region_id": region,
        }
