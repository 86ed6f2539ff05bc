# SPDX-License-Identifier: LGPL-3.0-or-later
"""Sales of machines shared as they are projected: who gets what, and what comes back."""

from odoo.tests import tagged

from .common import ShareCommon


@tagged("post_install", "-at_install")
class TestShareSale(ShareCommon):
    """One policy with every kind of role, at one machine."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.make_policy(
            "Harbour",
            [
                {"role": "host", "value": "percent", "bp": 800},
                {"role": "salesperson", "value": "percent", "bp": 300},
                {"role": "supplier", "value": "unit", "amount": 1.0},
                {"role": "operator_above", "value": "percent", "bp": 100},
                {"role": "operator", "value": "residual"},
            ],
            region_id=cls.region.id,
            hold_days=0,
        )

    def net(self, vend):
        return sum(line.price_subtotal for line in vend.order_ids.lines)

    def test_a_sale_is_shared_with_its_order(self):
        vend = self.sell()
        entries = self.entries(("vend_id", "=", vend.id))
        net = self.net(vend)
        got = {entry.role: entry.amount for entry in entries}
        self.assertEqual(got["pool"], -net)
        self.assertEqual(got["host"], self.company.currency_id.round(net * 0.08))
        self.assertEqual(got["supplier"], 1.0)
        self.assertEqual(got["operator_above"], self.company.currency_id.round(net * 0.01))
        self.assertEqual(round(sum(entries.mapped("amount")), 2), 0)
        self.assertEqual(len(entries), 6)
        host = entries.filtered(lambda entry: entry.role == "host")
        self.assertIn("8 % of", host.sentence)
        self.assertIn("site host, policy Harbour v1", host.sentence)
        self.refund(vend)
        self.assertFalse(self.balances())
