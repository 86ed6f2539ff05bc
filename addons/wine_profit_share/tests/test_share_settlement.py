# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .books import BooksCommon


@tagged("post_install", "-at_install")
class TestShareSettlement(BooksCommon):
    """From what is available to what is paid, and how the books follow."""

    def test_payment(self):
        """The debt is accrued, then written off by the payment; the bank's word makes it paid."""
        self.earn(70.0)
        self.earn(30.0)
        self.accrue()
        self.assertEqual(self.owed(), 100.0)
        settlement = self.settle()
        self.assertEqual((settlement.state, settlement.gross, settlement.net), ("draft", 100, 100))
        self.assertEqual(self.money(), {"settling": 100.0})
        settlement._approve()
        payment = settlement.payment_id
        self.assertEqual((settlement.state, payment.state), ("approved", "in_process"))
        self.assertEqual((payment.amount, payment.partner_bank_id), (100.0, self.bank))
        self.assertEqual(self.owed(), 0.0, "written off")
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.company.wine_share_payable_account_id.id),
                ("partner_id", "=", self.host.id),
            ]
        )
        self.assertTrue(all(lines.mapped("reconciled")))
        self.assertEqual(self.money(), {"settling": 100.0})
        settlement.action_mark_paid()
        self.assertEqual(settlement.state, "paid")
        self.assertTrue(settlement.paid_at)
        self.assertEqual(self.money(), {"paid": 100.0})

    def test_twice(self):
        """Approving, arriving and settling again change nothing."""
        settlement = self.approved()
        payment = settlement.payment_id
        settlement._approve()
        self.assertEqual(settlement.payment_id, payment)
        settlement.action_mark_paid()
        settlement.action_mark_paid()
        settlement._follow()
        self.assertEqual(self.money(), {"paid": 100.0})
        self.assertFalse(self.settle(), "nothing is left to settle")
        self.assertEqual(self.owed(), 0.0)

    def test_not_accrued_yet(self):
        """What is settled on the day of the sale is booked first."""
        settlement = self.approved(55.5)
        accruals = settlement.entry_ids.accrual_id
        self.assertEqual(accruals.amount, 55.5)
        self.assertEqual(self.owed(), 0.0)
        self.accrue()
        self.assertEqual(self.owed(), 0.0, "not booked a second time")

    def test_bank_statement(self):
        """A statement that is matched makes it paid; taken apart again, it is on its way."""
        settlement = self.approved()
        payment = settlement.payment_id
        outstanding = payment._seek_for_lines()[0]
        journal = payment.journal_id
        statement = self.env["account.bank.statement.line"].create(
            {"journal_id": journal.id, "amount": -100.0, "payment_ref": "out", "date": payment.date}
        )
        suspense = statement._seek_for_lines()[1]
        suspense.account_id = outstanding.account_id
        (suspense + outstanding).reconcile()
        self.assertEqual(settlement.state, "paid")
        self.assertEqual(self.money(), {"paid": 100.0})
        outstanding.remove_move_reconcile()
        self.assertEqual(settlement.state, "approved")
        self.assertFalse(settlement.paid_at)
        self.assertEqual(self.money(), {"settling": 100.0})

    def test_withholding_and_fee(self):
        """100.05 less 10 % (10.01, half up) less 1.50 and 0.5 % (0.50): 88.04 arrive."""
        kept = self.company.wine_share_withholding_account_id
        self.host_terms.write(
            {
                "tax_ids": [(6, 0, self.make_tax("Withheld", -10.0).ids)],
                "fee_fixed": 1.5,
                "fee_percent": 0.5,
            }
        )
        settlement = self.approved(100.05)
        self.assertEqual(
            (settlement.gross, settlement.withholding, settlement.fees, settlement.net),
            (100.05, 10.01, 2.0, 88.04),
        )
        self.assertEqual(settlement.payment_id.amount, 88.04)
        self.assertEqual(self.books(kept, self.host), -10.01)
        self.assertEqual(self.books(self.company.wine_share_fee_account_id, self.host), -2.0)
        self.assertEqual(self.owed(), 0.0)

    def test_withholding_rounds_each_tax(self):
        """Whatever the amount: parts sum to the whole to the cent, in the books too."""
        own = self.company.wine_share_withholding_account_id.copy({"name": "Levy"})
        taxes = self.make_tax("Income", -3.33) | self.make_tax("Levy", -1.27, own)
        self.host_terms.tax_ids = taxes
        for amount in (0.37, 1.01, 33.33, 99.99, 1234.56):
            with self.subTest(amount=amount):
                settlement = self.approved(amount)
                first, second = round(amount * 0.0333, 2), round(amount * 0.0127, 2)
                self.assertAlmostEqual(settlement.withholding, first + second, 2)
                self.assertAlmostEqual(settlement.net, amount - first - second, 2)
                lines = settlement.payment_id.move_id.line_ids
                self.assertAlmostEqual(sum(lines.mapped("balance")), 0, 6)
                levy = lines.filtered(lambda line: line.account_id == own)
                self.assertAlmostEqual(sum(levy.mapped("credit")), second, 2)
                self.assertEqual(self.owed(), 0.0)

    def test_nothing_left(self):
        """Fees that eat everything up are refused by name, and nothing is set aside."""
        self.host_terms.fee_fixed = 100.0
        self.earn(99.0)
        with self.assertRaisesRegex(UserError, "nothing is left"):
            self.settle()

    def test_minimum(self):
        self.host_terms.minimum = 50.0
        self.earn(49.99)
        self.assertFalse(self.settle())
        self.assertEqual(self.money(), {"available": 49.99})
        self.earn(0.01)
        self.assertEqual(self.settle().gross, 50.0)

    def test_self_billing(self):
        """The bill takes the place of the accrual; it is paid when its payment is."""
        account = self.company.wine_share_withholding_account_id
        value_added = self.make_tax("VAT", 20.0, account)
        withheld = self.make_tax("Withheld", -5.0, account)
        self.host_terms.write(
            {"method": "bill", "tax_ids": [(6, 0, (value_added | withheld).ids)], "fee_fixed": 2.0}
        )
        settlement = self.approved(100.0)
        bill = settlement.bill_id
        self.assertEqual((bill.state, bill.move_type), ("posted", "in_invoice"))
        self.assertEqual(
            (settlement.tax, settlement.withholding, settlement.fees, settlement.net),
            (20.0, 5.0, 2.0, 113.0),
        )
        self.assertEqual(bill.amount_total, 113.0)
        self.assertEqual(self.owed(), 0.0)
        self.assertEqual(self.books(self.company.wine_share_clearing_account_id), 0.0)
        self.assertEqual(self.books(account, self.host), 15.0)
        self.assertEqual(settlement.state, "approved")
        self.pay(bill)
        self.assertEqual(settlement.state, "paid")
        self.assertEqual(self.money(), {"paid": 100.0})

    def pay(self, bill):
        """Pay a bill as finance does."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=bill.ids)
            .create({"journal_id": self.company.wine_share_pay_journal_id.id})
        )
        return wizard._create_payments()

    def test_added_tax_needs_a_bill(self):
        with self.assertRaisesRegex(ValidationError, "self-billing"):
            self.host_terms.tax_ids = self.make_tax("VAT", 20.0)

    def test_tax_of_a_bill_needs_an_account(self):
        """Odoo would book it on the clearing account, which then is not zero."""
        with self.assertRaisesRegex(ValidationError, "no account"):
            self.host_terms.write(
                {"method": "bill", "tax_ids": [(6, 0, self.make_tax("VAT", 20.0).ids)]}
            )

    def test_part(self):
        """An exact amount is taken; the last ledger line is split and the rest stays."""
        self.earn(60.0)
        self.earn(60.0)
        settlement = self.settle(amount=100.0)
        settlement._approve()
        self.assertEqual(settlement.gross, 100.0)
        self.assertEqual(self.money(), {"settling": 100.0, "available": 20.0})
        self.accrue()
        self.assertEqual(self.owed(), 20.0)

    def test_books_are_guarded(self):
        """What the ledger booked is undone in the ledger alone."""
        settlement = self.approved()
        move = settlement.entry_ids.accrual_id.move_id
        for attempt in (
            move.button_draft,
            move.button_cancel,
            move._reverse_moves,
            settlement.payment_id.move_id.button_draft,
            settlement.payment_id.action_draft,
            lambda: settlement.payment_id.write({"amount": 1.0}),
        ):
            with self.subTest(attempt=attempt), self.assertRaises(UserError):
                attempt()
        for record in (settlement, settlement.entry_ids.accrual_id):
            with self.assertRaises(UserError):
                record.unlink()

    def test_no_bank_account(self):
        """Nobody pays into the air, nor to an account that nobody has checked."""
        self.earn(10.0)
        settlement = self.settle()
        self.bank.allow_out_payment = False
        with self.assertRaisesRegex(UserError, "checked"):
            settlement._approve()
        settlement.partner_bank_id = False
        with self.assertRaisesRegex(UserError, "no bank account"):
            settlement._approve()
        self.assertEqual(settlement.state, "draft")
        self.assertFalse(settlement.payment_id)
