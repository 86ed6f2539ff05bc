# SPDX-License-Identifier: LGPL-3.0-or-later
"""Partners and reviewers at the same moment, each with a connection of its own, committed."""

import unittest
from uuid import uuid4

from odoo import Command, api
from odoo.modules.registry import Registry

from tests.harness import House

DATABASE = "wine_withdrawals"
FINANCE = "wine_vending.group_wine_finance"


def kit(env):
    """A partner of its own with 100.00 available, a login, a bank account, three reviewers."""
    from odoo.addons.wine_profit_share.tests.redeem import RedeemCommon

    class Kit(RedeemCommon):
        pass

    sign = uuid4().hex[:6]
    Kit.env = env
    Kit.company = env.company
    Kit.platform = env.company.partner_id
    Kit.company._set_up_share()
    Kit.company.share_withdrawal_min = 0
    Kit.host = Kit.make_partner(f"Racer {sign}")
    Kit.account = env["wine.share.account"]._get(Kit.company, Kit.host)
    Kit.account._set_verified()
    Kit.bank = Kit.make_bank(Kit.host)
    Kit.earn(100)
    Kit.users = env["res.users"].create(
        [
            {"name": name, "login": f"{name}-{sign}", "group_ids": [Command.link(group)]}
            for name, group in (
                ("ann", env.ref(FINANCE).id),
                ("ben", env.ref(FINANCE).id),
                ("cid", env.ref(FINANCE).id),
                ("host", env.ref("base.group_portal").id),
            )
        ]
    )
    return Kit


