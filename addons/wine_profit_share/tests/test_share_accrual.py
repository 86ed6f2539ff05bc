# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .books import BooksCommon


@tagged("post_install", "-at_install")
class TestShareAccrual(BooksCommon):
    """What partners earned, in the books."""

    def day(self, days):
        return fields.Date.add(fields.Date.today(), days=-days)

    def test_lines(self):
        """Per region, account and partner; the parts of the platform move nothing."""
        special = self.company.wine_share_expense_account_id.copy({"name": "Rent of places"})
        self.host_terms.expense_account_id = special
        self.earn(10.0, region_id=self.region.id)
        self.earn(5.0, region_id=self.region.id)
        self.earn(4.0, region_id=self.above.id)
        self.earn(3.0, self.operator, "operator", region_id=self.region.id)
        accrual = self.accrue()
        self.assertEqual((accrual.state, accrual.amount, accrual.entry_count), ("posted", 22.0, 8))
        found = {
            (line.account_id, line.partner_id, line.wine_share_region_id): line.balance
            for line in accrual.move_id.line_ids
        }
        owed = self.company.wine_share_payable_account_id
        usual = self.company.wine_share_expense_account_id
        self.assertEqual(
            found,
            {
                (special, self.host, self.region): 15.0,
                (special, self.host, self.above): 4.0,
                (usual, self.operator, self.region): 3.0,
                (owed, self.host, self.region): -15.0,
                (owed, self.host, self.above): -4.0,
                (owed, self.operator, self.region): -3.0,
            },
        )

    def test_twice(self):
        ours = [("company_id", "=", self.company.id)]
        before = self.env["wine.share.accrual"].search_count(ours)
        self.earn(10.0)
        self.assertTrue(self.accrue())
        self.assertFalse(self.accrue())
        empty = self.env["wine.share.accrual"]._accrue(
            self.company, self.company.currency_id, fields.Date.today()
        )
        self.assertFalse(empty)
        self.assertEqual(self.owed(), 10.0)
        self.assertEqual(self.env["wine.share.accrual"].search_count(ours), before + 1)

    def test_late(self):
        """What a machine reports late makes a further entry of its day; the first one stays."""
        first = self.earn(10.0, day=self.day(3)).accrual_id | self.accrue()
        number = first.move_id.name
        self.earn(2.0, day=self.day(3))
        second = self.accrue()
        self.assertEqual(second.business_date, first.business_date)
        self.assertEqual((first.amount, second.amount, first.move_id.name), (10.0, 2.0, number))

    def test_negative_and_nothing(self):
        """What is taken back accrues with the other sign; what comes to nothing has no entry."""
        self.earn(-4.0)
        self.assertEqual(self.accrue().amount, -4.0)
        self.assertEqual(self.owed(), -4.0)
        self.earn(7.0, self.operator, "operator")
        self.earn(-7.0, self.operator, "operator")
        nothing = self.accrue()
        self.assertEqual((nothing.state, nothing.amount, nothing.entry_count), ("posted", 0.0, 4))
        self.assertFalse(nothing.move_id)

    def test_held_is_owed_too(self):
        self.earn(8.0, hold_until=fields.Date.add(fields.Date.today(), days=5))
        self.accrue()
        self.assertEqual((self.owed(), self.money()), (8.0, {"held": 8.0}))

    def test_closed_period(self):
        """A sale of a closed month is booked today and keeps its business date."""
        self.lock_books(self.day(10))
        entry = self.earn(6.0, day=self.day(20))
        self.earn(6.0, day=self.day(5))
        late, in_time = self.accrue().sorted("business_date")
        self.assertEqual(late.business_date, entry.date)
        self.assertEqual(late.move_id.date, fields.Date.context_today(late))
        self.assertEqual(in_time.move_id.date, in_time.business_date)
        self.lock_books(self.day(8), "hard_lock_date")
        self.earn(1.0, day=self.day(20))
        self.assertEqual(self.accrue().move_id.date, fields.Date.context_today(late))

    def test_day_is_over(self):
        """While a session is open its day is not booked; one that does not close waits 2 days."""
        Accrual = self.env["wine.share.accrual"]
        self.sell(1)
        session = self.session()
        self.earn(1.0, day=session.wine_business_date)
        self.assertFalse(Accrual._days_waiting(self.company))
        self.earn(1.0, day=self.day(1))
        self.assertEqual([day for *_, day in Accrual._days_waiting(self.company)], [self.day(1)])
        session.wine_business_date = self.day(10)
        self.earn(1.0, day=self.day(4))
        self.assertEqual(
            [day for *_, day in Accrual._days_waiting(self.company)], [self.day(4)], "patience"
        )
        self.close()
        self.assertEqual(len(Accrual._days_waiting(self.company)), 3)

    def test_closing_books_the_day(self):
        """The session is closed, and the scheduled action is asked for."""
        self.sell(1)
        cron = self.env.ref("wine_profit_share.cron_share_accrue")
        triggers = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self.close()
        self.assertGreater(
            self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), triggers
        )

    def test_ledger_and_books(self):
        """Real sales of machines with a refund: every partner is owed what the ledger says."""
        self.make_policy(
            "Chain",
            [
                {"role": "host", "base": "paid", "value": "percent", "percent": 7.77},
                {"role": "operator", "base": "net", "value": "percent", "percent": 13.33},
                {"role": "supplier", "base": "margin", "value": "percent", "percent": 3.3},
                {"role": "platform", "value": "residual"},
            ],
        )
        usual = self.company.wine_share_expense_account_id
        before = self.books(usual)
        vends = self.sell(7) | self.sell(4, slot="A2", pay="cash")
        self.refund(vends[2:5])
        self.close()
        self.accrue()
        balances = self.balances()
        for partner in (self.host, self.operator, self.supplier):
            with self.subTest(partner=partner.name):
                self.assertGreater(balances[partner], 0)
                self.assertEqual(self.owed(partner), balances[partner])
        spent = round(self.books(usual) - before, 2)
        parties = (self.host, self.operator, self.supplier)
        self.assertEqual(spent, round(sum(balances[partner] for partner in parties), 2))

    def test_two_companies(self):
        """Each has its own accounts and entries; a partner of both is owed by both."""
        other = self.env["res.company"].create({"name": "Second company"})
        self.env.user.company_ids |= other
        self.env["account.chart.template"].try_loading("generic_coa", other, install_demo=False)
        other._set_up_share()
        other.share_bank_cooldown = 0
        self.account_of(self.host, other)
        self.earn(10.0)
        self.earn(20.0, company=other)
        self.accrue()
        self.accrue(other)
        self.assertEqual(self.owed(), 10.0)
        self.assertEqual(self.owed(company=other), 20.0)
        accrual = self.env["wine.share.accrual"].search([("company_id", "=", other.id)])
        self.assertEqual(accrual.move_id.company_id, other)
        self.bank.company_id = False
        settlement = self.settle(self.account_of(self.host, other))
        settlement._approve()
        self.assertEqual(settlement.payment_id.company_id, other)
        self.assertEqual((self.owed(), self.owed(company=other)), (10.0, 0.0))

    def test_foreign_currency(self):
        """Accrued at the rate of the day, paid at that of its own; the difference is Odoo's."""
        foreign = self.env["res.currency"].create({"name": "XTS", "symbol": "¤", "rounding": 0.01})
        for day, rate in ((self.day(30), 3.0), (fields.Date.today(), 2.5)):
            self.env["res.currency.rate"].create(
                {
                    "currency_id": foreign.id,
                    "name": day,
                    "rate": rate,
                    "company_id": self.company.id,
                }
            )
        account = self.account_of(self.host, currency=foreign)
        self.earn(10.0, day=self.day(20), currency_id=foreign.id, region_id=self.region.id)
        self.earn(0.01, day=self.day(20), currency_id=foreign.id, region_id=self.above.id)
        accrual = self.accrue()
        self.assertEqual((accrual.currency_id, accrual.amount), (foreign, 10.01))
        self.assertAlmostEqual(sum(accrual.move_id.line_ids.mapped("balance")), 0, 6)
        self.assertEqual(self.owed(), 3.33, "10 at 3 to 1; a third of a cent is none")
        settlement = self.settle(account)
        settlement._approve()
        self.assertEqual(settlement.payment_id.amount, 10.01)
        self.assertEqual(settlement.payment_id.currency_id, foreign)
        self.assertEqual(self.owed(), 0.0, "with an exchange difference of 0.67")
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.company.wine_share_payable_account_id.id),
                ("partner_id", "=", self.host.id),
            ]
        )
        self.assertTrue(all(lines.mapped("reconciled")))

    def test_not_deleted(self):
        self.earn(1.0)
        accrual = self.accrue()
        with self.assertRaises(UserError):
            accrual.unlink()
        with self.assertRaises(UserError):
            accrual.move_id.button_cancel()

    def test_setting_is_missing(self):
        """Nothing is half booked: the error says which setting, and the entries wait."""
        self.earn(5.0)
        self.company.wine_share_expense_account_id = False
        with self.assertRaisesRegex(UserError, "Shares of partners"), self.env.cr.savepoint():
            self.accrue()
        self.company._set_up_share()
        self.assertEqual(self.accrue().amount, 5.0)

    def test_books_check(self):
        """Each account shows what the ledger and the books owe; a booking by hand shows up."""
        self.earn(30.0)
        self.earn(12.0, hold_until=fields.Date.add(fields.Date.today(), days=5))

        def owed():
            self.env.invalidate_all()
            account = self.account
            return account.ledger_owed, account.books_owed, account.books_difference

        self.assertEqual(owed(), (0.0, 0.0, 0.0), "nothing is accrued yet")
        self.accrue()
        self.assertEqual(owed(), (42.0, 42.0, 0.0))
        settlement = self.settle()
        self.assertEqual(owed(), (42.0, 42.0, 0.0))
        settlement._approve()
        self.assertEqual(owed(), (12.0, 12.0, 0.0))
        settlement._undo("Returned", failed=True)
        self.assertEqual(owed(), (42.0, 42.0, 0.0))
        owed_account = self.company.wine_share_payable_account_id
        spent = self.company.wine_share_expense_account_id
        by_hand = self.env["account.move"].create(
            {
                "journal_id": self.company.wine_share_journal_id.id,
                "line_ids": [
                    (0, 0, {"account_id": spent.id, "debit": 5.0}),
                    (
                        0,
                        0,
                        {"account_id": owed_account.id, "credit": 5.0, "partner_id": self.host.id},
                    ),
                ],
            }
        )
        by_hand.action_post()
        self.assertEqual(owed(), (42.0, 47.0, 5.0))
