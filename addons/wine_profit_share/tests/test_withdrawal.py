# SPDX-License-Identifier: LGPL-3.0-or-later
"""Applying for money: what is reserved, what is refused, what comes back."""

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .redeem import RedeemCommon


@tagged("post_install", "-at_install")
class TestWithdrawalApply(RedeemCommon):
    def test_money_is_reserved_at_once(self):
        self.earn(100)
        withdrawal = self.apply_for(60)
        self.assertEqual(withdrawal.state, "submitted")
        self.assertEqual(self.balance(), (0, 40, 60, 0))
        self.assertEqual(sum(withdrawal.entry_ids.mapped("amount")), 60)
        self.assertEqual(withdrawal.user_id, self.login)
        self.assertEqual(withdrawal.review_ids.mapped("decision"), ["submit"])
        self.assertRegex(withdrawal.name, r"^WD/\d{4}/\d{5}$")
        self.ledger_is_whole()

    def test_oldest_first_and_the_last_one_split(self):
        for date in ("2026-01-03", "2026-01-01", "2026-01-02"):
            self.earn(30, date=date)
        withdrawal = self.apply_for(70)
        taken = withdrawal.entry_ids.filtered(lambda entry: entry.kind == "rent")
        self.assertEqual(
            sorted(str(date) for date in taken.mapped("date")),
            ["2026-01-01", "2026-01-02", "2026-01-03"],
        )
        self.assertEqual(self.balance(), (0, 20, 70, 0))
        self.ledger_is_whole()

    def test_more_than_available(self):
        self.earn(100)
        with self.assertRaisesRegex(UserError, "100.*is available"):
            self.apply_for(100.01)
        self.assertEqual(self.balance(), (0, 100, 0, 0))
        self.assertFalse(self.account.withdrawal_ids)

    def test_what_is_held_is_not_available(self):
        self.earn(100, hold_until="2099-01-01")
        with self.assertRaisesRegex(UserError, "is available"):
            self.apply_for(50)

    def test_everything(self):
        self.earn(33.33)
        self.earn(66.67)
        self.apply_for(100)
        self.assertEqual(self.balance(), (0, 0, 100, 0))

    def test_below_the_minimum(self):
        self.earn(100)
        with self.assertRaisesRegex(UserError, "at least.*10.00"):
            self.apply_for(9.99)
        self.assertEqual(self.apply_for(10).amount, 10)

    def test_nothing_and_less_than_nothing(self):
        self.company.share_withdrawal_min = 0
        self.earn(100)
        for amount in (0, -5, 0.001):
            with self.subTest(amount=amount), self.assertRaises(UserError):
                self.apply_for(amount)
        self.assertEqual(self.balance(), (0, 100, 0, 0))

    def test_one_at_a_time(self):
        self.earn(100)
        first = self.apply_for(20)
        with self.assertRaisesRegex(UserError, first.name):
            self.apply_for(20)
        self.assertEqual(self.balance(), (0, 80, 20, 0))

    def test_one_at_a_time_in_the_database_too(self):
        self.earn(100)
        first = self.apply_for(20)
        other = first.sudo().copy()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "UPDATE wine_share_withdrawal SET state = 'submitted' WHERE id = %s", [other.id]
            )

    def test_not_verified(self):
        self.earn(100)
        self.account._set_verified(False)
        with self.assertRaisesRegex(UserError, "not been verified"):
            self.apply_for(20)

    def test_bank_account_of_somebody_else(self):
        self.earn(100)
        with self.assertRaisesRegex(UserError, "not one of Host"):
            self.apply_for(20, bank=self.make_bank(self.supplier))

    def test_bank_account_that_is_archived(self):
        self.earn(100)
        self.bank.active = False
        with self.assertRaisesRegex(UserError, "not one of"):
            self.apply_for(20)

    def test_company_withdraws_nothing(self):
        self.earn(-100)
        platform = self.env["wine.share.account"]._get(self.company, self.platform, kind="platform")
        with self.assertRaisesRegex(UserError, "own part"):
            self.apply_for(20, account=platform, bank=self.make_bank(self.platform))

    def test_without_a_step_nobody_applies(self):
        self.earn(100)
        self.first.active = False
        with self.assertRaisesRegex(UserError, "review step"):
            self.apply_for(20)

    def test_amount_of_a_mail_in_the_partners_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.host.lang = "fr_FR"
        template = self.env.ref("wine_profit_share.mail_withdrawal_submitted")
        template.with_context(lang="fr_FR").subject = "{{ object.name }} : demande reçue"
        self.earn(100)
        withdrawal = self.apply_for(20)
        mail = self.env["mail.mail"].search([("res_id", "=", withdrawal.id)], limit=1)
        self.assertIn("demande reçue", mail.subject)
        self.assertEqual(mail.recipient_ids, self.host)
        self.assertIn(self.bank.acc_number[-4:].upper(), mail.body_html)
        self.assertNotIn(self.bank.sanitized_acc_number, mail.body_html)

    # === TAKEN BACK BY THE PARTNER === #

    def test_cancelled_by_the_partner(self):
        self.earn(100)
        withdrawal = self.apply_for(60)
        withdrawal.with_user(self.login)._cancel("not yet")
        self.assertEqual((withdrawal.state, withdrawal.reason), ("cancelled", "not yet"))
        self.assertEqual(self.balance(), (0, 100, 0, 0))
        self.assertEqual(withdrawal.review_ids.mapped("decision"), ["submit", "cancel"])
        self.assertEqual(withdrawal.review_ids[-1].user_id, self.login)

    def test_cancelled_twice(self):
        self.earn(100)
        withdrawal = self.apply_for(60)
        withdrawal._cancel()
        with self.assertRaisesRegex(UserError, "decided already"):
            withdrawal._cancel()
        self.assertEqual(self.balance(), (0, 100, 0, 0))

    def test_cancelled_and_applied_again(self):
        self.earn(100)
        self.apply_for(60)._cancel()
        again = self.apply_for(100)
        self.assertEqual(sum(again.entry_ids.mapped("amount")), 100)
        self.assertEqual(self.balance(), (0, 0, 100, 0))
        self.ledger_is_whole()

    # === ON BEHALF === #

    def test_finance_prepares_and_submits(self):
        self.earn(100)
        draft = self.draft(self.ann, 50)
        draft.amount = 40
        self.assertEqual(self.balance(), (0, 100, 0, 0), "a draft reserves nothing")
        draft.action_submit()
        self.assertEqual((draft.state, draft.user_id), ("submitted", self.ann))
        self.assertEqual(self.balance(), (0, 60, 40, 0))

    def test_who_submits_is_who_applied(self):
        """Ann prepares, Ben submits: Ben has applied, and does not approve."""
        self.earn(100)
        draft = self.draft(self.ann, 50)
        self.by(self.ben, draft).action_submit()
        self.assertEqual(draft.user_id, self.ben)
        with self.assertRaisesRegex(UserError, "You applied"):
            self.by(self.ben, draft).action_approve()

    def draft(self, user, amount):
        values = {
            "account_id": self.account.id,
            "amount": amount,
            "partner_bank_id": self.bank.id,
        }
        return self.env["wine.share.withdrawal"].with_user(user).create(values)

    def test_submitted_is_not_edited(self):
        self.earn(100)
        withdrawal = self.by(self.ann, self.apply_for(50))
        other = self.make_bank(self.host)
        for values in ({"amount": 90}, {"partner_bank_id": other.id}):
            with self.subTest(values=values), self.assertRaisesRegex(UserError, "not edited"):
                withdrawal.write(values)

    def test_facts_are_not_written_from_outside(self):
        self.earn(100)
        withdrawal = self.by(self.ann, self.apply_for(50))
        for values in (
            {"state": "approved"},
            {"user_id": self.ben.id},
            {"set_off": 5},
            {"step_ids": []},
            {"bank_print": []},
            {"approvals": 3},
            {"payout": 500},
            {"company_id": self.company.id},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                withdrawal.write(values)

    def test_a_draft_with_forged_facts(self):
        forged = {
            "account_id": self.account.id,
            "amount": 5,
            "partner_bank_id": self.bank.id,
            "user_id": self.ben.id,
        }
        with self.assertRaises(AccessError):
            self.env["wine.share.withdrawal"].with_user(self.ann).create(forged)

    def test_only_drafts_are_deleted(self):
        self.earn(100)
        withdrawal = self.apply_for(50)
        with self.assertRaises(UserError):
            self.by(self.root, withdrawal).unlink()
        self.draft(self.ann, 50).unlink()

    def test_decisions_stay(self):
        self.earn(100)
        review = self.apply_for(50).review_ids
        for change in (lambda: review.write({"reason": "x"}), review.unlink):
            with self.assertRaises(UserError):
                change()
