# SPDX-License-Identifier: LGPL-3.0-or-later
"""The share ledger under several hands; each has a connection of its own and commits."""

import unittest
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.modules.registry import Registry

from tests.harness import House

DATABASE = "wine_ledger"


class TestShareLedgerRaces(unittest.TestCase):
    """A tiered policy at one machine; sales, refunds, releases and takings at the same moment."""

    @classmethod
    def setUpClass(cls):
        cls.house = House(DATABASE).__enter__()
        cls.addClassCleanup(cls.house.__exit__, None, None, None)
        cls.registry = Registry(DATABASE)

    def setUp(self):
        """A partner of its own for each test, named by a policy that counts from today on."""
        with self.house.env() as env:
            machine = env["wine.machine"].search([("state", "=", "active")], limit=1)
            company = machine.company_id
            partner = env["res.partner"].create({"name": f"Partner {uuid4().hex[:6]}"})
            self.product = env["product.product"].create({"name": f"Wine {uuid4().hex[:6]}"})
            tiers = [
                Command.create({"turnover": 0, "bp": 1000}),
                Command.create({"turnover": 100, "bp": 2000}),
            ]
            policy = env["wine.share.policy"].create(
                {
                    "name": f"Race {uuid4().hex[:6]}",
                    "company_id": company.id,
                    "machine_id": machine.id,
                    "product_id": self.product.id,
                    "date_from": fields.Date.today(),
                    "hold_days": 0,
                    "line_ids": [
                        Command.create(
                            {
                                "sequence": 1,
                                "role": "partner",
                                "partner_id": partner.id,
                                "value": "tiered",
                                "tier_ids": tiers,
                            }
                        ),
                        Command.create({"sequence": 2, "role": "platform", "value": "residual"}),
                    ],
                }
            )
            policy.action_activate()
            account = env["wine.share.account"]._get(company, partner)
            account._set_verified()
            self.account_id = account.id
            from odoo.addons.wine_vending.core.sale_line import SaleLine

            self.pattern = SaleLine(
                source="", channel="machine", kind="sale", date=fields.Date.today(),
                region_id=machine.region_id.id, site_id=machine.site_id.id,
                machine_id=machine.id, vend_id=None, product_id=self.product.id,
                supplier_id=None, partner_id=None, qty=Decimal(1), ml=750, gross=Decimal("60.00"),
                discount=Decimal(0), net=Decimal("60.00"), tax=Decimal(0),
                currency=company.currency_id.name, payment_kind="card", company_id=company.id,
            )  # fmt: skip

    def line(self, **values):
        return replace(
            self.pattern, **{"source": f"pos.order.line:{uuid4()}", "order": str(uuid4()), **values}
        )

    def back(self, sale, part):
        part = Decimal(part)
        return self.line(reverses=sale.source, net=-part, gross=-part)

    def post(self, *lines):
        """An action that posts lines."""
        return lambda env: env["wine.share.entry"]._post(list(lines))

    def do(self, *lines):
        with self.house.env() as env:
            self.post(*lines)(env)

    def at_once(self, *actions):
        return self.house.at_once(*actions)

    def found(self):
        """(available, in settlement, earned) of the partner, as committed."""
        with self.house.env() as env:
            account = env["wine.share.account"].browse(self.account_id)
            sums = env["wine.share.entry"]._read_group([], [], ["amount:sum"])
            self.assertEqual(round(sums[0][0], 2), 0, "the ledger comes to zero")
            return tuple(
                round(amount, 2)
                for amount in (account.available, account.in_settlement, account.earned)
            )

    def take(self, amount=None):
        def action(env):
            account = env["wine.share.account"].browse(self.account_id)
            env["wine.share.entry"]._take_available(account, amount)

        return action

    def test_two_batches_in_one_tier(self):
        """Two sales of 60: whoever comes second is above the first 100 of the month."""
        self.assertFalse(self.at_once(self.post(self.line()), self.post(self.line())))
        self.assertEqual(self.found(), (14.0, 0.0, 14.0))
        with self.house.env() as env:
            account = env["wine.share.account"].browse(self.account_id)
            volume = env["wine.share.volume"].search([("partner_id", "=", account.partner_id.id)])
            self.assertEqual((volume.turnover, volume.units), (120.0, 2))

    def test_the_same_sale_twice_at_once(self):
        sale = self.line()
        self.at_once(*[self.post(sale)] * 3)
        self.do(sale)
        self.assertEqual(self.found(), (6.0, 0.0, 6.0))

    def test_two_refunds_of_one_sale_at_once(self):
        sale = self.line()
        self.do(sale)
        refunds = [self.back(sale, part) for part in ("29.99", "30.01")]
        self.assertFalse(self.at_once(*(self.post(refund) for refund in refunds)))
        self.assertEqual(self.found(), (0.0, 0.0, 0.0))

    def test_two_takings_at_once(self):
        self.do(self.line(), self.line())
        problems = self.at_once(self.take(10.0), self.take(10.0))
        self.assertEqual([type(problem) for problem in problems], [UserError])
        self.assertEqual(self.found(), (4.0, 10.0, 14.0))

    def test_everything_is_taken_by_one(self):
        self.do(self.line(), self.line())
        self.assertFalse(self.at_once(*[self.take()] * 4))
        self.assertEqual(self.found(), (0.0, 14.0, 14.0))

    def test_taking_while_it_is_refunded(self):
        """The refund waits for nobody; what had been taken is owed afterwards."""
        sale = self.line()
        self.do(sale)
        problems = self.at_once(self.take(6.0), self.post(self.back(sale, "60.00")))
        self.assertLessEqual({type(problem) for problem in problems}, {UserError})
        available, settling, earned = self.found()
        self.assertEqual((round(available + settling, 2), earned), (0.0, 0.0))
        self.assertIn(settling, (6.0, 0.0))

    def test_release_against_reversal(self):
        """Held until a moment ago: released and refunded at once, then released again."""
        with self.house.env() as env:
            env["wine.share.account"].browse(self.account_id)._set_verified(False)
        sale = self.line()
        self.do(sale)
        self.assertEqual(self.found(), (0.0, 0.0, 6.0))

        def verify(env):
            env["wine.share.account"].browse(self.account_id)._set_verified()

        self.assertFalse(self.at_once(verify, self.post(self.back(sale, "20.00"))))
        self.assertFalse(self.at_once(self.take()))
        self.assertEqual(self.found(), (0.0, 4.0, 4.0))

    def test_two_releases_at_once(self):
        with self.house.env() as env:
            env["wine.share.account"].browse(self.account_id)._set_verified(False)
        self.do(*(self.line() for _number in range(5)))
        with self.house.env() as env:
            env.cr.execute(
                "UPDATE wine_share_account SET verified = TRUE WHERE id = %s", [self.account_id]
            )

        def release(env):
            env["wine.share.entry"]._cron_release()

        self.at_once(release, release)
        self.at_once(release)
        available, settling, earned = self.found()
        self.assertEqual((available, settling), (earned, 0.0))
