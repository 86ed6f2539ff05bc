# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .books import BooksCommon


@tagged("post_install", "-at_install")
class TestShareSettlementBack(BooksCommon):
    """Money that does not arrive, or comes back: it is available again, and the books agree."""

    def match(self, settlement):
        """The bank statement has it."""
        outstanding = settlement.payment_id._seek_for_lines()[0]
        statement = self.env["account.bank.statement.line"].create(
            {
                "journal_id": settlement.payment_id.journal_id.id,
                "amount": -settlement.net,
                "payment_ref": settlement.name,
                "partner_id": self.host.id,
                "date": settlement.payment_id.date,
            }
        )
        suspense = statement._seek_for_lines()[1]
        suspense.account_id = outstanding.account_id
        (suspense + outstanding).reconcile()

    def check_open(self, settlement, amount=100.0):
        """Nothing was paid: the lines are available, and the books owe the same."""
        self.assertEqual(self.money(), {"available": amount})
        self.assertEqual(self.owed(), amount)
        self.assertFalse(settlement.entry_ids)
        self.assertEqual(sum(settlement.past_entry_ids.mapped("amount")), amount)
        self.assertTrue(settlement.reason and settlement.ended_at)

    def check_settles_again(self):
        """And it can be paid anew, to the last cent."""
        again = self.settle()
        again._approve()
        again.action_mark_paid()
        self.assertEqual(self.owed(), 0.0)
        self.assertEqual(self.money(), {"paid": again.gross})
        open_lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.company.wine_share_payable_account_id.id),
                ("partner_id", "=", self.host.id),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
            ]
        )
        self.assertFalse(open_lines)
        return again

    def test_cancel_draft(self):
        self.earn(100.0)
        self.accrue()
        settlement = self.settle()
        settlement._cancel("Wrong account")
        self.assertEqual(settlement.state, "cancelled")
        self.check_open(settlement)
        self.check_settles_again()

    def test_cancel_on_its_way(self):
        """The payment is cancelled with it."""
        settlement = self.approved()
        settlement._cancel("Stopped")
        self.assertEqual((settlement.state, settlement.payment_id.state), ("cancelled", "canceled"))
        self.check_open(settlement)
        settlement._cancel("Stopped twice")
        self.assertEqual(settlement.reason, "Stopped")
        self.check_settles_again()

    def test_payment_cancelled_by_itself(self):
        """Whoever cancels the payment in the books cancels the settlement."""
        settlement = self.approved()
        settlement.payment_id.action_cancel()
        self.assertEqual((settlement.state, settlement.payment_id.state), ("cancelled", "canceled"))
        self.check_open(settlement)
        self.check_settles_again()

    def test_payment_cancelled_after_paid(self):
        """The bank returned it: a reversal of today opens the debt; the statement stays."""
        settlement = self.approved()
        payment = settlement.payment_id
        self.match(settlement)
        self.assertEqual(settlement.state, "paid")
        payment.action_cancel()
        self.assertEqual((settlement.state, payment.state), ("failed", "rejected"))
        self.assertEqual(payment.move_id.state, "posted", "what was booked stays")
        self.check_open(settlement)
        outstanding = payment._seek_for_lines()[0].account_id
        self.assertEqual(self.books(outstanding, self.host), 100.0, "the bank has to give it back")
        self.check_settles_again()

    def test_rejected_before_matching(self):
        """Odoo leaves the entry of a rejected payment posted; here the debt is open again."""
        settlement = self.approved()
        settlement.payment_id.action_reject()
        self.assertEqual(settlement.state, "cancelled")
        self.check_open(settlement)
        outstanding = settlement.payment_id._seek_for_lines()[0].account_id
        self.assertEqual(self.books(outstanding, self.host), 0.0)
        self.check_settles_again()

    def test_closed_period(self):
        """A payment of a closed month that comes back is reversed today; nothing closed changes."""
        settlement = self.approved()
        move = settlement.payment_id.move_id
        long_ago = fields.Date.add(fields.Date.today(), months=-2)
        self.age(move, long_ago)
        self.lock_books(fields.Date.add(fields.Date.today(), months=-1))
        settlement._cancel("Returned")
        self.assertEqual((settlement.state, move.state), ("cancelled", "posted"))
        self.assertEqual(move.date, long_ago)
        back = move.reversal_move_ids
        self.assertEqual((back.date, back.state), (fields.Date.context_today(back), "posted"))
        self.check_open(settlement)
        self.check_settles_again()

    def test_withheld_comes_back_too(self):
        """Withheld taxes and fees are reversed with the payment."""
        kept = self.company.wine_share_withholding_account_id
        self.host_terms.write(
            {"tax_ids": [(6, 0, self.make_tax("Withheld", -10.0).ids)], "fee_fixed": 1.0}
        )
        settlement = self.approved()
        settlement.action_mark_paid()
        self.assertEqual(self.books(kept, self.host), -10.0)
        settlement._undo("Account closed")
        self.assertEqual(self.books(kept, self.host), 0.0)
        self.assertEqual(self.books(self.company.wine_share_fee_account_id, self.host), 0.0)
        self.check_open(settlement)
        self.check_settles_again()

    def test_bill_cancelled(self):
        self.host_terms.method = "bill"
        settlement = self.approved()
        settlement._cancel("Wrong")
        self.assertEqual((settlement.state, settlement.bill_id.state), ("cancelled", "cancel"))
        self.assertEqual(self.books(self.company.wine_share_clearing_account_id), 0.0)
        self.check_open(settlement)

    def test_bill_of_a_closed_period(self):
        """A credit note and a reversal of today take the bill back."""
        self.host_terms.method = "bill"
        settlement = self.approved()
        moves = settlement.bill_id | settlement.move_id
        self.age(moves, fields.Date.add(fields.Date.today(), months=-2))
        self.lock_books(fields.Date.add(fields.Date.today(), months=-1))
        settlement._cancel("Returned")
        self.assertEqual(settlement.state, "cancelled")
        self.assertEqual(settlement.bill_id.payment_state, "reversed")
        self.assertEqual(self.books(self.company.wine_share_clearing_account_id), 0.0)
        payable = settlement.bill_id.line_ids.filtered("reconciled").account_id
        self.assertTrue(payable)
        self.check_open(settlement)
        self.host_terms.method = "payment"
        self.check_settles_again()

    def test_paid_bill_needs_its_payment_back(self):
        self.host_terms.method = "bill"
        settlement = self.approved()
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=settlement.bill_id.ids)
            .create({"journal_id": self.company.wine_share_pay_journal_id.id})
        )
        payment = wizard._create_payments()
        self.assertEqual(settlement.state, "paid")
        with self.assertRaisesRegex(UserError, "Cancel its payment first"):
            settlement._undo("Returned")
        payment.action_cancel()
        self.assertEqual((settlement.state, self.money()), ("approved", {"settling": 100.0}))
        settlement._undo("Returned")
        self.check_open(settlement)

    def test_refund_after_payment(self):
        """A sale refunded after its share was paid: the consumer has the money at once, the share
        is set off against the next settlement."""
        self.make_policy(
            "Simple",
            [
                {"role": "host", "base": "net", "value": "percent", "percent": 10.0},
                {"role": "platform", "value": "residual"},
            ],
            hold_days=0,
        )
        vends = self.sell(3)
        share = self.balances()[self.host] / 3
        settlement = self.settle()
        settlement._approve()
        settlement.action_mark_paid()
        self.refund(vends[:1])
        order = vends[:1].order_ids
        self.assertEqual(round(sum(order.mapped("amount_total")), 2), 0.0, "refunded at once")
        self.assertEqual(self.money(), {"paid": round(3 * share, 2), "available": round(-share, 2)})
        self.assertFalse(self.settle(), "nobody is paid a negative amount")
        self.close()
        self.accrue()
        self.assertEqual(self.owed(), round(-share, 2))
        self.sell(2)
        following = self.settle()
        self.assertAlmostEqual(following.gross, share, 2)
        following._approve()
        following.action_mark_paid()
        self.assertEqual(self.owed(), 0.0)
        self.assertEqual(self.money(), {"paid": round(4 * share, 2)})
