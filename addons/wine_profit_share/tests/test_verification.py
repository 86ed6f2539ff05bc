# SPDX-License-Identifier: LGPL-3.0-or-later
"""Partners are verified with documents; bank accounts are watched."""

import base64

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .redeem import RedeemCommon


@tagged("post_install", "-at_install")
class TestVerification(RedeemCommon):
    def guide(self, user, **values):
        return (
            self.env["wine.share.verify"]
            .with_user(user)
            .create({"account_id": self.account.id, **values})
        )

    def setUp(self):
        super().setUp()
        self.account._set_verified(False)

    def test_verified_with_a_document(self):
        paper = (
            self.env["ir.attachment"]
            .with_user(self.ann)
            .create({"name": "register.pdf", "datas": base64.b64encode(b"%PDF")})
        )
        guide = self.guide(
            self.ann,
            identity_seen=True,
            tax_seen=True,
            attachment_ids=[Command.set(paper.ids)],
            note="Register of 2026",
        )
        guide.action_verify()
        self.assertTrue(self.account.verified)
        self.assertEqual(self.account.verified_by_id, self.ann)
        seen = self.account.verification_ids
        self.assertEqual((seen.user_id, seen.decision), (self.ann, "verified"))
        self.assertEqual(seen.attachment_ids, paper)
        self.assertEqual(seen.with_user(self.ben).attachment_ids.name, "register.pdf")
        with self.assertRaises(AccessError):
            paper.with_user(self.login).read(["name"])

    def test_what_was_held_for_it_is_released(self):
        self.earn(100)
        self.assertEqual(self.balance(), (100, 0, 0, 0))
        self.guide(self.ann, identity_seen=True, tax_seen=True).action_verify()
        self.assertEqual(self.balance(), (0, 100, 0, 0))

    def test_nothing_seen_nothing_verified(self):
        for seen in ({}, {"identity_seen": True}, {"tax_seen": True}):
            with self.subTest(seen=seen), self.assertRaisesRegex(UserError, "tick"):
                self.guide(self.ann, **seen).action_verify()

    def test_nobody_verifies_the_own_partner(self):
        self.ann.partner_id.parent_id = self.host
        with self.assertRaisesRegex(UserError, "You belong to"):
            self.guide(self.ann, identity_seen=True, tax_seen=True).action_verify()

    def test_withdrawn_with_a_reason(self):
        self.guide(self.ann, identity_seen=True, tax_seen=True).action_verify()
        with self.assertRaisesRegex(UserError, "Say why"):
            self.guide(self.ben).action_withdraw()
        self.guide(self.ben, note="Papers were false").action_withdraw()
        self.assertFalse(self.account.verified)
        self.assertEqual(
            self.account.verification_ids.mapped("decision"), ["withdrawn", "verified"]
        )

    def test_all_accounts_of_the_partner(self):
        yen = self.env.ref("base.JPY")
        other = self.env["wine.share.account"]._get(self.company, self.host, yen)
        self.guide(self.ann, identity_seen=True, tax_seen=True).action_verify()
        self.assertTrue(other.verified)
        self.assertEqual(len(other.verification_ids), 1)

    def test_not_by_others(self):
        manager = new_test_user(self.env, "vm", "wine_vending.group_wine_region_manager")
        for user in (manager, self.login):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.account.with_user(user)._verify({})
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.guide(user, identity_seen=True, tax_seen=True)

    def test_log_stays(self):
        self.guide(self.ann, identity_seen=True, tax_seen=True).action_verify()
        seen = self.account.verification_ids
        for change in (lambda: seen.write({"note": "x"}), seen.unlink):
            with self.assertRaises(UserError):
                change()


@tagged("post_install", "-at_install")
class TestBankWatch(RedeemCommon):
    def test_finance_enters_and_trusts(self):
        """Finance has the rights it needs for this, by its group alone."""
        bank = (
            self.env["res.partner.bank"]
            .with_user(self.ann)
            .create({"partner_id": self.host.id, "acc_number": "BW1"})
        )
        self.assertFalse(bank.allow_out_payment)
        bank.with_user(self.ben).allow_out_payment = True
        kinds = [(change.kind, change.user_id) for change in bank.wine_change_ids.sorted("id")]
        self.assertEqual(kinds, [("made", self.ann), ("trusted", self.ben)])

    def test_trust_is_not_a_change_of_destination(self):
        bank = self.make_bank(self.host, trusted=False)
        changed_at = bank.wine_changed_at
        bank.allow_out_payment = True
        self.assertEqual(bank.wine_changed_at, changed_at)
        self.assertFalse(bank._wine_cool_until(self.company))

    def test_same_value_is_no_change(self):
        before = len(self.bank.wine_change_ids)
        self.bank.sudo().acc_number = self.bank.acc_number
        self.bank.note = "Seen"
        self.assertEqual(len(self.bank.wine_change_ids), before)

    def test_archived_and_back_is_a_change(self):
        self.bank.active = False
        self.bank.active = True
        self.assertTrue(self.bank._wine_cool_until(self.company))
        self.assertFalse(self.bank.allow_out_payment)

    def test_cool_down_of_the_company(self):
        bank = self.make_bank(self.host, old=False)
        self.assertTrue(bank._wine_cool_until(self.company))
        self.company.share_bank_cooldown = 0
        self.assertFalse(bank._wine_cool_until(self.company))

    def test_partner_is_told_in_its_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.host.lang = "fr_FR"
        template = self.env.ref("wine_profit_share.mail_bank_changed")
        template.with_context(lang="fr_FR").subject = "Votre compte a changé"
        bank = self.make_bank(self.host, "BW1234567")
        mails = self.env["mail.mail"].search([("subject", "=", "Votre compte a changé")])
        self.assertEqual(mails.recipient_ids, self.host)
        self.assertIn("4567", mails.body_html)
        self.assertNotIn(bank.acc_number, mails.body_html)

    def test_who_does_not_share_is_not_told(self):
        stranger = self.make_partner("Stranger")
        stranger.email = "s@example.com"
        before = self.env["mail.mail"].search_count([])
        self.make_bank(stranger)
        self.assertEqual(self.env["mail.mail"].search_count([]), before)

    def test_log_stays(self):
        change = self.bank.wine_change_ids[:1]
        for attempt in (lambda: change.write({"number": "x"}), change.unlink):
            with self.assertRaises(UserError):
                attempt()
