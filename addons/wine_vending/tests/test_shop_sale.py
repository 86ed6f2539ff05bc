# SPDX-License-Identifier: LGPL-3.0-or-later
from decimal import Decimal

from odoo import Command
from odoo.tests import new_test_user, tagged

from .channels import ShopCommon


@tagged("post_install", "-at_install")
class TestShopSale(ShopCommon):
    """Orders of a till reach the wings: once, whole, and back again."""

    def test_a_paid_order_is_announced_line_by_line(self):
        order = self.sell(self.line(self.red, 2), self.line(self.white))
        (red, white), back = self.told()
        self.assertFalse(back)
        self.assertEqual(red.source, f"pos.order.line:{order.lines[0].uuid}")
        self.assertEqual({red.order, white.order}, {f"pos.order:{order.uuid}"})
        self.assertEqual((red.channel, red.kind), ("shop", "sale"))
        self.assertEqual((red.gross, red.net, red.tax), (220, 200, 20))
        self.assertEqual((red.qty, red.ml, red.cost, red.discount), (2, 1500, 80, 0))
        self.assertEqual((white.gross, white.net), (33, 30))
        self.assertEqual(red.supplier_id, self.grower.id)
        self.assertEqual(red.partner_id, self.customer.id)
        self.assertEqual(red.company_id, self.company.id)
        self.assertIsNone(red.machine_id)

    def test_region_of_the_shop_is_that_of_its_warehouse(self):
        self.sell(self.line(self.red))
        self.assertEqual(self.told()[0][0].region_id, self.region.id)

    def test_a_shop_may_name_its_region_and_still_has_a_till(self):
        other = self.make_region("Otherland", "OTH")
        self.till = self.make_till(
            name="Shop of Otherland",
            wine_region_id=other.id,
            payment_method_ids=[Command.set(self.card.ids)],
        )
        self.till.open_ui()
        self.till.current_session_id.set_opening_control(0, "")
        self.sell(self.line(self.red))
        self.assertEqual(self.told()[0][0].region_id, other.id)

    def test_synced_twice_is_sold_once(self):
        ticket = self.ticket(self.line(self.red), self.line(self.white))
        self.sync(ticket)
        self.sync(ticket)
        sold, _back = self.told()
        self.assertEqual(len(sold), 2)
        self.assertEqual(self.balance(), 143)

    def test_a_draft_is_not_sold_until_it_is_paid(self):
        ticket = self.ticket(self.line(self.red))
        self.sync({**ticket, "state": "draft", "payment_ids": [], "amount_paid": 0})
        self.assertEqual(self.told(), ([], []))
        self.sync({**ticket, "lines": []})
        self.assertEqual([line.gross for line in self.told()[0]], [110])

    def test_an_announced_order_announced_again_changes_nothing(self):
        order = self.sell(self.line(self.red))
        self.told()
        self.env["wine.sale.line"]._announce(order._wine_sale_lines())
        self.assertEqual(self.told(), ([], []))

    def test_discount_of_a_line(self):
        self.sell(self.line(self.red, discount=10.0))
        (line,), _back = self.told()
        self.assertEqual((line.gross, line.net, line.discount), (99, 90, 11))

    def test_discount_of_a_line_whose_tax_is_on_top(self):
        rose = self.make_bottle("C-ROSE", 100.0, self.tax_on_top)
        self.sell(self.line(rose, discount=10.0))
        (line,), _back = self.told()
        self.assertEqual((line.gross, line.net, line.discount), (99, 90, 11))

    def test_discount_of_the_whole_order_lies_on_its_goods(self):
        off = self.make_bottle("C-OFF", 0.0, self.tax_within)
        order = self.sell(self.line(self.red), self.line(self.white), self.line(off, price=-14.3))
        sold, _back = self.told()
        self.assertEqual([line.gross for line in sold], [99, Decimal("29.7")])
        self.assertEqual([line.discount for line in sold], [11, Decimal("3.3")])
        self.assertAlmostEqual(float(sum(line.gross for line in sold)), order.amount_total)
        self.assertAlmostEqual(float(sum(line.tax for line in sold)), order.amount_tax)

    def test_rounding_of_the_order_is_on_its_lines(self):
        """With taxes rounded per order, lines that are rounded alone would miss a cent."""
        self.company.tax_calculation_rounding_method = "round_globally"
        for count in (2, 3, 7):
            with self.subTest(count=count):
                order = self.sell(*(self.line(self.red, price=21.53) for _each in range(count)))
                order._compute_prices()  # as the till does it before it sends the order
                sold, _back = self.told()
                self.assertEqual(float(sum(line.tax for line in sold)), order.amount_tax)
                self.assertEqual(float(sum(line.gross for line in sold)), order.amount_total)

    def test_cash_rounding_is_of_the_payment(self):
        self.till.current_session_id.unlink()
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "Five cents",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "profit_account_id": self.company.default_cash_difference_income_account_id.id,
                "loss_account_id": self.company.default_cash_difference_expense_account_id.id,
            }
        )
        self.till.write({"cash_rounding": True, "rounding_method": rounding.id})
        self.till.open_ui()
        self.till.current_session_id.set_opening_control(0, "")
        self.sell(self.line(self.red, price=10.02), paid=10.0, method=self.cash)
        (line,), _back = self.told()
        self.assertEqual(line.gross, Decimal("10.02"))

    def test_a_refund_takes_back_its_line(self):
        order = self.sell(self.line(self.red, 3), self.line(self.white))
        (red, _white), _back = self.told()
        refund = self.sell(self.line(self.red, -1, refunds=order.lines[0]))
        sold, (back,) = self.told()
        self.assertFalse(sold)
        self.assertEqual(back.reverses, red.source)
        self.assertEqual(back.source, f"pos.order.line:{refund.lines.uuid}")
        self.assertEqual((back.gross, back.net, back.tax), (-110, -100, -10))
        self.assertEqual((back.qty, back.ml, back.cost), (-1, -750, -40))
        self.sell(self.line(self.red, -2, refunds=order.lines[0]))
        self.sell(self.line(self.white, -1, refunds=order.lines[1]))
        for field in ("gross", "net", "tax", "qty", "ml", "cost", "discount"):
            self.assertEqual(self.balance(field), 0, field)

    def test_a_refund_synced_twice_is_taken_back_once(self):
        order = self.sell(self.line(self.red))
        ticket = self.ticket(self.line(self.red, -1, refunds=order.lines))
        self.sync(ticket)
        self.sync(ticket)
        self.assertEqual(len(self.told()[1]), 1)
        self.assertEqual(self.balance(), 0)

    def test_a_refund_of_more_than_was_paid_takes_back_what_was_paid(self):
        """Sold with an order discount, given back at the full price of the label."""
        off = self.make_bottle("C-OFF", 0.0, self.tax_within)
        order = self.sell(self.line(self.red), self.line(off, price=-11.0))
        self.told()
        self.sell(self.line(self.red, -1, refunds=order.lines[0]))
        _sold, (back,) = self.told()
        self.assertEqual((back.gross, back.discount), (-99, -11))
        self.assertEqual(self.balance(), 0)

    def test_a_discount_that_is_given_back_too_lowers_the_refund(self):
        off = self.make_bottle("C-OFF", 0.0, self.tax_within)
        order = self.sell(self.line(self.red, 2), self.line(off, price=-22.0))
        self.told()
        self.sell(
            self.line(self.red, -1, refunds=order.lines[0]),
            self.line(off, -1, price=-11.0, refunds=order.lines[1]),
        )
        _sold, (back,) = self.told()
        self.assertEqual((back.gross, back.net), (-99, -90))
        self.assertEqual(self.balance(), 99)

    def test_an_exchange_takes_back_and_sells(self):
        order = self.sell(self.line(self.white))
        self.told()
        self.sell(self.line(self.white, -1, refunds=order.lines), self.line(self.red))
        sold, back = self.told()
        self.assertEqual([line.gross for line in sold], [110])
        self.assertEqual([line.gross for line in back], [-33])

    def test_a_negative_line_alone_sells_nothing_and_takes_nothing_back(self):
        self.sell(self.line(self.red, -1))
        self.assertEqual(self.told(), ([], []))

    def test_a_tip_is_no_sale(self):
        tip = self.make_bottle("C-TIP", 0.0, self.env["account.tax"])
        self.till.tip_product_id = tip
        self.sell(self.line(self.red), self.line(tip, price=5.0))
        self.assertEqual([line.gross for line in self.told()[0]], [110])

    def test_orders_of_machines_announce_themselves_once(self):
        self.project(self.local(self.machine, pay="card"))
        sold, _back = self.told()
        self.assertEqual([line.channel for line in sold], ["machine"])
        self.assertFalse(self.env["wine.sale.line"].search([]))

    def test_who_stands_at_the_till_needs_no_rights_of_ours(self):
        user = new_test_user(self.env, "cashier", "point_of_sale.group_pos_user,base.group_user")
        ticket = self.ticket(self.line(self.red))
        self.env["pos.order"].with_user(user).sync_from_ui([dict(ticket)])
        self.assertEqual(len(self.told()[0]), 1)
