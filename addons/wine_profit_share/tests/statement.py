# SPDX-License-Identifier: LGPL-3.0-or-later
"""Money earned on any day, settlements on any day, and what the statements say of both."""

from datetime import datetime, time
from uuid import uuid4

from odoo.fields import Date

from .common import ShareCommon

MAY, JUNE, JULY = (Date.to_date(f"2026-0{month}-28") for month in (5, 6, 7))
ENDS = {month: Date.end_of(month, "month") for month in (MAY, JUNE, JULY)}


class StatementCommon(ShareCommon):
    """A host with an account; entries and settlements of any day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.env["wine.share.account"]._get(cls.company, cls.host)
        cls.account._set_verified()
        cls.statements = cls.env["wine.share.statement"]

    @classmethod
    def earn(cls, amount, day, kind="sale", partner=None, **values):
        """The partner earns ``amount`` on ``day``; what it gives is the pool's."""
        common = {
            "source": f"test:{uuid4()}",
            "kind": kind,
            "date": day,
            "company_id": cls.company.id,
            **values,
        }
        receiver = {"role": "host", "partner_id": (partner or cls.host).id, "amount": amount}
        giver = {
            "role": "pool",
            "account_kind": "pool",
            "partner_id": cls.platform.id,
            "amount": -amount,
        }
        entries = cls.env["wine.share.entry"]._post_entries(
            [{**common, **receiver}, {**common, **giver}]
        )
        return entries.filtered(lambda entry: entry.role == "host")

    @classmethod
    def pay(cls, amount, day, account=None):
        """A settlement that the bank executed on ``day``."""
        return cls.env["wine.share.settlement"].create(
            {
                "account_id": (account or cls.account).id,
                "gross": amount,
                "net": amount,
                "state": "paid",
                "paid_at": datetime.combine(day, time(12)),
            }
        )

    @classmethod
    def come_back(cls, settlement, day):
        settlement.write({"state": "failed", "ended_at": datetime.combine(day, time(12))})

    def issue(self, month, account=None):
        statements = self.statements._issue(account or self.account, ENDS[month])
        self.env.invalidate_all()
        return statements

    def check_chain(self, account=None):
        """Each statement adds up, begins where the one before ended, and says all of the ledger.

        :return: all statements of the account, oldest first
        """
        account = account or self.account
        self.env.invalidate_all()
        chain = self.statements.search([("account_id", "=", account.id)], order="date_from")
        owed, cents = 0.0, account.currency_id
        for one in chain:
            with self.subTest(statement=one.name):
                self.assertEqual(one.opening, owed)
                moved = one.earned + one.reversed + one.other - one.settled
                self.assertEqual(one.closing, cents.round(one.opening + moved))
                self.assertEqual(
                    cents.round(sum(one.entry_ids.mapped("amount"))),
                    cents.round(one.earned + one.reversed + one.other),
                )
                self.assertEqual(one.settled, cents.round(sum(one.payment_ids.mapped("amount"))))
                self.assertEqual(one.entry_count, len(one.entry_ids))
            owed = one.closing
        entries = self.env["wine.share.entry"].search([("account_id", "=", account.id)])
        stated = entries.filtered("statement_id")
        said = self.env["wine.share.settlement"].search(
            [("account_id", "=", account.id), ("stated", "=", True)]
        )
        self.assertEqual(
            cents.round(owed),
            cents.round(sum(stated.mapped("amount")) - sum(said.mapped("gross"))),
            "what is owed is what stands on statements, less what they say was paid",
        )
        return chain
