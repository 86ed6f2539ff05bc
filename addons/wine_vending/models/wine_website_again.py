# SPDX-License-Identifier: LGPL-3.0-or-later
from decimal import Decimal

from odoo import models

from .wine_sale_amounts import decimal


class SaleOrder(models.Model):
    """What was credited and invoiced again: a corrected invoice, goods that were sent after all."""

    _inherit = "sale.order"

    def _wine_resold_lines(self):
        """Sales by paid invoices that charge again what a credit note has taken back.

        Only what exceeds the order counts, and no more than was taken back: an order that is
        invoiced in parts is sold once, whatever the number of its invoices.

        :return: list[SaleLine]
        """
        self.ensure_one()
        announced = self._wine_announced()
        taken = {
            source: sum((Decimal(record.data["gross"]) - Decimal(record.rest["gross"]), Decimal(0)))
            for source, record in announced.items()
        }
        return [
            resold
            for line in self.order_line
            if taken.get(f"sale.order.line:{line.id}")
            for resold in line._wine_sold_again(announced)
        ]

    def _wine_announced(self):
        """dict identity → ``wine.sale.line`` of what was sold of this order, oldest first."""
        records = self.env["wine.sale.line"].search(
            [("order_ref", "=", f"sale.order:{self.id}"), ("reverses", "=", False)], order="id"
        )
        return {record.source: record for record in records}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _wine_sold_again(self, announced):
        """Yield a sale for each paid invoice line beyond what was ordered."""
        whole = announced[f"sale.order.line:{self.id}"]
        ordered, charged = decimal(self.price_total), Decimal(0)
        taken = Decimal(whole.data["gross"]) - Decimal(whole.rest["gross"])
        free = taken / Decimal(whole.data["gross"])
        posted = self.invoice_lines.filtered(
            lambda item: item.move_id.move_type == "out_invoice" and item.parent_state == "posted"
        )
        for item in posted.sorted("id"):
            charged += decimal(item.price_total)
            part = min(decimal(item.price_total), charged - ordered) / ordered
            part = min(part, free)
            if part <= 0:
                continue
            free -= part
            if item.move_id._wine_is_paid():
                yield self._wine_part_again(whole, part, f"account.move.line:{item.id}")

    def _wine_part_again(self, whole, part, source):
        """A part of an announced sale as a further sale."""
        net, tax, full = (
            float(part * amount)
            for amount in (
                Decimal(whole.data["net"]),
                Decimal(whole.data["tax"]),
                Decimal(whole.data["gross"]) + Decimal(whole.data["discount"]),
            )
        )
        priced = self._wine_priced(net, tax, self.currency_id.decimal_places, full)
        return self._wine_website_line(priced, source=source, qty=Decimal(whole.data["qty"]) * part)

    def _wine_sale_taken_back(self, item, announced):
        """Identity of the sale that a credit note's line takes back: that of the credited invoice
        where it was a sale of its own, else the order's line.
        """
        credited = item.move_id.reversed_entry_id.invoice_line_ids
        for line in credited & self.invoice_lines:
            if f"account.move.line:{line.id}" in announced:
                return f"account.move.line:{line.id}"
        return f"sale.order.line:{self.id}"


class AccountMove(models.Model):
    _inherit = "account.move"

    def _wine_is_paid(self):
        """Whether this is a customer invoice that is paid in full."""
        self.ensure_one()
        return (
            self.move_type == "out_invoice"
            and self.state == "posted"
            and self.payment_state in ("in_payment", "paid")
        )
