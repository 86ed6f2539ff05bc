# SPDX-License-Identifier: LGPL-3.0-or-later
"""Held, released, held again: when a partner may have the money."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import ShareCommon


@tagged("post_install", "-at_install")
class TestShareHold(ShareCommon):
    """A refund window of a week, partners who are verified or not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_policy(
            "Held",
            [
                {"role": "host", "value": "percent", "bp": 1000},
                {"role": "operator", "value": "residual"},
            ],
            region_id=cls.region.id,
            hold_days=7,
        )
        cls.account = cls.env["wine.share.account"]._get(cls.company, cls.host)

    def of_host(self, *domain):
        return self.entries(("partner_id", "=", self.host.id), *domain)

    def release(self):
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr)["wine.share.entry"]._cron_release()
        self.env.invalidate_all()

    def states(self, entries=None):
        entries = self.of_host() if entries is None else entries
        return {(entry.state, entry.held_for or None) for entry in entries}

    def test_the_window(self):
        self.verify(self.host)
        self.sell()
        self.sell(when=self.days_ago(8))
        self.assertEqual(
            sorted(self.of_host().mapped("state")),
            ["available", "held"],
            "a late sale is free at once",
        )
        held = self.of_host(("state", "=", "held"))
        self.assertEqual(held.hold_until, held.date + timedelta(days=7))
        self.release()
        self.assertEqual(held.state, "held")
        self.env.cr.execute("UPDATE wine_share_entry SET hold_until = %s", [fields.Date.today()])
        self.release()
        self.assertEqual(self.states(), {("available", None)})

    def test_an_unverified_partner_waits(self):
        self.sell(when=self.days_ago(8))
        self.assertEqual(self.states(), {("held", "unverified")})
        self.release()
        self.assertEqual(self.states(), {("held", "unverified")})
        self.verify(self.host)
        self.env.invalidate_all()
        self.assertEqual(self.states(), {("available", None)})
        self.account._set_verified(False)
        self.env.invalidate_all()
        self.assertEqual(self.states(), {("held", "unverified")})
        self.assertFalse(self.account.verified_by_id)

    def test_a_case_holds_what_was_available(self):
        self.verify(self.host)
        vend = self.sell(when=self.days_ago(8))
        self.assertEqual(self.states(), {("available", None)})
        case = self.env["wine.case"].create(
            {"kind": "conflict", "vend_id": vend.id, "region_id": self.region.id}
        )
        self.env.invalidate_all()
        self.assertEqual(self.states(), {("held", "case")})
        self.release()
        self.assertEqual(self.states(), {("held", "case")})
        case.action_close()
        self.env.invalidate_all()
        self.assertEqual(self.states(), {("available", None)})

    def test_what_goes_back_is_held_and_released_with_the_sale(self):
        self.verify(self.host)
        vend = self.sell(qty=2)
        vend._refund(amount=round(vend.amount_captured / 2, 2))
        self.env.invalidate_all()
        sale, back = self.of_host(("kind", "=", "sale")), self.of_host(("kind", "=", "reversal"))
        self.assertEqual(self.states(), {("held", "window")})
        self.assertEqual(sale.hold_until, back.hold_until)
        self.env.cr.execute("UPDATE wine_share_entry SET hold_until = %s", [fields.Date.today()])
        self.release()
        self.assertEqual({sale.state, back.state}, {"available"})

    def test_what_goes_back_of_available_money_counts_at_once(self):
        self.verify(self.host)
        vend = self.sell(when=self.days_ago(8))
        self.env["wine.share.entry"]._take_available(self.account)
        self.refund(vend)
        back = self.of_host(("kind", "=", "reversal"))
        self.assertEqual(back.state, "available")
        self.assertLess(self.account.available, 0, "set off against what comes next")
        self.assertFalse(self.env["wine.share.entry"]._take_available(self.account))

    def test_pool_and_platform_are_never_held(self):
        self.region.operator_partner_id = False
        self.sell()
        own = self.entries(("account_kind", "!=", "party"))
        self.assertEqual(self.states(own), {("available", None)})

    def test_a_reversal_that_was_held_counts_once_its_sale_is_free(self):
        """The sale was released a moment before the refund was written."""
        self.verify(self.host)
        vend = self.sell(qty=2)
        sale = self.of_host()
        vend._refund(amount=round(vend.amount_captured / 2, 2))
        self.env.invalidate_all()
        sale._set_state("available")
        half = round(self.account.earned, 2)
        self.assertEqual(round(self.account.available, 2), sale.amount)
        taken = self.env["wine.share.entry"]._take_available(self.account)
        self.assertEqual(round(sum(taken.mapped("amount")), 2), half)


