# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import tagged

from .portal import PortalCommon

NEW, BANK = "/my/share/withdrawals/new", "/my/share/bank"


@tagged("post_install", "-at_install")
class TestPortalWithdrawal(PortalCommon):
    """From the balance to the application, and back."""

    def setUp(self):
        super().setUp()
        self.own["withdrawal"].with_user(self.people["host"]).sudo()._cancel()
        self.env.flush_all()

    def apply_by_form(self, amount, bank=None, page=None):
        bank = self.bank.id if bank is None else bank
        answer = self.post(NEW, page=page, amount=amount, bank=bank, account=self.account.id)
        self.env.invalidate_all()
        return answer

    def newest(self):
        return self.env["wine.share.withdrawal"].search(
            [("account_id", "=", self.account.id), ("state", "=", "submitted")]
        )

    def test_apply(self):
        for who in ("host", "colleague"):
            with self.subTest(who=who):
                self.as_(who)
                answer = self.apply_by_form("30,50")
                one = self.newest()
                self.assertEqual(
                    answer.headers["Location"], f"/my/share/withdrawal/{one.id}?sent=1"
                )
                self.assertEqual((one.amount, one.user_id), (30.5, self.people[who]))
                self.assertEqual(
                    (self.account.in_settlement, self.account.available), (30.5, 47.27)
                )
                page = f"/my/share/withdrawal/{one.id}"
                self.assertIn("the amount set aside", self.text(self.get(page)))
                self.assertEqual(self.post(f"{page}/cancel", page=page).status_code, 303)
                self.env.invalidate_all()
                self.assertEqual((one.state, self.account.available), ("cancelled", 77.77))
                self.assertIn("Taken back", self.text(self.get(page)))

    def test_refused(self):
        self.as_("host")
        for amount, bank in (
            ("77.78", None),
            ("5", None),
            ("0", None),
            ("-30", None),
            ("1e1", None),
            ("nan", None),
            ("", None),
            ("30", self.foreign["bank"].id),
            ("30", 0),
            ("30", "x"),
        ):
            with self.subTest(amount=amount, bank=bank):
                answer = self.apply_by_form(amount, bank)
                self.assertEqual(answer.status_code, 400)
                self.assertIn('role="alert"', answer.text)
                self.assertFalse(self.newest())
        self.assertEqual(self.account.available, 77.77)

    def test_one_after_the_other(self):
        self.as_("host")
        self.apply_by_form("20")
        one = self.newest()
        page = self.get(NEW)
        self.assertIn(f"{one.name} is being looked at", " ".join(self.text(page).split()))
        self.assertNotIn('name="amount"', page.text, "the form is not offered")
        answer = self.apply_by_form("20", page=BANK)
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.newest(), one)

    def test_cancelled_too_late(self):
        self.as_("host")
        self.apply_by_form("30")
        one = self.newest()
        page = f"/my/share/withdrawal/{one.id}"
        one.sudo()._set_state("approved")
        self.env.flush_all()
        answer = self.post(f"{page}/cancel", page=BANK)
        self.env.invalidate_all()
        self.assertEqual((answer.status_code, one.state), (400, "approved"))


@tagged("post_install", "-at_install")
class TestPortalBank(PortalCommon):
    """A bank account is entered, never trusted by that."""

    def enter(self, number, **data):
        answer = self.post(BANK, acc_number=number, account=self.account.id, **data)
        self.env.invalidate_all()
        return answer

    def find(self, number):
        banks = self.env["res.partner.bank"].with_context(active_test=False)
        return banks.search([("acc_number", "=", number), ("partner_id", "=", self.host.id)])

    def test_enter(self):
        self.as_("host")
        number = "DE89 3704 0044 0532 0130 00"
        answer = self.enter(
            number, acc_holder_name="Host Ltd", bank_name="Sea Bank", bank_bic="cobadeff"
        )
        self.assertEqual(answer.status_code, 303)
        bank = self.find(number)
        self.assertEqual((bank.partner_id, bank.acc_holder_name), (self.host, "Host Ltd"))
        self.assertEqual((bank.bank_id.bic, bank.allow_out_payment), ("COBADEFF", False))
        text = self.text(self.get(BANK))
        self.assertIn("···· 3000", text)
        self.assertNotIn("37040044", text.replace(" ", ""), "the number is not shown in full")
        self.assertIn("not checked yet", text)

    def test_trust_cannot_be_sent_along(self):
        self.as_("host")
        self.enter("12345678", allow_out_payment="1", partner_id=str(self.stranger.id))
        bank = self.find("12345678")
        self.assertEqual((bank.partner_id, bank.allow_out_payment), (self.host, False))

    def test_refused(self):
        self.as_("host")
        before = self.env["res.partner.bank"].search_count([])
        for number, extra in (
            ("DE89 3704 0044 0532 0130 01", {}),
            ("", {}),
            ("abc", {}),
            ("12", {}),
            ("<b>12345</b>", {}),
            (self.bank.acc_number, {}),
            ("12345678", {"bank_bic": "12"}),
        ):
            with self.subTest(number=number, **extra):
                answer = self.enter(number, **extra)
                self.assertEqual(answer.status_code, 400)
                self.assertIn('role="alert"', answer.text)
        self.assertEqual(self.env["res.partner.bank"].search_count([]), before)

    def test_removed_and_back_is_not_trusted(self):
        self.own["withdrawal"].with_user(self.people["host"]).sudo()._cancel()
        self.as_("host")
        number = self.bank.acc_number
        self.assertEqual(self.post(f"{BANK}/{self.bank.id}/remove", page=BANK).status_code, 303)
        self.env.invalidate_all()
        self.assertFalse(self.bank.active)
        self.assertEqual(self.enter(number).status_code, 303)
        self.assertTrue(self.bank.active)
        self.assertFalse(self.bank.allow_out_payment)

    def test_money_on_its_way_keeps_its_bank(self):
        self.as_("host")
        answer = self.post(f"{BANK}/{self.bank.id}/remove", page=BANK)
        self.env.invalidate_all()
        self.assertEqual(answer.status_code, 400)
        self.assertTrue(self.bank.active)
        self.assertIn(self.own["withdrawal"].name, self.text(answer))

    def test_not_without_end(self):
        self.as_("host")
        for number in range(12):
            self.enter(f"9999000{number}")
        self.assertEqual(len(self.host.bank_ids), 8)