class TestWithdrawalRaces(unittest.TestCase):
    """Nothing is taken twice, approved twice, or both paid and given back."""

    @classmethod
    def setUpClass(cls):
        cls.house = House(DATABASE).__enter__()
        cls.addClassCleanup(cls.house.__exit__, None, None, None)
        cls.registry = Registry(DATABASE)

    def setUp(self):
        with self.house.env() as env:
            made = kit(env)
            self.account_id, self.bank_id = made.account.id, made.bank.id
            self.ann, self.ben, self.cid, self.host = made.users.ids
            env["wine.share.review.step"].search([]).active = False
            self.step(env, "First")

    def step(self, env, name, count=1):
        env["wine.share.review.step"].create(
            {"name": name, "amount_from": 0, "group_id": env.ref(FINANCE).id, "count": count}
        )

    def tearDown(self):
        """Whatever won: the ledger comes to zero and what is reserved belongs to somebody."""
        with self.house.env() as env:
            env.cr.execute("SELECT sum(amount) FROM wine_share_entry")
            self.assertEqual(float(env.cr.fetchone()[0]), 0.0)
            withdrawals = env["wine.share.withdrawal"].search(
                [("account_id", "=", self.account_id)]
            )
            reserved = withdrawals.filtered(
                lambda one: one.state in ("submitted", "in_review", "approved")
            )
            settling = env["wine.share.settlement"].search(
                [
                    ("account_id", "=", self.account_id),
                    ("withdrawal_id", "=", False),
                    ("state", "in", ("draft", "approved")),
                ]
            )
            account = env["wine.share.account"].browse(self.account_id)
            self.assertEqual(
                account.in_settlement,
                sum(reserved.mapped("payout")) + sum(settling.mapped("gross")),
            )

    def at_once(self, *actions):
        return self.house.at_once(*actions)

    def kinds(self, problems):
        return [type(problem).__name__ for problem in problems]

    # === DOING === #

    def apply_for(self, amount):
        return lambda env: (
            env["wine.share.withdrawal"]
            ._apply(
                env["wine.share.account"].sudo().browse(self.account_id),
                amount,
                env["res.partner.bank"].sudo().browse(self.bank_id),
            )
            .id
        )

    def applied(self, amount=60):
        with self.registry.cursor() as cr:
            return self.apply_for(amount)(api.Environment(cr, self.host, {}))

    def act(self, withdrawal_id, method, *args):
        return lambda env: getattr(env["wine.share.withdrawal"].browse(withdrawal_id), method)(
            *args
        )

    def cancel(self, withdrawal_id):
        return lambda env: env["wine.share.withdrawal"].sudo().browse(withdrawal_id)._cancel()

    def seen(self, withdrawal_id):
        """(state, people who said yes, settlements, available)."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, 1, {})
            one = env["wine.share.withdrawal"].browse(withdrawal_id)
            yes = one.review_ids.filtered(lambda review: review.decision == "approve")
            settlements = env["wine.share.settlement"].search_count(
                [("withdrawal_id", "=", withdrawal_id), ("state", "!=", "cancelled")]
            )
            return (one.state, len(yes), settlements, one.account_id.available)

    # === THE RACES === #

    def test_two_reviewers_one_step(self):
        withdrawal = self.applied()
        approve = self.act(withdrawal, "action_approve")
        problems = self.at_once((self.ann, approve), (self.ben, approve))
        self.assertEqual(self.kinds(problems), ["UserError"])
        self.assertIn("decided already", str(problems[0]))
        self.assertEqual(self.seen(withdrawal), ("approved", 1, 1, 40))

    def test_two_reviewers_two_steps(self):
        """Both count, one after the other; nobody counts for the step of the other."""
        with self.house.env() as env:
            self.step(env, "Second")
        withdrawal = self.applied()
        approve = self.act(withdrawal, "action_approve")
        problems = self.at_once((self.ann, approve), (self.ben, approve))
        self.assertFalse(problems)
        self.assertEqual(self.seen(withdrawal), ("approved", 2, 1, 40))

    def test_one_reviewer_in_two_browsers(self):
        with self.house.env() as env:
            self.step(env, "Second")
        withdrawal = self.applied()
        approve = self.act(withdrawal, "action_approve")
        problems = self.at_once((self.ann, approve), (self.ann, approve), (self.ann, approve))
        self.assertEqual(self.kinds(problems), ["UserError"] * 2)
        self.assertEqual(self.seen(withdrawal), ("in_review", 1, 0, 40))

    def test_yes_and_no(self):
        withdrawal = self.applied()
        problems = self.at_once(
            (self.ann, self.act(withdrawal, "action_approve")),
            (self.ben, self.act(withdrawal, "action_reject", "No")),
        )
        self.assertEqual(self.kinds(problems), ["UserError"])
        self.assertIn(self.seen(withdrawal), (("approved", 1, 1, 40), ("rejected", 0, 0, 100)))

    def test_yes_and_the_partner_takes_it_back(self):
        withdrawal = self.applied()
        problems = self.at_once(
            (self.ann, self.act(withdrawal, "action_approve")), (self.host, self.cancel(withdrawal))
        )
        self.assertEqual(self.kinds(problems), ["UserError"])
        self.assertIn(self.seen(withdrawal), (("approved", 1, 1, 40), ("cancelled", 0, 0, 100)))

    def test_the_partner_applies_in_four_browsers(self):
        problems = self.at_once(*[(self.host, self.apply_for(70))] * 4)
        self.assertEqual(self.kinds(problems), ["UserError"] * 3)
        with self.house.env() as env:
            found = env["wine.share.withdrawal"].search([("account_id", "=", self.account_id)])
            self.assertEqual(found.mapped("state"), ["submitted"])
            self.assertEqual(found.account_id.available, 30)

    def test_application_and_settlement(self):
        """The cron settles what is available while the partner applies for it."""

        def settle(env):
            account = env["wine.share.account"].sudo().browse(self.account_id)
            env["wine.share.settlement"].sudo()._settle(account)

        self.at_once((self.host, self.apply_for(70)), (1, settle))
        with self.house.env() as env:
            account = env["wine.share.account"].browse(self.account_id)
            self.assertEqual(account.available + account.in_settlement, 100)
            self.assertGreaterEqual(account.available, 0)

    def test_bank_account_changes_while_it_is_applied_for(self):
        """Either the change came first, and cools down, or the withdrawal did, and it stands."""

        def change(env):
            env["res.partner.bank"].sudo().browse(self.bank_id).write({"acc_number": uuid4().hex})

        self.at_once((self.host, self.apply_for(70)), (1, change))
        with self.house.env() as env:
            found = env["wine.share.withdrawal"].search([("account_id", "=", self.account_id)])
            hindered = found.with_user(self.ann)._obstacle()
            changed = found.partner_bank_id.wine_change_ids.filtered(
                lambda change: change.kind == "changed"
            )
            self.assertEqual(bool(changed), bool(hindered))


if __name__ == "__main__":
    unittest.main()
