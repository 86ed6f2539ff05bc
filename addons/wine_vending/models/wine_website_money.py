# SPDX-License-Identifier: LGPL-3.0-or-later
"""Where the money of website orders comes in and goes back: payments, invoices, credit notes."""

from odoo import models
from odoo.exceptions import UserError

from .wine_sale_amounts import decimal


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _post_process(self):
        result = super()._post_process()
        self.filtered(lambda tx: tx.state == "done").sale_order_ids._wine_settle()
        return result


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _wine_payment_kind(self):
        """Code of the payment method of the last finished transaction, ``bank`` without one."""
        done = self.transaction_ids.filtered(lambda tx: tx.state == "done")
        return done[:1].payment_method_id.code or "bank"


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted._wine_settle_orders()
        return posted

    def _invoice_paid_hook(self):
        result = super()._invoice_paid_hook()
        self._wine_settle_orders()
        return result

    def _wine_settle_orders(self):
        self.sudo().filtered(
            lambda move: move.move_type in ("out_invoice", "out_refund")
        ).invoice_line_ids.sale_line_ids.order_id._wine_settle()

    def button_draft(self):
        self._wine_check_taken_back()
        return super().button_draft()

    def button_cancel(self):
        self._wine_check_taken_back()
        return super().button_cancel()

    def _wine_check_taken_back(self):
        """:raise UserError: a credit note that has taken a sale back is to be taken back itself"""
        credit_notes = self.filtered(lambda move: move.move_type == "out_refund")
        sources = [f"account.move.line:{line.id}" for line in credit_notes.invoice_line_ids]
        if sources and self.env["wine.sale.line"].sudo().search_count(
            [("source", "in", sources)], limit=1
        ):
            raise UserError(
                self.env._(
                    "%s has taken sales back, and shares with them. It stays posted; if the goods "
                    "were sold after all, make a new order.",
                    credit_notes[:1].name,
                )
            )

    def _wine_credited(self, order):
        """Reversals by this credit note of what it credits of ``order``.

        A discount of the whole order that is credited too lowers what goes back.

        :return: list[SaleLine]
        """
        self.ensure_one()
        back, less, announced = [], [], order._wine_announced()
        base_lines, _taxes = self._get_rounded_base_and_tax_lines()
        for base_line in base_lines:
            item = base_line["record"]
            line = item.sale_line_ids.filtered(lambda line: line.order_id == order)[:1]
            if item._name != "account.move.line" or not line or not line._wine_counts():
                continue
            net, tax = self.env["account.tax"]._wine_rounded(base_line)
            net, tax = (
                self.currency_id._convert(amount, order.currency_id, self.company_id, self.date)
                for amount in (net, tax)
            )
            priced = line._wine_priced(net, tax, order.currency_id.decimal_places)
            if net + tax < 0:
                less.append(priced)
            else:
                back.append((line, priced, item))
        self.env["sale.order.line"]._wine_spread([pair[:2] for pair in back], less)
        return [
            line._wine_website_line(
                priced,
                -1,
                source=f"account.move.line:{item.id}",
                reverses=line._wine_sale_taken_back(item, announced),
                order=f"account.move:{self.id}",
                qty=-decimal(line._wine_units(item.quantity, item.product_uom_id)),
            )
            for line, priced, item in back
        ]
