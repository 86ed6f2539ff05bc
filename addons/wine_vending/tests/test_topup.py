# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import tagged

from .channels import ShopCommon, WebsiteCommon


class TopupCommon:
    """Stored value is bought: money came in, nothing was sold yet."""

    def make_card(self):
        """A product that buys stored value: by Odoo's loyalty, else by the hook."""
        card = self.make_bottle("C-CARD", 50.0, self.env["account.tax"])
        if "loyalty.program" in self.env:
            self.env["loyalty.program"].create(
                {
                    "name": "Card",
                    "program_type": "ewallet",
                    "rule_ids": [(0, 0, {"product_ids": [(6, 0, card.ids)]})],
                }
            )
        else:
            model = type(self.env["product.product"])
            self.patch(model, "_wine_topups", lambda products: card.with_env(products.env))
        return card


@tagged("post_install", "-at_install")
class TestTopupShop(TopupCommon, ShopCommon):
    def test_a_line_that_buys_stored_value(self):
        card = self.make_card()
        self.sell(self.line(card), self.line(self.red))
        self.assertEqual([line.kind for line in self.told()[0]], ["topup", "sale"])

    def test_a_discount_of_the_order_is_not_of_the_stored_value(self):
        card, off = self.make_card(), self.make_bottle("C-OFF", 0.0, self.tax_within)
        self.sell(self.line(card), self.line(self.red), self.line(off, price=-11.0))
        self.assertEqual([line.gross for line in self.told()[0]], [50, 99])


@tagged("post_install", "-at_install")
class TestTopupWebsite(TopupCommon, WebsiteCommon):
    def test_a_line_that_buys_stored_value(self):
        card = self.make_card()
        self.pay(self.make_order((card, 1), (self.red, 1)))
        self.assertEqual([line.kind for line in self.told()[0]], ["topup", "sale"])

    def test_without_programmes_nothing_is_stored_value(self):
        self.assertNotIn(self.red, self.red._wine_topups())
