# SPDX-License-Identifier: LGPL-3.0-or-later
from contextlib import suppress
from datetime import date
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .books import BooksCommon


class Killed(Exception):
    """The worker was killed."""


@tagged("post_install", "-at_install")
class TestShareSettlementRun(BooksCommon):
    """Automatic settlement, killed, run again, run twice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        others = cls.env["wine.share.terms"].search([("company_id", "!=", cls.company.id)])
        others.period = "none"
        # what others have available in this database is not settled here
        cls.env.cr.execute("UPDATE wine_share_entry SET state = 'held' WHERE state = 'available'")
        cls.env.invalidate_all()
        cls.before = cls.env["wine.share.settlement"].search([("id", ">", 0)])
        cls.terms.write({"period": "daily", "next_date": fields.Date.today()})
        cls.operator_account = cls.account_of(cls.operator)
        cls.make_bank(cls.operator)

    def run_cron(self):
        """On a cursor that commits (into the test's transaction), as the scheduled action does."""
        self.env.flush_all()
        try:
            with self.enter_registry_test_mode(), self.registry.cursor() as cr:
                self.env(cr=cr)["wine.share.settlement"]._cron_settle()
        finally:
            self.env.invalidate_all()
        return self.settlements()

    def settlements(self):
        return self.env["wine.share.settlement"].search(
            [("company_id", "=", self.company.id), ("id", "not in", self.before.ids)], order="id"
        )

    def test_run(self):
        """Each partner once; drafts wait for finance; the next day follows from the terms."""
        self.earn(10.0)
        self.earn(20.0, self.operator, "operator")
        made = self.run_cron()
        self.assertEqual(
            {one.partner_id: (one.gross, one.state, one.automatic) for one in made},
            {self.host: (10.0, "draft", True), self.operator: (20.0, "draft", True)},
        )
        self.assertEqual(set(made.mapped("run_date")), {fields.Date.today()})
        tomorrow = fields.Date.add(fields.Date.today(), days=1)
        self.assertEqual(set(self.terms.mapped("next_date")), {tomorrow})
        self.earn(5.0)
        self.assertEqual(self.run_cron(), made, "not due again today")

    def test_killed_in_the_middle(self):
        """What was done stays, the rest follows, and nobody is paid twice."""
        self.earn(10.0)
        self.earn(20.0, self.operator, "operator")
        genuine, seen = self.registry["wine.share.settlement"]._settle_alone, []

        def die_at_the_second(model, terms, account):
            seen.append(account)
            if len(seen) == 2:
                raise Killed
            return genuine(model, terms, account)

        name = "_settle_alone"
        with patch.object(self.registry["wine.share.settlement"], name, die_at_the_second):
            with suppress(Killed):  # what was not committed is rolled back
                self.run_cron()
        self.assertEqual(len(seen), 2)
        self.assertEqual(self.settlements().partner_id, self.operator, "the first of the terms")
        self.assertEqual(set(self.terms.mapped("next_date")), {fields.Date.today()})
        self.earn(3.0, self.operator, "operator")  # meanwhile more is earned
        made = self.run_cron()
        self.assertEqual(
            {one.partner_id: one.gross for one in made}, {self.host: 10.0, self.operator: 20.0}
        )
        self.assertEqual(self.money(self.operator_account), {"settling": 20.0, "available": 3.0})

    def test_negative_is_carried(self):
        """Who owes more than was earned waits; later shares are set off against it."""
        self.earn(-30.0)
        self.earn(10.0)
        self.assertFalse(self.run_cron())
        self.earn(25.0)
        self.terms.next_date = fields.Date.today()
        made = self.run_cron()
        self.assertEqual((made.gross, len(made.entry_ids)), (5.0, 3))

    def test_minimum_waits(self):
        self.host_terms.minimum = 50.0
        self.earn(49.0)
        self.assertFalse(self.run_cron())
        self.assertEqual(self.money(), {"available": 49.0})

    def test_approved_by_itself(self):
        """Where the terms say so, it is paid at once; what cannot be says why and waits."""
        self.terms.approve_alone = True
        self.earn(10.0)
        self.earn(20.0, self.operator, "operator")
        self.operator.bank_ids.allow_out_payment = False
        made = {one.partner_id: one for one in self.run_cron()}
        self.assertEqual(made[self.host].state, "approved")
        self.assertEqual(made[self.operator].state, "draft")
        self.assertIn("checked", made[self.operator].error)

    def test_one_that_fails_holds_up_no_other(self):
        """Fees eat one up: a case says so, the other is settled."""
        self.host_terms.fee_fixed = 50.0
        self.earn(10.0)
        self.earn(20.0, self.operator, "operator")
        made = self.run_cron()
        self.assertEqual(made.partner_id, self.operator)
        case = self.env["wine.case"].search([("kind", "=", "share_payout")])
        self.assertEqual((case.amount, case.state), (10.0, "open"))
        self.assertEqual(self.money(), {"available": 10.0})
        self.terms.next_date = fields.Date.today()
        self.run_cron()
        self.assertEqual(self.env["wine.case"].search([("kind", "=", "share_payout")]), case)

    def test_several_roles(self):
        """One partner, one payment: by the first of the terms of its roles, or by its own."""
        self.earn(10.0, role="host")
        self.earn(20.0, role="supplier")
        supplier = self.terms.filtered(lambda terms: terms.role == "supplier")
        self.assertEqual(self.account._payout_terms(), self.host_terms)
        supplier.sequence = 1
        self.assertEqual(self.account._payout_terms(), supplier)
        self.account.terms_id = self.host_terms
        made = self.run_cron()
        self.assertEqual((made.gross, made.terms_id), (30.0, self.host_terms))

    def test_next_day(self):
        """Daily, weekly and monthly, over the ends of months and years."""
        terms = self.host_terms
        for period, day, expected in (
            ({"period": "daily"}, date(2026, 2, 28), date(2026, 3, 1)),
            ({"period": "weekly", "weekday": "0"}, date(2026, 11, 23), date(2026, 11, 30)),
            ({"period": "weekly", "weekday": "2"}, date(2026, 11, 23), date(2026, 11, 25)),
            ({"period": "monthly", "monthday": 5}, date(2026, 12, 5), date(2027, 1, 5)),
            ({"period": "monthly", "monthday": 28}, date(2026, 2, 27), date(2026, 2, 28)),
            ({"period": "none"}, date(2026, 2, 27), False),
        ):
            with self.subTest(period=period, day=day):
                terms.write(period)
                self.assertEqual(terms._next_after(day), expected)

    def test_withdrawn_meanwhile(self):
        """What a withdrawal has reserved is not settled."""
        self.earn(40.0)
        self.env["wine.share.entry"]._take_available(self.account, 30.0)
        made = self.run_cron()
        self.assertEqual(made.gross, 10.0)

    def test_own_hand(self):
        """Finance that made the bank account, or belongs to the partner, does not approve."""
        self.earn(10.0)
        settlement = self.settle()
        with self.assertRaisesRegex(UserError, "made or changed the bank account"):
            settlement._check_approver(self.env.user)
        colleague = self.env["res.users"].create({"name": "Colleague", "login": "colleague"})
        settlement._check_approver(colleague)
        colleague.partner_id.parent_id = self.host
        with self.assertRaisesRegex(UserError, "your own partner"):
            settlement._check_approver(colleague)
