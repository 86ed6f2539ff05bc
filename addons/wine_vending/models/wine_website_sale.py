# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models

from .wine_sale_amounts import decimal


class SaleOrder(models.Model):
    """Orders of the website and of the back office.

    They are sold when they are confirmed and paid: by finished payment transactions, or by invoices
    that are paid. That is announced once for ever, in the transaction in which it becomes true.
    Afterwards each posted credit note takes back its lines, and cancelling the order what is left.
    What a credit note has taken back and a further invoice charges again is sold again when that
    invoice is paid.
    A payment that is processed again, an invoice paid a second time: nothing new is announced.
    """

    _inherit = "sale.order"

    def _action_confirm(self):
        result = super()._action_confirm()
        self._wine_settle()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        self._wine_settle()
        return result

    def _wine_settle(self):
        """Announce what has become true of these orders; the same again changes nothing."""
        if not self:
            return
        SaleLine = self.env["wine.sale.line"].sudo()
        for order in self.sudo():
            if order.state == "sale" and order._wine_is_paid():
                SaleLine._announce(order._wine_sale_lines())
            SaleLine._announce(order._wine_credited_lines())
            SaleLine._announce(order._wine_resold_lines())
            if order.state == "cancel":
                SaleLine._announce(order._wine_cancelled_lines())

    def _wine_is_paid(self):
        """Whether the whole order is paid, by finished transactions or by paid invoices."""
        self.ensure_one()
        done = sum(self.transaction_ids.filtered(lambda tx: tx.state == "done").mapped("amount"))
        paid_invoices = self.invoice_ids.filtered(lambda move: move._wine_is_paid())
        invoiced = paid_invoices._get_sale_order_invoiced_amount(self)
        paid = max(done, invoiced) + self._wine_paid_at_till()
        return self.currency_id.compare_amounts(paid, self.amount_total) >= 0

    def _wine_paid_at_till(self):
        """Advances that were paid for this order at a till, where tills know sales orders."""
        if "pos_order_line_ids" not in self._fields:
            return 0.0
        advances = self.pos_order_line_ids.filtered(
            lambda line: line.order_id.state in ("paid", "done") and not line._wine_counts()
        )
        return sum(advances.mapped("price_subtotal_incl"))

    def _wine_region(self):
        return self.warehouse_id.wine_region_id

    def _wine_sale_lines(self):
        """The lines of these orders in the one shape of every channel, as if sold now.

        Every line with a product, but advances, delivery costs and stored value that is spent. What
        has been announced is in ``wine.sale.line``.

        :return: list[SaleLine]
        """
        lines = []
        for order in self:
            goods = order._wine_goods()
            lines += [line._wine_website_line(priced) for line, priced in goods]
        return lines

    def _wine_goods(self):
        """[(line, :class:`Priced`)] of what is sold, discounts of the whole order on the goods."""
        AccountTax = self.env["account.tax"]
        digits = self.currency_id.decimal_places
        lines = self._get_priced_lines()
        base_lines = [line._prepare_base_line_for_taxes_computation() for line in lines]
        amounts = AccountTax._wine_amounts(base_lines, self.company_id)
        goods, off = [], []
        for line, (net, tax) in zip(lines, amounts, strict=True):
            full = line._wine_full(self.currency_id, line.product_uom_qty)
            priced = line._wine_priced(net, tax, digits, full)
            if not line._wine_counts():
                continue
            if net + tax < 0:
                off.append(priced)
            else:
                goods.append((line, priced))
        lines._wine_spread(goods, off)
        return goods

    def _wine_credited_lines(self):
        """Reversals by the posted credit notes of this order; none of what was never announced."""
        credit_notes = self.invoice_ids.filtered(
            lambda move: move.move_type == "out_refund" and move.state == "posted"
        )
        lines = [
            line
            for credit_note in credit_notes.sorted("id")
            for line in credit_note._wine_credited(self)
        ]
        announced = self.env["wine.sale.line"].search(
            [("source", "in", [ln.reverses for ln in lines])]
        )
        known = set(announced.mapped("source"))
        return [line for line in lines if line.reverses in known]

    def _wine_cancelled_lines(self):
        """Reversals of the whole order; those before have left less."""
        announced = self._wine_announced().values()
        date = self._wine_region()._business_date_of(self.company_id)
        return [
            line._reversal(f"{line.source}:cancelled", f"sale.order:{self.id}:cancelled", date)
            for line in announced
        ]


class SaleOrderLine(models.Model):
    _name = "sale.order.line"
    _inherit = ["sale.order.line", "wine.sale.sheet"]

    def _wine_counts(self):
        """Whether goods are sold by this line: not an advance, delivery or a way of paying.

        What was settled at a till has been sold there.
        """
        if not self.product_id or self.display_type or self.is_downpayment:
            return False
        if "pos_order_line_ids" in self._fields and self.pos_order_line_ids.filtered(
            lambda line: line.order_id.state in ("paid", "done")
        ):
            return False
        return not self._is_delivery() and not self._wine_pays()

    def _wine_website_line(self, priced, sign=1, **values):
        """:param values: what differs for a reversal: source, order, reverses, qty"""
        order = self.order_id
        region = order._wine_region()
        return self._wine_line_of(
            priced,
            sign,
            **{
                "source": f"sale.order.line:{self.id}",
                "order": f"sale.order:{order.id}",
                "channel": "website",
                "date": region._business_date_of(order.company_id),
                "region_id": region.id or None,
                "qty": decimal(self._wine_units(self.product_uom_qty)),
                "currency": order.currency_id,
                "payment_kind": order._wine_payment_kind(),
                **values,
            },
        )

    def _wine_units(self, qty, uom=None):
        """A quantity in the unit of the product."""
        uom = uom or self.product_uom_id
        return uom._compute_quantity(qty, self.product_id.uom_id, round=False)
