# SPDX-License-Identifier: LGPL-3.0-or-later
"""Kit of the cash tests: reports of phone and machine, and what the books say."""

from datetime import timedelta
from uuid import uuid4

from odoo import fields
from odoo.tests import new_test_user

from .common import WineCommon


class CashCommon(WineCommon):
    """A region that tolerates a difference of 1.00, finance, and somebody who drives."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.region.cash_tolerance = 1.0
        cls.driver = new_test_user(cls.env, "cash-driver", "wine_vending.group_wine_service")
        cls.treasurer = new_test_user(cls.env, "cash-finance", "wine_vending.group_wine_finance")
        cls.manager = new_test_user(
            cls.env, "cash-manager", "wine_vending.group_wine_region_manager"
        )
        cls.region.staff_ids = cls.driver
        cls.region.manager_ids = cls.manager
        cls.now = fields.Datetime.now()
        journal = cls.region.safe_journal_id
        cls.gain_before = -cls.balance_of(journal.profit_account_id)
        cls.loss_before = cls.balance_of(journal.loss_account_id)

    def ago(self, **delta):
        return self.now - timedelta(**delta)

    def sell(self, *minutes_ago, machine=None, slot="A1", **data):
        """Cash sales so many minutes ago."""
        machine = machine or self.machine
        return self.project(
            *(self.local(machine, slot, when=self.ago(minutes=m), **data) for m in minutes_ago)
        )

    def take(self, counted=None, minutes_ago=0, machine=None, source="phone", **values):
        """One report of a collection; ``counted`` in notes."""
        vals = {
            "machine_id": (machine or self.machine).id,
            "uuid": str(uuid4()),
            "moment": self.ago(minutes=minutes_ago),
            "source": source,
            "user_id": self.driver.id if source == "phone" else False,
            "counted_coins": 0 if counted is not None else None,
            "counted_notes": counted,
            **values,
        }
        return self.env["wine.cash.collection"]._take([vals])

    @classmethod
    def balance_of(cls, account):
        rows = cls.env["account.move.line"]._read_group(
            [("account_id", "=", account.id), ("parent_state", "=", "posted")],
            aggregates=["balance:sum"],
        )
        return rows[0][0] or 0.0

    def balance(self, account):
        return self.balance_of(account)

    def safe(self, region=None):
        return self.balance((region or self.region).safe_journal_id.default_account_id)

    def gain(self):
        """What was booked as found too much since the test began."""
        return self.since(-self.balance(self.region.safe_journal_id.profit_account_id), "gain")

    def loss(self):
        return self.since(self.balance(self.region.safe_journal_id.loss_account_id), "loss")

    def since(self, amount, name):
        return self.region.currency_id.round(amount - getattr(self, f"{name}_before"))

    def unclosed(self, region):
        """Cash of open sessions: in the machines, not yet in the ledger."""
        payments = self.env["pos.payment"].search(
            [
                ("pos_order_id.wine_region_id", "=", region.id),
                ("wine_cash_machine_id", "!=", False),
                ("session_id.state", "!=", "closed"),
            ]
        )
        return sum(payments.mapped("amount"))

    def on_the_way(self, region):
        """What left the machines in bags that are not booked yet."""
        bags = self.env["wine.cash.collection"].search(
            [
                ("region_id", "=", region.id),
                ("state", "in", ("draft", "counted")),
                ("claimed_at", "!=", False),
                ("kind", "=", "collection"),
            ]
        )
        return sum(bags.mapped("expected"))

    def assert_books(self, region=None):
        """Machines + bags on the way = ledger account + open sessions, to the smallest coin."""
        region = region or self.region
        self.env.flush_all()
        self.env.invalidate_all()
        machines = self.env["wine.machine"].search([("region_id", "=", region.id)])
        held = sum(machines.mapped("cash_in_machine")) + self.on_the_way(region)
        ledger = self.balance(region._cash_account()) + self.unclosed(region)
        self.assertEqual(
            region.currency_id.compare_amounts(held, ledger), 0, f"{held} in machines, {ledger}"
        )

    def cases(self, collection):
        return collection.case_ids.filtered(lambda case: case.state == "open")
