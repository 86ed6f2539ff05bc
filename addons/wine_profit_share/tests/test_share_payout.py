# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .books import BooksCommon


@tagged("post_install", "-at_install")
class TestSharePayout(BooksCommon):
    """Payment platforms: their limits, sending once, hearing back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.platform_ = cls.env["wine.share.platform"].create(
            {"name": "Test pay", "company_id": cls.company.id}
        )
        cls.host_terms.platform_id = cls.platform_

    def send(self, answer=None, error=None):
        """Run the sending with an adapter that takes what it is given; returns what it got."""
        sent = []

        def payout_send(platform, settlements):
            if error:
                raise UserError(error)
            sent.append(settlements.mapped("uuid"))
            return {one: f"NO-{one.id}" for one in settlements}

        Platform = self.registry["wine.share.platform"]
        self.env.flush_all()
        with (
            patch.object(Platform, "_payout_send", payout_send),
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
        ):
            self.env(cr=cr)["wine.share.settlement"]._cron_send()
        self.env.invalidate_all()
        return sent

    def by_platform(self, amount=100.0):
        """An approved settlement that waits to be sent by an adapter."""
        settlement = self.approved(amount)
        settlement.payout_state = "waiting"
        return settlement

    def test_sent_once(self):
        settlement = self.by_platform()
        self.assertEqual(self.send(), [[settlement.uuid]])
        self.assertEqual(settlement.payout_state, "sent")
        self.assertEqual(settlement.payout_reference, f"NO-{settlement.id}")
        self.assertEqual(self.send(), [], "not a second time")
        with self.assertRaisesRegex(UserError, "has left"):
            settlement._cancel("Too late")
        settlement._payout_result(True)
        settlement._payout_result(True)
        self.assertEqual((settlement.state, settlement.payout_state), ("paid", "done"))
        self.assertEqual(self.money(), {"paid": 100.0})

    def test_not_taken(self):
        """What the platform answers is shown; the next run tries again."""
        settlement = self.by_platform()
        self.send(error="Service is closed at night.")
        self.assertEqual(settlement.error, "Service is closed at night.")
        self.assertEqual((settlement.state, settlement.payout_state), ("approved", "waiting"))
        self.send()
        self.assertEqual((settlement.payout_state, settlement.error), ("sent", False))

    def test_not_paid(self):
        """The platform could not pay: the money is available, the books owe it again."""
        settlement = self.by_platform()
        self.send()
        settlement._payout_result(False, "Receiver unknown")
        settlement._payout_result(False, "Receiver unknown")
        self.assertEqual((settlement.state, settlement.reason), ("failed", "Receiver unknown"))
        self.assertEqual((self.money(), self.owed()), ({"available": 100.0}, 100.0))

    def test_receivers_at_once(self):
        self.platform_.receivers_max = 2
        for number in range(5):
            self.by_platform(10.0 + number)
        self.assertEqual([len(parcel) for parcel in self.send()], [2, 2, 1])

    def test_limits(self):
        """Each limit refuses by name and with its number; nothing is booked."""
        for limits, amount, words in (
            ({"min_amount": 50.0}, 49.99, "at least"),
            ({"max_amount": 50.0}, 50.01, "at most"),
            ({"daily_limit": 50.0}, 50.01, "today"),
        ):
            with self.subTest(limits=limits), self.env.cr.savepoint() as point:
                self.platform_.write(limits)
                self.earn(amount)
                settlement = self.settle()
                with self.assertRaisesRegex(UserError, words):
                    settlement._approve()
                self.assertEqual(settlement.state, "draft")
                self.assertFalse(settlement.payment_id)
                point.rollback()
            self.env.invalidate_all()

    def test_limits_are_inclusive(self):
        self.platform_.write({"min_amount": 50.0, "max_amount": 50.0, "daily_limit": 50.0})
        self.assertEqual(self.approved(50.0).state, "approved")
        self.earn(50.0)
        with self.assertRaisesRegex(UserError, "today"):
            self.settle()._approve()

    def test_share_cap(self):
        """30 % of each sale at most: 25 + 5 pass, one more basis point does not."""
        self.make_policy(
            "Capped",
            [
                {"role": "host", "base": "net", "value": "percent", "percent": 25.0},
                {"role": "operator", "base": "net", "value": "percent", "percent": 5.0},
                {"role": "platform", "value": "residual"},
            ],
            hold_days=0,
        )
        self.sell(1)
        self.platform_.share_cap = 31.0
        settlement = self.settle()
        settlement._check_payable()
        self.platform_.share_cap = 29.0
        with self.assertRaisesRegex(UserError, "29"):
            settlement._check_payable()

    def test_returns_from_companies_only(self):
        """A person keeps what was paid; it is set off later. A company gives it back."""
        self.platform_.returns_only_companies = True
        settlement = self.by_platform()
        self.send()
        settlement._payout_result(True)
        guide = self.env["wine.share.settlement.end"].create(
            {"settlement_id": settlement.id, "reason": "Paid too much"}
        )
        self.host.is_company = False
        with self.assertRaisesRegex(UserError, "companies only"):
            guide.action_end()
        self.host.is_company = True
        guide.action_end()
        self.assertEqual((settlement.state, self.money()), ("failed", {"available": 100.0}))

    def test_bank_has_nothing_to_send(self):
        """Odoo's own payment files do it; each settlement answers for itself."""
        settlement = self.approved()
        self.assertEqual((settlement.platform_id.code, settlement.payout_state), ("bank", "none"))
        self.assertEqual(self.platform_._payout_send(settlement), {settlement: False})

    def test_guide_says_what_it_does(self):
        settlement = self.approved()
        guide = self.env["wine.share.settlement.end"].new({"settlement_id": settlement.id})
        self.assertEqual(guide.kind, "cancel")
        self.assertIn("cancelled", guide.effect)
        settlement.action_mark_paid()
        guide = self.env["wine.share.settlement.end"].new({"settlement_id": settlement.id})
        self.assertEqual(guide.kind, "back")
        self.assertIn("reversal of today", guide.effect)

    def test_hidden_from_others(self):
        """The buttons ask who may; the guide too."""
        settlement = self.approved()
        clerk = self.env["res.users"].create(
            {
                "name": "Clerk",
                "login": "clerk-of-payouts",
                "group_ids": [(6, 0, self.env.ref("wine_vending.group_wine_service").ids)],
            }
        )
        for name in ("action_approve", "action_mark_paid", "action_end", "action_pay_bill"):
            with self.subTest(name=name), self.assertRaises(UserError):
                getattr(settlement.with_user(clerk), name)()
