# SPDX-License-Identifier: LGPL-3.0-or-later
"""What becomes of the money: refunds meanwhile, stopped after approval, paid, come back."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .redeem import RedeemCommon


@tagged("post_install", "-at_install")
class TestWithdrawalMoney(RedeemCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.make_policy(
            "Half",
            [
                {"role": "host", "base": "net", "value": "percent", "percent": 50},
                {"role": "platform", "base": "remainder", "value": "residual"},
            ],
            hold_days=0,
            region_id=cls.region.id,
        )

    def sold(self, count=4):
        """Vends of which the host has half; available."""
        vends = self.sell(count)
        self.env.invalidate_all()
        return vends

    def approve(self, user, withdrawal):
        self.by(user, withdrawal).action_approve()

    # === REFUNDS BETWEEN APPLICATION AND APPROVAL === #

    def test_clawback_is_set_off_at_the_approval(self):
        vends = self.sold()
        whole = self.balance()[1]
        each = whole / 4
        withdrawal = self.apply_for(whole)
        self.refund(vends[0])
        self.assertEqual(self.balance()[1:3], (-each, whole), "the refund did not wait")
        self.assertEqual(withdrawal.refunds_since, each)
        self.approve(self.ann, withdrawal)
        self.assertEqual((withdrawal.set_off, withdrawal.payout), (each, whole - each))
        self.assertEqual(withdrawal.settlement_id.gross, whole - each)
        self.assertEqual(self.balance()[1:3], (0, whole - each))
        mail = self.env["mail.mail"].search([("res_id", "=", withdrawal.id)], limit=1)
        self.assertIn("set off", mail.body_html)
        self.ledger_is_whole()

    def test_clawback_covered_by_later_sales(self):
        """What was earned since pays for the refund; the withdrawal is paid whole."""
        vends = self.sold()
        whole = self.balance()[1]
        withdrawal = self.apply_for(whole)
        self.refund(vends[0])
        self.sold(2)
        self.assertEqual(withdrawal.refunds_since, 0)
        self.approve(self.ann, withdrawal)
        self.assertEqual((withdrawal.set_off, withdrawal.settlement_id.gross), (0, whole))
        self.assertEqual(self.balance()[1], whole / 4)

    def test_clawback_partly_covered(self):
        vends = self.sold()
        whole = self.balance()[1]
        each = whole / 4
        withdrawal = self.apply_for(whole)
        self.refund(vends[:3])
        self.sold(1)
        self.approve(self.ann, withdrawal)
        self.assertEqual(withdrawal.set_off, 2 * each)
        self.assertEqual(self.balance()[1:3], (0, whole - 2 * each))
        self.ledger_is_whole()

    def test_clawback_of_everything(self):
        vends = self.sold()
        whole = self.balance()[1]
        withdrawal = self.apply_for(whole)
        self.refund(vends)
        self.assertIn("nothing to pay", self.by(self.ann, withdrawal).obstacle)
        with self.assertRaisesRegex(UserError, "nothing to pay"):
            self.approve(self.ann, withdrawal)
        self.by(self.ann, withdrawal).action_reject("All sales were given back")
        self.assertEqual(self.balance()[1:3], (0, 0))
        self.ledger_is_whole()

    def test_clawback_between_two_steps(self):
        self.make_step("Second", 0)
        vends = self.sold()
        whole = self.balance()[1]
        withdrawal = self.apply_for(whole)
        self.approve(self.ann, withdrawal)
        self.refund(vends[1])
        self.approve(self.ben, withdrawal)
        self.assertEqual(withdrawal.payout, whole * 3 / 4)

    def test_clawback_after_the_approval(self):
        """The settlement goes its way; what is owed is set off against the next application."""
        vends = self.sold()
        whole = self.balance()[1]
        withdrawal = self.apply_for(whole)
        self.approve(self.ann, withdrawal)
        self.refund(vends[0])
        withdrawal.settlement_id._arrive()
        self.assertEqual(withdrawal.state, "paid")
        self.assertEqual(self.balance()[1:], (-whole / 4, 0, whole))
        with self.assertRaisesRegex(UserError, "is available"):
            self.apply_for(10)
        self.sold(2)
        self.assertEqual(self.balance()[1], whole / 4)
        self.apply_for(whole / 4)

    def test_rejected_after_a_clawback_and_applied_again(self):
        vends = self.sold()
        whole = self.balance()[1]
        first = self.apply_for(whole)
        self.refund(vends[0])
        self.by(self.ann, first).action_reject("Wrong account")
        self.assertEqual(self.balance()[1], whole * 3 / 4)
        with self.assertRaisesRegex(UserError, "is available"):
            self.apply_for(whole)
        second = self.apply_for(whole * 3 / 4)
        self.approve(self.ann, second)
        self.assertEqual((second.set_off, second.payout), (0, whole * 3 / 4))
        self.ledger_is_whole()

    # === AFTER THE APPROVAL === #

    def approved(self, amount=60):
        self.earn(100)
        withdrawal = self.apply_for(amount)
        self.approve(self.ann, withdrawal)
        return withdrawal

    def test_paid(self):
        withdrawal = self.approved()
        withdrawal.settlement_id._arrive()
        self.assertEqual(withdrawal.state, "paid")
        self.assertTrue(withdrawal.paid_at)
        self.assertEqual(self.balance(), (0, 40, 0, 60))
        self.assertEqual(withdrawal.review_ids.mapped("decision"), ["submit", "approve", "pay"])

    def test_the_payment_says_it_too(self):
        withdrawal = self.approved()
        payment = withdrawal.settlement_id.payment_id
        self.assertEqual((payment.amount, payment.partner_bank_id), (60, self.bank))
        self.assertEqual(payment.partner_id, self.host)

    def test_stopped_after_approval(self):
        withdrawal = self.approved()
        self.by(self.ben, withdrawal).action_cancel("The partner called")
        self.assertEqual((withdrawal.state, withdrawal.reason), ("cancelled", "The partner called"))
        self.assertEqual(withdrawal.settlement_id.state, "cancelled")
        self.assertEqual(withdrawal.settlement_id.payment_id.state, "canceled")
        self.assertEqual(self.balance(), (0, 100, 0, 0))
        self.assertEqual(withdrawal.review_ids[-1].decision, "cancel")
        self.assertEqual(withdrawal.review_ids[-1].user_id, self.ben)
        again = self.apply_for(100)
        self.approve(self.ben, again)
        self.assertEqual(self.balance(), (0, 0, 100, 0))
        self.ledger_is_whole()

    def test_stopped_after_it_was_paid(self):
        withdrawal = self.approved()
        withdrawal.settlement_id._arrive()
        with self.assertRaisesRegex(UserError, "decided already"):
            self.by(self.ben, withdrawal).action_cancel("Too late")
        self.assertEqual(self.balance(), (0, 40, 0, 60))

    def test_came_back_from_the_bank(self):
        withdrawal = self.approved()
        withdrawal.settlement_id._arrive()
        withdrawal.settlement_id._undo("Account closed", failed=True)
        self.assertEqual((withdrawal.state, withdrawal.reason), ("cancelled", "Account closed"))
        self.assertEqual(withdrawal.review_ids[-1].decision, "fail")
        self.assertEqual(self.balance(), (0, 100, 0, 0))
        mail = self.env["mail.mail"].search([("res_id", "=", withdrawal.id)], limit=1)
        self.assertIn("Account closed", mail.body_html)
        self.apply_for(100)

    def test_statement_taken_apart_and_matched_again(self):
        withdrawal = self.approved()
        withdrawal.settlement_id._arrive()
        withdrawal.settlement_id._unarrive()
        self.assertEqual((withdrawal.state, withdrawal.paid_at), ("approved", False))
        withdrawal.settlement_id._arrive()
        self.assertEqual(withdrawal.state, "paid")
        self.assertEqual(self.balance(), (0, 40, 0, 60))

    def test_a_new_application_while_one_is_on_its_way(self):
        self.approved()
        second = self.apply_for(40)
        self.approve(self.ben, second)
        self.assertEqual(self.balance(), (0, 0, 100, 0))

    def test_nothing_of_it_moves_without_the_books(self):
        """Where the books refuse, nothing is approved and the money stays reserved."""
        self.earn(100)
        withdrawal = self.apply_for(60)
        self.env["wine.share.terms"].search([]).unlink()
        with self.assertRaisesRegex(UserError, "payout terms"), self.env.cr.savepoint():
            self.approve(self.ann, withdrawal)
        self.env.invalidate_all()
        self.assertEqual((withdrawal.state, withdrawal.approvals), ("submitted", 0))
        self.assertEqual(self.balance(), (0, 40, 60, 0))

    # === THREE DECIMALS, NONE === #

    def test_currency_without_decimals(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        account = self.env["wine.share.account"]._get(self.company, self.host, yen)
        account._set_verified()
        self.earn(1001, currency_id=yen.id)
        self.company.share_withdrawal_min = 0
        withdrawal = self.apply_for(500.4, account=account)
        self.assertEqual(withdrawal.amount, 500)
        account.invalidate_recordset()
        self.assertEqual((account.available, account.in_settlement), (501, 500))
