# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import tagged

from .channels import ShopCommon, WebsiteCommon


@tagged("post_install", "-at_install")
class TestTillSettles(WebsiteCommon, ShopCommon):
    """A sales order that is paid at a till is sold once: there, or by its own rules."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.advance = cls.make_bottle("C-ADVANCE", 0.0, cls.tax_within)
        cls.advance.is_storable = False
        cls.till.down_payment_product_id = cls.advance

    def of_order(self, order, line=None, **values):
        """What the till adds to a line that it took from a sales order."""
        values["sale_order_origin_id"] = order.id
        return {**values, "sale_order_line_id": line.id} if line else values

    def test_settled_at_the_till_it_is_sold_there(self):
        order = self.make_order((self.red, 1), (self.white, 1))
        order.action_confirm()
        self.sell(
            *(
                {**self.line(line.product_id), **self.of_order(order, line)}
                for line in order.order_line
            )
        )
        sold, _back = self.told()
        self.assertEqual(
            [(line.channel, line.gross) for line in sold], [("shop", 110), ("shop", 33)]
        )
        order._wine_settle()
        order._action_cancel()
        self.assertEqual(self.told(), ([], []))

    def test_an_advance_at_the_till_sells_nothing_yet(self):
        order = self.make_order((self.red, 1))
        order.action_confirm()
        self.sell({**self.line(self.advance, price=30.0), **self.of_order(order)})
        self.assertEqual(self.told(), ([], []))
        self.pay(order, 80.0)
        sold, _back = self.told()
        self.assertEqual([(line.channel, line.gross) for line in sold], [("website", 110)])

    def test_the_rest_may_have_been_paid_before(self):
        order = self.make_order((self.red, 1))
        order.action_confirm()
        self.pay(order, 80.0)
        self.assertEqual(self.told(), ([], []))
        self.sell({**self.line(self.advance, price=30.0), **self.of_order(order)})
        sold, _back = self.told()
        self.assertEqual([(line.channel, line.gross) for line in sold], [("website", 110)])

    def test_an_advance_that_is_taken_off_at_the_till_lowers_no_sale(self):
        order = self.make_order((self.red, 1))
        order.action_confirm()
        self.sell({**self.line(self.advance, price=30.0), **self.of_order(order)})
        self.sell(
            {**self.line(self.red), **self.of_order(order, order.order_line[0])},
            {**self.line(self.advance, -1, price=30.0), **self.of_order(order)},
        )
        sold, _back = self.told()
        self.assertEqual([(line.channel, line.gross) for line in sold], [("shop", 110)])