@tagged("post_install", "-at_install")
class TestShareTake(ShareCommon):
    """Money is taken whole, to the cent, and given back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.env["wine.share.account"]._get(cls.company, cls.host)
        cls.account._set_verified()
        cls.Entry = cls.env["wine.share.entry"]

    def earn(self, *amounts, **values):
        made = self.Entry
        for number, amount in enumerate(amounts, 1):
            common = {
                "source": f"test:{len(self.account.entry_ids)}/{number}",
                "kind": "adjustment",
                "company_id": self.company.id,
                "date": f"2026-01-{number:02}",
            }
            made += self.Entry._post_entries(
                [
                    {
                        **common,
                        "role": "host",
                        "account_id": self.account.id,
                        "amount": amount,
                        **values,
                    },
                    {
                        **common,
                        "role": "platform",
                        "partner_id": self.platform.id,
                        "account_kind": "platform",
                        "amount": -amount,
                    },
                ]
            )[:1]
        return made

    def sums(self):
        self.env.invalidate_all()
        account = self.account
        return (account.available, account.in_settlement, account.paid, account.earned)

    def test_the_oldest_first_and_the_last_one_split(self):
        first, second, third = self.earn(10, 20, 30)
        taken = self.Entry._take_available(self.account, 25.5)
        self.assertEqual(round(sum(taken.mapped("amount")), 2), 25.5)
        self.assertIn(first, taken)
        self.assertIn(second, taken)
        self.assertNotIn(third, taken)
        self.assertEqual(self.sums(), (34.5, 25.5, 0, 60))
        halves = self.entries(("kind", "=", "split"))
        self.assertEqual(sorted(halves.mapped("amount")), [-4.5, 4.5])
        self.assertEqual(halves.mapped("reverses_id"), second)
        taken._release_back()
        self.assertEqual(self.sums(), (60, 0, 0, 60))
        taken = self.Entry._take_available(self.account, 25.5)  # splits what was split
        taken._set_state("paid")
        self.assertEqual(self.sums(), (34.5, 0, 25.5, 60))

    def test_what_is_owed_is_set_off_first(self):
        self.earn(10, -4, 20)
        taken = self.Entry._take_available(self.account, 8)
        self.assertIn(-4.0, taken.mapped("amount"))
        self.assertEqual(self.sums(), (18, 8, 0, 26))

    def test_no_more_than_there_is(self):
        self.earn(10, -4)
        for amount in (6.01, 0, -1):
            with self.assertRaises(UserError):
                self.Entry._take_available(self.account, amount)
        self.assertEqual(len(self.Entry._take_available(self.account)), 2)
        self.assertFalse(self.Entry._take_available(self.account))
        with self.assertRaises(UserError):
            self.Entry._take_available(self.account, 0.01)

    def test_held_money_is_not_taken(self):
        self.earn(10, state="held", held_for="window")
        self.assertFalse(self.Entry._take_available(self.account))

    def test_entries_are_history(self):
        (entry,) = self.earn(10)
        for values in ({"amount": 5}, {"state": "paid"}, {"account_id": False}, {"detail": {}}):
            with self.assertRaises(UserError):
                entry.write(values)
        with self.assertRaises(UserError):
            entry.with_context(wine_flow=True).write({"state": "paid"})
        with self.assertRaises(UserError):
            entry.unlink()
        with self.assertRaises(UserError):
            self.account.unlink()
        finance = new_test_user(self.env, "ledger-finance", "wine_vending.group_wine_finance")
        with self.assertRaises(AccessError):
            entry.with_user(finance).write({"amount": 5})

    def test_states_follow_their_order(self):
        (entry,) = self.earn(10)
        with self.assertRaises(UserError):
            entry._set_state("paid")
        entry._set_state("settling")._set_state("paid")
        self.assertFalse(entry._set_state("paid"), "again changes nothing")
        with self.assertRaises(UserError):
            entry._set_state("held")

    def test_what_does_not_come_to_zero_is_refused(self):
        common = {"source": "x:1", "kind": "adjustment", "company_id": self.company.id,
                  "date": "2026-01-01", "partner_id": self.host.id}  # fmt: skip
        with self.assertRaisesRegex(UserError, "instead of zero"):
            self.Entry._post_entries([{**common, "role": "host", "amount": 1}])
        self.assertFalse(self.Entry.search([("source", "=", "x:1")]))

    def test_the_same_fact_is_posted_once(self):
        (entry,) = self.earn(10)
        again = {
            "source": entry.source,
            "kind": "adjustment",
            "role": "host",
            "company_id": self.company.id,
            "date": "2026-01-01",
            "partner_id": self.host.id,
            "amount": 0,
        }
        self.assertFalse(self.Entry._post_entries([again]))

    def test_merged_contacts_keep_their_money(self):
        (entry,) = self.earn(10)
        heir = self.make_partner("Heir")
        self.env["base.partner.merge.automatic.wizard"]._merge([self.host.id, heir.id], heir)
        self.env.invalidate_all()
        self.assertEqual((entry.partner_id, entry.account_id.partner_id), (heir, heir))
        other = self.make_partner("Other")
        self.env["wine.share.account"]._get(self.company, other)
        with self.assertRaisesRegex(UserError, "share accounts"):
            self.env["base.partner.merge.automatic.wizard"]._merge([other.id, heir.id], heir)
