# SPDX-License-Identifier: LGPL-3.0-or-later
"""Review: who may say yes, how often, and what a fraudster inside finance would try."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .redeem import FINANCE, RedeemCommon


@tagged("post_install", "-at_install")
class TestWithdrawalReview(RedeemCommon):
    def setUp(self):
        super().setUp()
        self.earn(20000)

    def approve(self, user, withdrawal):
        self.by(user, withdrawal).action_approve()

    def refused(self, user, withdrawal, words):
        with self.assertRaisesRegex(UserError, words):
            self.approve(user, withdrawal)
        self.env.invalidate_all()
        self.assertIn(withdrawal.state, ("submitted", "in_review"))

    # === STEPS === #

    def test_one_step(self):
        withdrawal = self.apply_for(60)
        self.approve(self.ann, withdrawal)
        self.assertEqual(withdrawal.state, "approved")
        self.assertEqual(withdrawal.review_ids.mapped("decision"), ["submit", "approve"])
        self.assertEqual(withdrawal.review_ids[-1].user_id, self.ann)
        self.assertEqual(withdrawal.settlement_id.gross, 60)
        self.assertEqual(withdrawal.settlement_id.entry_ids, withdrawal.entry_ids)
        self.assertEqual(withdrawal.settlement_id.partner_bank_id, self.bank)
        self.assertEqual(self.balance()[1:3], (19940, 60))

    def test_steps_by_amount(self):
        self.make_step("Second", 1000)
        self.make_step("Top", 5000, self.root)
        steps = {
            amount: self.env["wine.share.review.step"]._steps_for(self.company, amount)
            for amount in (999.99, 1000, 5000)
        }
        self.assertEqual([len(found) for found in steps.values()], [1, 2, 3])

    def test_three_steps_three_people(self):
        self.make_step("Second", 1000)
        self.make_step("Top", 5000, self.root)
        withdrawal = self.apply_for(6000)
        self.approve(self.ann, withdrawal)
        self.assertEqual((withdrawal.state, withdrawal.progress), ("in_review", "1 of 3"))
        self.refused(self.ann, withdrawal, "approved it already")
        self.approve(self.ben, withdrawal)
        self.refused(self.cid, withdrawal, "is decided by")
        self.assertFalse(withdrawal.settlement_id)
        self.approve(self.root, withdrawal)
        self.assertEqual(withdrawal.state, "approved")
        yes = withdrawal.review_ids.filtered(lambda r: r.decision == "approve")
        self.assertEqual(yes.user_id, self.ann + self.ben + self.root)
        self.assertEqual(yes.step_id, withdrawal.step_ids)

    def test_two_people_of_one_step(self):
        self.first.count = 2
        withdrawal = self.apply_for(60)
        self.approve(self.ann, withdrawal)
        self.refused(self.ann, withdrawal, "approved it already")
        self.assertEqual(withdrawal.state, "in_review")
        self.approve(self.cid, withdrawal)
        self.assertEqual(withdrawal.state, "approved")

    def test_the_administrator_counts_once_too(self):
        """An administrator is in every group, but is one person."""
        self.make_step("Top", 1000, self.root)
        withdrawal = self.apply_for(2000)
        self.approve(self.root, withdrawal)
        self.refused(self.root, withdrawal, "approved it already")

    def test_a_step_is_not_made_easier_under_way(self):
        self.make_step("Second", 1000, count=2)
        withdrawal = self.apply_for(2000)
        second = withdrawal.step_ids[-1]
        for values in ({"count": 1}, {"amount_from": 9999}, {"user_ids": self.ann.ids}):
            with self.subTest(values=values), self.assertRaisesRegex(UserError, withdrawal.name):
                second.write(values)
        second.active = False
        self.approve(self.ann, withdrawal)
        self.approve(self.ben, withdrawal)
        self.assertEqual(withdrawal.state, "in_review", "archived, and still needed")
        self.approve(self.cid, withdrawal)
        self.assertEqual(withdrawal.state, "approved")

    def test_finance_does_not_edit_steps(self):
        for attempt in (
            lambda: self.first.with_user(self.ann).write({"count": 1}),
            lambda: self.first.with_user(self.ann).unlink(),
        ):
            with self.assertRaises(AccessError):
                attempt()

    # === WHO MAY NOT === #

    def test_whoever_applied(self):
        values = {
            "account_id": self.account.id,
            "amount": 50,
            "partner_bank_id": self.bank.id,
        }
        draft = self.env["wine.share.withdrawal"].with_user(self.ann).create(values)
        draft.action_submit()
        self.refused(self.ann, draft, "You applied")
        self.approve(self.ben, draft)

    def test_whoever_belongs_to_the_partner(self):
        self.ann.partner_id.parent_id = self.host
        self.refused(self.ann, self.apply_for(50), "You belong to Host")

    def test_whose_employer_is_the_partners_parent(self):
        group = self.make_partner("Group")
        self.host.write({"is_company": False, "parent_id": group.id})
        self.ben.partner_id.parent_id = group
        self.bank.invalidate_recordset()
        withdrawal = self.apply_for(50)
        self.refused(self.ben, withdrawal, "You belong to")

    def test_whoever_has_the_same_bank_account(self):
        """The oldest trick: a colleague's own account number, on the partner."""
        mine = self.make_bank(self.cid.partner_id, "CH93 0076 2011 6238 5295 7")
        theirs = self.make_bank(self.host, "ch9300762011623852957")
        self.assertEqual(mine.sanitized_acc_number, theirs.sanitized_acc_number)
        withdrawal = self.apply_for(50, bank=theirs)
        self.refused(self.cid, withdrawal, "You belong to")

    def test_whoever_entered_the_bank_account(self):
        bank = self.as_finance(self.ann, {"acc_number": "NEW1"})
        bank.with_user(self.root).allow_out_payment = True
        self.age(bank)
        withdrawal = self.apply_for(50, bank=bank)
        self.refused(self.ann, withdrawal, "entered, changed or checked")
        self.approve(self.ben, withdrawal)

    def as_finance(self, user, values):
        banks = self.env["res.partner.bank"].with_user(user)
        return banks.create({"partner_id": self.host.id, **values}).with_env(self.env)

    def test_a_trivial_change_by_a_colleague_hides_nobody(self):
        """Ann enters the account, Ben corrects the holder's name: neither is the checker."""
        bank = self.as_finance(self.ann, {"acc_number": "NEW2"})
        bank.with_user(self.ben).acc_holder_name = "Host & Co"
        bank.with_user(self.cid).allow_out_payment = True
        self.age(bank)
        withdrawal = self.apply_for(50, bank=bank)
        for user in (self.ann, self.ben, self.cid):
            self.refused(user, withdrawal, "entered, changed or checked")
        self.approve(self.root, withdrawal)

    def test_once_it_was_paid_to_everybody_may_check_again(self):
        bank = self.as_finance(self.ann, {"acc_number": "NEW3"})
        bank.with_user(self.root).allow_out_payment = True
        self.age(bank)
        first = self.apply_for(50, bank=bank)
        self.approve(self.ben, first)
        first.settlement_id._arrive()
        self.assertEqual(first.state, "paid")
        second = self.apply_for(50, bank=bank)
        self.approve(self.ann, second)
        self.assertEqual(second.state, "approved")

    def test_whoever_verified_the_partner_just_before(self):
        self.account._set_verified(False)
        self.account.with_user(self.ann)._verify({"identity_seen": True})
        withdrawal = self.apply_for(50)
        self.refused(self.ann, withdrawal, "You verified Host")
        self.approve(self.ben, withdrawal)

    def test_whoever_verified_long_ago(self):
        self.account._set_verified(False)
        self.account.with_user(self.ann)._verify({"identity_seen": True})
        self.env.flush_all()
        self.env.cr.execute("UPDATE wine_share_verification SET moment = '2026-01-01'")
        self.env.invalidate_all()
        self.approve(self.ann, self.apply_for(50))

    def test_whoever_credited_the_account_by_hand(self):
        """Ann gives a partner money by an adjustment; she does not pay it out as well."""
        self.assertTrue(self.adjust(self.ann, 500))
        withdrawal = self.apply_for(50)
        self.refused(self.ann, withdrawal, "credited this account")
        self.approve(self.ben, withdrawal)

    def test_credited_by_hand_and_split(self):
        self.env["wine.share.entry"].search(
            [("account_id", "=", self.account.id), ("state", "=", "available")]
        )._set_state("settling")
        self.adjust(self.ann, 500)
        first = self.apply_for(50)
        self.approve(self.ben, first)
        first.settlement_id._arrive()
        self.refused(self.ann, self.apply_for(50), "credited this account")

    def adjust(self, user, amount):
        return (
            self.env(user=user)["wine.share.entry"]
            .sudo()
            ._post_entries(
                [
                    {
                        "source": f"hand:{user.id}",
                        "kind": "adjustment",
                        "date": "2026-01-31",
                        "company_id": self.company.id,
                        "role": role,
                        "account_kind": kind,
                        "partner_id": partner.id,
                        "amount": sign * amount,
                    }
                    for role, kind, partner, sign in (
                        ("host", "party", self.host, 1),
                        ("platform", "platform", self.platform, -1),
                    )
                ]
            )
        )

    def test_who_is_not_of_finance(self):
        withdrawal = self.apply_for(50)
        for group in ("wine_vending.group_wine_region_manager", "base.group_portal"):
            user = new_test_user(self.env, f"x-{group[-5:]}", group)
            for method, args in (
                ("action_approve", ()),
                ("action_reject", ("no",)),
                ("action_cancel", ("no",)),
                ("action_submit", ()),
            ):
                with self.subTest(group=group, method=method), self.assertRaises(AccessError):
                    getattr(self.by(user, withdrawal), method)(*args)

    def test_the_screen_says_the_same(self):
        withdrawal = self.apply_for(50)
        self.ann.partner_id.parent_id = self.host
        mine = self.by(self.ann, withdrawal)
        self.assertIn("You belong to", mine.objection)
        self.assertFalse(mine.can_approve)
        self.assertTrue(self.by(self.ben, withdrawal).can_approve)

    # === WHAT HINDERS EVERYBODY === #

    def test_new_bank_account_cools_down(self):
        bank = self.make_bank(self.host, old=False)
        withdrawal = self.apply_for(50, bank=bank)
        self.refused(self.ann, withdrawal, "is paid to from")
        self.age(bank, days=3)
        self.approve(self.ann, withdrawal)

    def test_bank_account_nobody_checked(self):
        bank = self.make_bank(self.host, trusted=False)
        self.refused(self.ann, self.apply_for(50, bank=bank), "Nobody has checked")

    def test_a_changed_account_is_no_longer_trusted(self):
        self.bank.sudo().acc_number = "OTHER1"
        self.assertFalse(self.bank.allow_out_payment)
        changes = self.bank.wine_change_ids
        self.assertEqual(changes[0].kind, "changed")
        self.assertEqual(changes[0].number, "OTHER1")

    def test_bank_account_stands_still_under_way(self):
        withdrawal = self.apply_for(50)
        for values in (
            {"acc_number": "OTHER2"},
            {"acc_holder_name": "Thief"},
            {"partner_id": self.supplier.id},
            {"active": False},
        ):
            with self.subTest(values=values), self.assertRaisesRegex(UserError, withdrawal.name):
                self.bank.sudo().write(values)
        self.approve(self.ann, withdrawal)
        with self.assertRaisesRegex(UserError, withdrawal.name):
            self.bank.sudo().write({"acc_number": "OTHER2"})

    def test_routing_of_the_bank_itself(self):
        """The account's number stays, the bank behind it becomes another one."""
        house = self.env["res.bank"].create({"name": "House", "bic": "AAAABB22"})
        self.bank.bank_id = house
        self.bank.allow_out_payment = True
        self.age(self.bank)
        withdrawal = self.apply_for(50)
        with self.assertRaisesRegex(UserError, withdrawal.name):
            house.bic = "THIEFB22"
        withdrawal._cancel()
        house.bic = "THIEFB22"
        self.assertEqual(self.bank.wine_change_ids[0].kind, "changed")
        self.assertFalse(self.bank.allow_out_payment)

    def test_changed_behind_the_back_of_the_guard(self):
        """At the same moment as the application, or in the database: the print tells."""
        withdrawal = self.apply_for(50)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner_bank SET sanitized_acc_number = 'THIEF', acc_number = 'THIEF' "
            "WHERE id = %s",
            [self.bank.id],
        )
        self.env.invalidate_all()
        self.refused(self.ann, withdrawal, "is not what it was")

    def test_whoever_said_that_money_came_back(self):
        """Paid, then said to have come back, then paid again by the same hand: no."""
        first = self.apply_for(50)
        self.approve(self.ann, first)
        first.settlement_id._arrive()
        first.settlement_id.with_user(self.ben)._undo("Account closed", failed=True)
        second = self.apply_for(50)
        self.refused(self.ben, second, "came back")
        self.approve(self.cid, second)

    def test_verification_withdrawn_meanwhile(self):
        withdrawal = self.apply_for(50)
        self.account.with_user(self.ben)._withdraw_verification("Papers were false")
        self.refused(self.ann, withdrawal, "was withdrawn")

    def test_open_case_on_one_of_its_sales(self):
        """A case that may yet lead to a refund; a voucher that waits to be handed out does not."""
        vend = self.sell()
        self.earn(30, vend_id=vend.id, date="2025-12-01")
        withdrawal = self.apply_for(50)
        self.env["wine.case"].create({"kind": "owed", "vend_id": vend.id})
        case = self.env["wine.case"].create({"kind": "conflict", "vend_id": vend.id})
        self.refused(self.ann, withdrawal, "open case or dispute")
        case.with_user(self.root).action_close()
        self.approve(self.ann, withdrawal)

    # === NO === #

    def test_rejected_with_a_reason(self):
        withdrawal = self.apply_for(60)
        self.by(self.ann, withdrawal).action_reject("  The account is not yours  ")
        self.assertEqual(withdrawal.state, "rejected")
        self.assertEqual(withdrawal.reason, "The account is not yours")
        self.assertEqual(self.balance()[1:], (20000, 0, 0))
        mail = self.env["mail.mail"].search([("res_id", "=", withdrawal.id)], limit=1)
        self.assertIn("The account is not yours", mail.body_html)

    def test_no_reason_no_rejection(self):
        withdrawal = self.apply_for(60)
        for reason in ("", "   ", None):
            with self.assertRaisesRegex(UserError, "Say why"):
                self.by(self.ann, withdrawal).action_reject(reason)

    def test_rejected_in_the_second_step(self):
        self.make_step("Second", 1000)
        withdrawal = self.apply_for(2000)
        self.approve(self.ann, withdrawal)
        self.by(self.ben, withdrawal).action_reject("No")
        self.assertEqual(self.balance()[1:], (20000, 0, 0))
        self.assertFalse(withdrawal.settlement_id)

    def test_rejected_and_applied_again(self):
        """The entries of the first one are free, split halves included; votes do not carry over."""
        self.make_step("Second", 1000)
        first = self.apply_for(1500)
        self.approve(self.ann, first)
        self.by(self.ben, first).action_reject("No")
        second = self.apply_for(1800)
        self.assertEqual(second.approvals, 0)
        self.assertEqual(sum(second.entry_ids.mapped("amount")), 1800)
        self.approve(self.ann, second)
        self.approve(self.ben, second)
        self.assertEqual(second.settlement_id.gross, 1800)
        self.assertEqual(self.balance()[1:3], (18200, 1800))
        self.ledger_is_whole()

    def test_decided_is_decided(self):
        withdrawal = self.apply_for(60)
        self.approve(self.ann, withdrawal)
        for action in (
            lambda one: one.action_approve(),
            lambda one: one.action_reject("No"),
        ):
            with self.assertRaisesRegex(UserError, "decided already: Approved, by Ann"):
                action(self.by(self.ben, withdrawal))
        with self.assertRaisesRegex(UserError, "decided already"):
            withdrawal.with_user(self.login)._cancel()
        settlements = self.env["wine.share.settlement"]
        self.assertEqual(settlements.search_count([("withdrawal_id", "=", withdrawal.id)]), 1)

    def test_reviewers_group_as_new_colleague(self):
        """Somebody who joins finance later may decide."""
        withdrawal = self.apply_for(60)
        dan = new_test_user(self.env, "dan-finance", FINANCE)
        self.approve(dan, withdrawal)
        self.assertEqual(withdrawal.state, "approved")
