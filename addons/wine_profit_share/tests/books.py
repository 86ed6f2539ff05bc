# SPDX-License-Identifier: LGPL-3.0-or-later
"""Money earned, settled and found in the books, in one line each."""

from uuid import uuid4

from odoo import Command, fields

from .common import ShareCommon


class BooksCommon(ShareCommon):
    """The host is verified and has a bank account that has cooled down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.share_bank_cooldown = 0
        cls.region._set_up_trade()
        cls.terms = cls.env["wine.share.terms"].search([("company_id", "=", cls.company.id)])
        cls.terms.write(
            {
                "period": "monthly",
                "method": "payment",
                "minimum": 0,
                "fee_fixed": 0,
                "fee_percent": 0,
                "tax_ids": [Command.clear()],
                "platform_id": False,
                "journal_id": False,
                "payment_method_line_id": False,
                "expense_account_id": False,
                "approve_alone": False,
            }
        )
        cls.host_terms = cls.terms.filtered(lambda terms: terms.role == "host")
        cls.bank = cls.make_bank(cls.host)
        cls.account = cls.account_of(cls.host)

    @classmethod
    def account_of(cls, partner, company=None, currency=None):
        account = cls.env["wine.share.account"]._get(company or cls.company, partner, currency)
        account._set_verified()
        return account

    @classmethod
    def make_bank(cls, partner):
        return cls.env["res.partner.bank"].create(
            {
                "acc_number": f"TEST{uuid4().hex[:16]}",
                "partner_id": partner.id,
                "allow_out_payment": True,
            }
        )

    @classmethod
    def make_tax(cls, name, rate, account=None):
        """A tax of ``rate`` percent; a negative one is withheld."""
        line = [Command.create({"repartition_type": "base"})]
        tax = {"repartition_type": "tax", "account_id": account and account.id}
        return cls.env["account.tax"].create(
            {
                "name": name,
                "amount": rate,
                "type_tax_use": "purchase",
                "company_id": cls.company.id,
                "invoice_repartition_line_ids": [*line, Command.create(tax)],
                "refund_repartition_line_ids": [*line, Command.create(tax)],
            }
        )

    def earn(self, amount, partner=None, role="host", day=None, **values):
        """One movement of the ledger: a partner earns (or gives back) what the platform gives."""
        source = values.pop("source", None) or f"test:{uuid4()}"
        company = values.pop("company", self.company)
        partner = partner or self.host
        common = {
            "source": source,
            "kind": "adjustment",
            "company_id": company.id,
            "date": day or fields.Date.today(),
            **values,
        }
        entries = self.env["wine.share.entry"]._post_entries(
            [
                {**common, "role": role, "partner_id": partner.id, "amount": amount},
                {
                    **common,
                    "role": "platform",
                    "partner_id": company.partner_id.id,
                    "account_kind": "platform",
                    "amount": -amount,
                },
            ]
        )
        return entries.filtered(lambda entry: entry.partner_id == partner)

    def accrue(self, company=None):
        """Book every day of the company, as the scheduled action does."""
        Accrual = self.env["wine.share.accrual"]
        accruals = Accrual.browse()
        for company_, currency, day in Accrual._days_waiting(company or self.company):
            accruals |= Accrual._accrue(company_, currency, day)
        return accruals

    def settle(self, account=None, **values):
        """A settlement of everything that is available."""
        return self.env["wine.share.settlement"]._settle(account or self.account, **values)

    def approved(self, amount=100.0):
        """A settlement of ``amount`` that is on its way."""
        self.earn(amount)
        settlement = self.settle()
        settlement._approve()
        return settlement

    def books(self, account, partner=None):
        """Balance of a general ledger account, of a partner alone if given, to the cent."""
        domain = [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        if partner:
            domain.append(("partner_id", "=", partner.id))
        lines = self.env["account.move.line"].search(domain)
        return round(sum(lines.mapped("balance")), 2)

    def owed(self, partner=None, company=None):
        """What the books say that the company owes to a partner."""
        company = company or self.company
        return 0 - self.books(company.wine_share_payable_account_id, partner or self.host)

    def lock_books(self, day, field="fiscalyear_lock_date"):
        """Close the books up to ``day``; what the demo left unreconciled does not hold that up."""
        self.env.flush_all()
        self.env.cr.execute(
            f"UPDATE res_company SET {field} = %s WHERE id = %s",  # noqa: S608
            [day, self.company.id],
        )
        self.env.invalidate_all()

    def age(self, moves, day):
        """These entries were posted long ago."""
        self.env.flush_all()
        for table, column in (("account_move", "id"), ("account_move_line", "move_id")):
            self.env.cr.execute(
                f"UPDATE {table} SET date = %s WHERE {column} IN %s",  # noqa: S608
                [day, moves._ids],
            )
        self.env.invalidate_all()

    def money(self, account=None):
        """dict state → amount of an account, without zeros."""
        account = account or self.account
        self.env.invalidate_all()
        sums = {
            "held": account.held,
            "available": account.available,
            "settling": account.in_settlement,
            "paid": account.paid,
        }
        return {state: round(amount, 2) for state, amount in sums.items() if round(amount, 2)}
