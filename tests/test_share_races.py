# SPDX-License-Identifier: LGPL-3.0-or-later
"""Money of partners, decided by several at once; each has a connection of its own and commits."""

import unittest
from uuid import uuid4

from odoo import fields
from odoo.modules.registry import Registry

from tests.harness import House

DATABASE = "wine_shares"


class TestShareRaces(unittest.TestCase):
    """Whatever comes at once: each ledger line is booked once and paid once."""

    @classmethod
    def setUpClass(cls):
        cls.house = House(DATABASE).__enter__()
        cls.addClassCleanup(cls.house.__exit__, None, None, None)
        cls.registry = Registry(DATABASE)

    def setUp(self):
        """A partner with 10 + 20 + 30 available, in a company whose other terms rest."""
        with self.house.env() as env:
            company = env["wine.region"].search([], limit=1).company_id
            company.share_bank_cooldown = 0
            env["wine.share.terms"].search([("company_id", "!=", False)]).period = "none"
            partner = env["res.partner"].create({"name": f"Partner {uuid4().hex[:6]}"})
            env["res.partner.bank"].create(
                {
                    "acc_number": f"RACE{uuid4().hex[:12]}",
                    "partner_id": partner.id,
                    "allow_out_payment": True,
                }
            )
            account = env["wine.share.account"]._get(company, partner)
            account._set_verified()
            for amount in (10.0, 20.0, 30.0):
                self.earn(env, account, amount)
            self.account_id = account.id
            self.terms_id = (
                env["wine.share.terms"]
                .search([("company_id", "=", company.id), ("role", "=", "host")])
                .id
            )

    def earn(self, env, account, amount):
        common = {
            "source": f"race:{uuid4()}",
            "kind": "adjustment",
            "company_id": account.company_id.id,
            "date": fields.Date.today(),
        }
        env["wine.share.entry"]._post_entries(
            [
                {**common, "role": "host", "account_id": account.id, "amount": amount},
                {
                    **common,
                    "role": "platform",
                    "partner_id": account.company_id.partner_id.id,
                    "account_kind": "platform",
                    "amount": -amount,
                },
            ]
        )

    def at_once(self, *actions):
        return self.house.at_once(*actions)

    def due_today(self):
        with self.house.env() as env:
            terms = env["wine.share.terms"].browse(self.terms_id)
            terms.write({"period": "daily", "next_date": fields.Date.today()})

    def account(self, env):
        return env["wine.share.account"].browse(self.account_id)

    def found(self):
        """(settlements, their gross, what is available, what the books owe) as committed."""
        with self.house.env() as env:
            account = self.account(env)
            settlements = account.settlement_ids.filtered(
                lambda one: one.state not in ("cancelled", "failed")
            )
            owed = env["account.move.line"].search(
                [
                    ("account_id", "=", account.company_id.wine_share_payable_account_id.id),
                    ("partner_id", "=", account.partner_id.id),
                    ("parent_state", "=", "posted"),
                ]
            )
            return (
                len(settlements),
                round(sum(settlements.mapped("gross")), 2),
                round(account.available, 2),
                round(-sum(owed.mapped("balance")), 2),
            )

    def test_two_runs_at_once(self):
        self.due_today()
        self.at_once(*[lambda env: env["wine.share.settlement"]._cron_settle()] * 3)
        self.at_once(lambda env: env["wine.share.settlement"]._cron_settle())
        self.assertEqual(self.found()[:3], (1, 60.0, 0.0))

    def test_run_and_hand(self):
        """The scheduled run, a person and a withdrawal want the same money."""
        self.due_today()
        self.at_once(
            lambda env: env["wine.share.settlement"]._cron_settle(),
            lambda env: env["wine.share.settlement"]._settle(self.account(env)),
            lambda env: env["wine.share.entry"]._take_available(self.account(env), 45.0),
        )
        with self.house.env() as env:
            account = self.account(env)
            total = account.available + account.in_settlement
            self.assertEqual((round(total, 2), round(account.earned, 2)), (60.0, 60.0))
            taken = sum(account.settlement_ids.mapped("gross"))
            free = account.entry_ids.filtered(
                lambda entry: entry.state == "settling" and not entry.settlement_id
            )
            self.assertEqual(round(taken + sum(free.mapped("amount")), 2), account.in_settlement)

    def test_two_accruals_at_once(self):
        def accrue(env):
            company = self.account(env).company_id
            env["wine.share.accrual"]._accrue(company, company.currency_id, fields.Date.today())

        self.assertFalse(self.at_once(*[accrue] * 3))
        self.assertEqual(self.found(), (0, 0.0, 60.0, 60.0))

    def test_approved_twice_at_once(self):
        with self.house.env() as env:
            settlement_id = env["wine.share.settlement"]._settle(self.account(env)).id

        def approve(env):
            env["wine.share.settlement"].browse(settlement_id)._approve()

        self.assertFalse(self.at_once(*[approve] * 3))
        with self.house.env() as env:
            settlement = env["wine.share.settlement"].browse(settlement_id)
            payments = env["account.payment"].search(
                [("wine_share_settlement_id", "=", settlement_id)]
            )
            self.assertEqual((payments, settlement.state), (settlement.payment_id, "approved"))
        self.assertEqual(self.found(), (1, 60.0, 0.0, 0.0))

    def test_approved_and_cancelled_at_once(self):
        """Either it is on its way or it is cancelled; the books owe what the ledger says."""
        with self.house.env() as env:
            settlement_id = env["wine.share.settlement"]._settle(self.account(env)).id

        def on(method, *args):
            return lambda env: getattr(env["wine.share.settlement"].browse(settlement_id), method)(
                *args
            )

        self.at_once(on("_approve"), on("_cancel", "Changed our mind"))
        with self.house.env() as env:
            env["wine.share.settlement"].browse(settlement_id)._cancel("Whatever it is")
            company = self.account(env).company_id
            env["wine.share.accrual"]._accrue(company, company.currency_id, fields.Date.today())
        self.assertEqual(self.found(), (0, 0.0, 60.0, 60.0))
