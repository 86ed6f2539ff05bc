# SPDX-License-Identifier: LGPL-3.0-or-later
from decimal import Decimal

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .channels import WebsiteCommon


@tagged("post_install", "-at_install")
class TestWebsiteSale(WebsiteCommon):
    """Orders of the website are sold when confirmed and paid, whichever comes last."""

    def test_a_paid_quotation_is_confirmed_and_sold(self):
        order = self.make_order((self.red, 2), (self.white, 1))
        self.pay(order)
        self.assertEqual(order.state, "sale")
        (red, white), back = self.told()
        self.assertFalse(back)
        self.assertEqual(red.source, f"sale.order.line:{order.order_line[0].id}")
        self.assertEqual({red.order, white.order}, {f"sale.order:{order.id}"})
        self.assertEqual((red.channel, red.kind, red.payment_kind), ("website", "sale", "unknown"))
        self.assertEqual((red.gross, red.net, red.tax), (220, 200, 20))
        self.assertEqual((red.qty, red.ml, red.cost), (2, 1500, 80))
        self.assertEqual(red.region_id, self.region.id)
        self.assertEqual(red.supplier_id, self.grower.id)
        self.assertEqual(red.partner_id, self.customer.id)
        self.assertEqual(red.date, self.region._business_today())
        self.assertEqual(white.net, 30)

    def test_a_confirmed_order_is_sold_when_the_last_of_it_is_paid(self):
        order = self.make_order((self.red, 1))
        order.action_confirm()
        self.assertEqual(self.told(), ([], []))
        self.pay(order, 50.0)
        self.assertEqual(self.told(), ([], []))
        self.pay(order, 60.0)
        self.assertEqual([line.gross for line in self.told()[0]], [110])

    def test_an_authorised_payment_is_no_money_yet(self):
        order = self.make_order((self.red, 1))
        self.provider.support_manual_capture = "full_only"
        transaction = self.pay(order, state="authorized")
        self.assertEqual(order.state, "sale")
        self.assertEqual(self.told(), ([], []))
        transaction._set_done()
        transaction._post_process()
        self.assertEqual(len(self.told()[0]), 1)

    def test_a_payment_processed_again_changes_nothing(self):
        order = self.make_order((self.red, 1))
        transaction = self.pay(order)
        self.told()
        transaction._post_process()
        order._wine_settle()
        self.assertEqual(self.told(), ([], []))
        self.assertEqual(self.balance(), 110)

    def test_an_invoice_that_is_paid(self):
        order = self.make_order((self.red, 1), (self.white, 2))
        order.action_confirm()
        invoice = self.invoice(order)
        self.assertEqual(self.told(), ([], []))
        self.transfer(invoice, 100.0)
        self.assertEqual(self.told(), ([], []))
        self.transfer(invoice)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        sold, _back = self.told()
        self.assertEqual([line.gross for line in sold], [110, 66])
        self.assertEqual({line.payment_kind for line in sold}, {"bank"})

    def test_invoiced_in_parts_it_is_sold_when_all_parts_are_paid(self):
        order = self.make_order((self.red, 2))
        order.action_confirm()
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(order.ids)],
                "advance_payment_method": "percentage",
                "amount": 30,
            }
        )
        advance = wizard._create_invoices(order)
        advance.action_post()
        self.transfer(advance)
        self.assertEqual(self.told(), ([], []))
        self.transfer(self.invoice(order))
        sold, _back = self.told()
        self.assertEqual([(line.product_id, line.gross) for line in sold], [(self.red.id, 220)])

    def test_invoiced_after_it_was_paid_it_is_not_sold_again(self):
        order = self.make_order((self.red, 1))
        self.pay(order)
        self.told()
        invoice = self.invoice(order)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(self.told(), ([], []))

    def test_lines_edited_afterwards_do_not_change_what_was_announced(self):
        order = self.make_order((self.red, 1))
        self.pay(order)
        self.told()
        order.order_line.product_uom_qty = 5
        self.pay(order)
        self.assertEqual(self.told(), ([], []))

    def test_discounts_of_line_and_order(self):
        order = self.make_order((self.red, 1, 10.0), (self.white, 1))
        self.env["sale.order.discount"].create(
            {
                "sale_order_id": order.id,
                "discount_type": "so_discount",
                "discount_percentage": 0.1,
            }
        ).action_apply_discount()
        self.assertAlmostEqual(order.amount_total, 118.8)
        self.pay(order)
        red, white = self.told()[0]
        self.assertEqual((red.gross, red.discount), (Decimal("89.1"), Decimal("20.9")))
        self.assertEqual((white.gross, white.discount), (Decimal("29.7"), Decimal("3.3")))
        self.assertAlmostEqual(float(red.tax + white.tax), order.amount_tax)

    def test_rounding_of_the_order_is_on_its_lines(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        self.red.list_price = 21.53
        for count in (2, 3, 7):
            with self.subTest(count=count):
                order = self.make_order(*((self.red, 1) for _each in range(count)))
                self.pay(order)
                sold, _back = self.told()
                self.assertEqual(float(sum(line.tax for line in sold)), order.amount_tax)
                self.assertEqual(float(sum(line.gross for line in sold)), order.amount_total)

    def test_units_of_the_product(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self.make_order((self.red, 1))
        order.order_line.write({"product_uom_id": dozen.id, "price_unit": 1320.0})
        self.pay(order)
        (line,), _back = self.told()
        self.assertEqual((line.qty, line.ml, line.cost), (12, 9000, 480))
        self.assertEqual(line.gross, 1320)

    def test_an_order_in_another_currency(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        yen.rate_ids.unlink()
        yen.rate_ids.create({"currency_id": yen.id, "rate": 150.0, "name": "2020-01-01"})
        pricelist = self.env["product.pricelist"].create({"name": "Yen", "currency_id": yen.id})
        order = self.make_order((self.red, 1), pricelist_id=pricelist.id)
        self.pay(order)
        (line,), _back = self.told()
        self.assertEqual(line.currency, "JPY")
        self.assertEqual((line.gross, line.net, line.tax), (16500, 15000, 1500))
        self.assertEqual(line.cost, 6000)

    def test_sections_and_advances_are_no_goods(self):
        order = self.make_order((self.red, 1))
        order.write(
            {"order_line": [Command.create({"name": "Red wines", "display_type": "line_section"})]}
        )
        self.pay(order)
        self.assertEqual(len(self.told()[0]), 1)

    def test_an_order_of_no_region(self):
        warehouse = self.env["stock.warehouse"].create({"name": "Elsewhere", "code": "ELSE"})
        self.pay(self.make_order((self.red, 1), warehouse_id=warehouse.id))
        self.assertIsNone(self.told()[0][0].region_id)

    def test_what_was_announced_is_kept(self):
        self.pay(self.make_order((self.red, 1)))
        kept = self.env["wine.sale.line"].search([])
        self.assertEqual(kept._sale_lines(), self.posted)
        with self.assertRaises(UserError):
            kept.unlink()


@tagged("post_install", "-at_install")
class TestWebsiteReversal(WebsiteCommon):
    """What was sold comes back by credit notes and cancellation, and never more than that."""

    def sold(self, *lines):
        """A sold and invoiced order: (order, invoice)."""
        order = self.make_order(*lines)
        self.pay(order)
        invoice = self.invoice(order)
        self.told()
        return order, invoice

    def check_nothing_left(self):
        for field in ("gross", "net", "tax", "qty", "ml", "cost", "discount"):
            self.assertEqual(self.balance(field), 0, field)

    def test_a_credit_note_takes_everything_back(self):
        order, invoice = self.sold((self.red, 2, 10.0), (self.white, 1))
        credit_note = self.credit(invoice)
        sold, (red, white) = self.told()
        self.assertFalse(sold)
        self.assertEqual(red.reverses, f"sale.order.line:{order.order_line[0].id}")
        self.assertEqual(red.source, f"account.move.line:{credit_note.invoice_line_ids[0].id}")
        self.assertEqual((red.gross, red.net, red.tax, red.discount), (-198, -180, -18, -22))
        self.assertEqual(white.gross, -33)
        self.check_nothing_left()

    def test_a_credit_note_that_is_a_draft_takes_nothing_back(self):
        _order, invoice = self.sold((self.red, 1))
        self.credit(invoice, post=False)
        self.assertEqual(self.told(), ([], []))

    def test_in_parts_it_ends_at_exactly_zero(self):
        self.red.list_price = 9.99
        _order, invoice = self.sold((self.red, 3, 7.0))
        for left in (2, 1, 0):
            self.credit(invoice, {self.red: 1})
            self.assertEqual(len(self.told()[1]), 1)
            self.assertEqual(self.balance("qty"), left)
        self.check_nothing_left()

    def test_never_more_than_was_sold(self):
        _order, invoice = self.sold((self.red, 2))
        self.credit(invoice, {self.red: 1})
        self.credit(invoice, {self.red: 2})
        self.credit(invoice, {self.red: 2})
        backs = self.told()[1]
        self.assertEqual([line.gross for line in backs], [-110, -110])
        self.check_nothing_left()

    def test_a_credit_note_posted_twice_is_one(self):
        _order, invoice = self.sold((self.red, 2))
        credit_note = self.credit(invoice, {self.red: 1})
        self.told()
        credit_note._wine_settle_orders()
        self.assertEqual(self.told(), ([], []))
        with self.assertRaisesRegex(UserError, "has taken sales back"):
            credit_note.button_draft()

    def test_cancelling_takes_back_what_is_left(self):
        order, invoice = self.sold((self.red, 2), (self.white, 1))
        self.credit(invoice, {self.red: 1})
        self.told()
        order.locked = False
        order._action_cancel()
        _sold, backs = self.told()
        self.assertEqual([line.gross for line in backs], [-110, -33])
        self.assertEqual(backs[0].source, f"sale.order.line:{order.order_line[0].id}:cancelled")
        self.check_nothing_left()
        self.credit(invoice)
        order._wine_settle()
        self.assertEqual(self.told(), ([], []))

    def test_cancelling_what_was_not_sold_takes_nothing_back(self):
        order = self.make_order((self.red, 1))
        order.action_confirm()
        order._action_cancel()
        self.assertEqual(self.told(), ([], []))

    def test_credited_before_it_was_paid(self):
        """The customer pays what the credit note has left: all sold, and a part taken back."""
        order = self.make_order((self.red, 2))
        order.action_confirm()
        invoice = self.invoice(order)
        credit_note = self.credit(invoice, {self.red: 1})
        self.assertEqual(self.told(), ([], []))
        receivable = (invoice | credit_note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        receivable.reconcile()
        self.transfer(invoice)
        sold, back = self.told()
        self.assertEqual([line.gross for line in sold], [220])
        self.assertEqual([line.gross for line in back], [-110])

    def test_a_price_that_is_lowered_takes_back_money_without_goods(self):
        _order, invoice = self.sold((self.red, 1))
        credit_note = self.credit(invoice, post=False)
        credit_note.invoice_line_ids.price_unit = 11.0
        credit_note.action_post()
        _sold, (back,) = self.told()
        self.assertEqual((back.gross, back.net), (-11, -10))
        self.assertEqual(back.cost, -4)

    def test_a_discount_of_the_order_comes_back_with_its_goods(self):
        order = self.make_order((self.red, 1), (self.white, 1))
        self.env["sale.order.discount"].create(
            {
                "sale_order_id": order.id,
                "discount_type": "so_discount",
                "discount_percentage": 0.1,
            }
        ).action_apply_discount()
        self.pay(order)
        invoice = self.invoice(order)
        self.told()
        self.credit(invoice)
        _sold, backs = self.told()
        self.assertEqual([line.gross for line in backs], [-99, Decimal("-29.7")])
        self.check_nothing_left()

    def replace(self, invoice):
        """“Reverse and create invoice”: a credit note, and a new invoice that is paid."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "reason": "wrong address"})
        )
        new = self.env["account.move"].browse(wizard.modify_moves()["res_id"])
        new.action_post()
        if new.payment_state not in ("in_payment", "paid"):
            self.transfer(new)
        self.assertTrue(new._wine_is_paid())
        return new

    def test_an_invoice_that_is_replaced_is_sold_again(self):
        _order, invoice = self.sold((self.red, 2), (self.white, 1))
        new = self.replace(invoice)
        sold, back = self.told()
        self.assertEqual([line.gross for line in back], [-220, -33])
        self.assertEqual([line.gross for line in sold], [220, 33])
        self.assertEqual(sold[0].source, f"account.move.line:{new.invoice_line_ids[0].id}")
        self.assertEqual((self.balance(), self.balance("qty"), self.balance("net")), (253, 3, 230))

    def test_what_was_sold_again_comes_back_as_well(self):
        _order, invoice = self.sold((self.red, 2))
        new = self.replace(invoice)
        self.told()
        self.credit(new, {self.red: 1})
        _sold, (back,) = self.told()
        self.assertEqual(back.reverses, f"account.move.line:{new.invoice_line_ids.id}")
        self.assertEqual(self.balance(), 110)
        self.credit(new)
        self.check_nothing_left()

    def test_cancelling_takes_back_what_was_sold_again(self):
        order, invoice = self.sold((self.red, 2))
        self.replace(invoice)
        order._action_cancel()
        self.check_nothing_left()

    def test_the_rest_of_an_order_that_was_credited_in_part_is_sold_once(self):
        """Invoiced in parts; the first part is credited, the second is no sale of its own."""
        order = self.make_order((self.red, 2))
        self.pay(order)
        first = self.invoice(order)
        self.credit(first, {self.red: 1})
        self.told()
        order._wine_settle()
        self.assertEqual(self.told(), ([], []))
        self.assertEqual(self.balance(), 110)
        again = self.invoice(order)
        if not again._wine_is_paid():
            self.transfer(again)
        self.assertEqual([line.gross for line in self.told()[0]], [110])
        self.assertEqual((self.balance(), self.balance("qty")), (220, 2))
