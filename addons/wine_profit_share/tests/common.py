# SPDX-License-Identifier: LGPL-3.0-or-later
"""A policy, sales and balances in one line each."""

from collections import defaultdict

from odoo import Command
from odoo.addons.wine_vending.tests.common import WineCommon


class ShareCommon(WineCommon):
    """A region below another one, each with its operator; a host, a salesperson, a supplier."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.above = cls.make_region("Testland above", "TSTA")
        cls.region.parent_id = cls.above
        cls.operator = cls.make_partner("Operator of Testland")
        cls.operator_above = cls.make_partner("Operator above")
        cls.host = cls.make_partner("Host")
        cls.salesperson = cls.make_partner("Salesperson")
        cls.supplier = cls.make_partner("Supplier")
        cls.region.operator_partner_id = cls.operator
        cls.above.operator_partner_id = cls.operator_above
        cls.machine.site_id.host_partner_id = cls.host
        for product in (cls.wine, cls.soda):
            product.seller_ids = [Command.create({"partner_id": cls.supplier.id})]
        if "salesperson_id" in cls.env["wine.site"]._fields:
            cls.machine.site_id.salesperson_id = cls.salesperson
        cls.platform = cls.company.partner_id
        cls.rest_policies()
        newest = cls.env["wine.share.entry"].search([], order="id desc", limit=1)
        #: what was in the ledger before the test is none of its business
        cls.newest_before = newest.id or 0

    @classmethod
    def make_partner(cls, name):
        return cls.env["res.partner"].create({"name": name, "is_company": True})

    @classmethod
    def rest_policies(cls):
        """Nothing is in force but what a test puts in force."""
        cls.env["wine.share.policy"].flush_model()
        cls.env.cr.execute(
            "UPDATE wine_share_policy SET date_from = '1999-01-01', date_to = '1999-01-02' "
            "WHERE company_id = %s AND state != 'draft'",
            [cls.company.id],
        )
        cls.env.invalidate_all()
        cls.env.registry.clear_cache()

    @classmethod
    def make_policy(cls, name, rules, **scope):
        """An active policy.

        :param list[dict] rules: values of ``wine.share.policy.line`` in the order of the chain
        :param scope: other values of the policy; it counts from long ago unless told otherwise
        """
        scope.setdefault("date_from", "2020-01-01")
        policy = cls.env["wine.share.policy"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "line_ids": [
                    Command.create({"sequence": number, **rule})
                    for number, rule in enumerate(rules, 1)
                ],
                **scope,
            }
        )
        policy.action_activate()
        return policy

    def sell(self, count=1, pay="card", slot="A1", machine=None, **data):
        """Vends of the machine, taken in by the projection; returns them."""
        machine = machine or self.machine
        return self.project(
            *(self.local(machine, slot=slot, pay=pay, **data) for _number in range(count))
        )

    def refund(self, vends):
        """Give all the money of these vends back."""
        for vend in vends:
            vend._refund(goods_returned=False)
        self.env.invalidate_all()

    def entries(self, *domain):
        """Entries that the test made in its company, oldest first."""
        ours = [("company_id", "=", self.company.id), ("id", ">", self.newest_before)]
        return self.env["wine.share.entry"].search([*ours, *domain], order="id")

    def balances(self, *domain):
        """dict partner → sum of all entries; the company itself is the sum of pool and platform.

        Only what is not zero, rounded to the cent.
        """
        sums = defaultdict(float)
        for entry in self.entries(*domain):
            sums[entry.partner_id] += entry.amount
        return {
            partner: round(amount, 2) for partner, amount in sums.items() if round(amount, 2) != 0
        }

    def verify(self, *partners):
        """Finance has looked at these partners: what they earn need not be held for that."""
        for partner in partners:
            self.env["wine.share.account"]._get(self.company, partner)._set_verified()
