# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models

from .wine_sale_amounts import decimal
from .wine_vend_order import UNPAID_KINDS


class PosOrder(models.Model):
    """Orders of a shop's till: announced when they are paid, once, however often they come."""

    _inherit = "pos.order"

    def action_pos_order_paid(self):
        result = super().action_pos_order_paid()
        if not self.wine_vend_id:
            self.env["wine.sale.line"]._announce(self.sudo()._wine_shop_lines())
            self.sudo()._wine_sales_orders()._wine_settle()
        return result

    def _wine_sales_orders(self):
        """Sales orders for which something was paid at the till, where tills know them."""
        if "sale_order_origin_id" not in self.lines._fields:
            return self.env["sale.order"]
        return self.lines.sale_order_origin_id

    def _wine_shop_region(self):
        """The region of the shop: its own, or that of the warehouse it sells from."""
        config = self.config_id
        return config.wine_region_id or config.picking_type_id.warehouse_id.wine_region_id

    def _wine_shop_lines(self):
        """Sale lines of a till's order, discounts of the whole order on its goods.

        A cash rounding is of the payment and of no line. A negative line that refunds nothing is a
        discount; where it meets no goods, nothing was sold and nothing is taken back.

        :return: list[SaleLine]
        """
        self.ensure_one()
        sold, off, back, less = [], [], [], []
        for line, priced, negative in self._wine_shop_amounts():
            if not line._wine_counts():
                continue
            original = line.refunded_orderline_id
            if original.price_subtotal_incl < 0 or (self.is_refund and line._wine_is_discount()):
                less.append(priced)
            elif original:
                back.append((line, priced))
            elif negative:
                off.append(priced)
            else:
                sold.append((line, priced))
        lines = self.env["pos.order.line"]
        lines._wine_spread(sold, off)
        lines._wine_spread(back, less)
        return [line._wine_shop_line(priced) for line, priced in sold] + [
            line._wine_shop_line(priced, -1) for line, priced in back
        ]

    def _wine_shop_amounts(self):
        """(line, :class:`Priced`, whether negative) of each line; they add up to the order."""
        AccountTax = self.env["account.tax"]
        digits = self.currency_id.decimal_places
        base_lines = [
            AccountTax._prepare_base_line_for_taxes_computation(
                line,
                currency_id=self.currency_id,
                rate=self.currency_rate or 1.0,
                product_id=line.product_id,
                tax_ids=line.tax_ids_after_fiscal_position,
                price_unit=line.price_unit,
                quantity=line.qty,
                discount=line.discount,
            )
            for line in self.lines
        ]
        amounts = AccountTax._wine_amounts(base_lines, self.company_id)
        for line, (net, tax) in zip(self.lines, amounts, strict=True):
            full = line._wine_full(self.currency_id, line.qty)
            yield line, line._wine_priced(net, tax, digits, full), line.qty * line.price_unit < 0


class PosOrderLine(models.Model):
    _name = "pos.order.line"
    _inherit = ["pos.order.line", "wine.sale.sheet"]

    def _wine_sale_kind(self):
        vend = self.order_id.wine_vend_id
        if vend:
            return vend.pay_kind if vend.pay_kind in UNPAID_KINDS else "sale"
        return super()._wine_sale_kind()

    def _wine_counts(self):
        """Whether goods were sold by this line: not a tip, an advance or a way of paying."""
        config = self.order_id.config_id
        other = config.tip_product_id
        if "down_payment_product_id" in config._fields:
            other |= config.down_payment_product_id
        return self.product_id not in other and not self._wine_pays()

    def _wine_is_discount(self):
        """Whether the line is the discount that the till takes off a whole order."""
        config = self.order_id.config_id
        return (
            "discount_product_id" in config._fields
            and self.product_id == config.discount_product_id
        )

    def _wine_shop_line(self, priced, sign=1):
        order, original = self.order_id, self.refunded_orderline_id
        region = order._wine_shop_region()
        return self._wine_line_of(
            priced,
            sign,
            source=f"pos.order.line:{self.uuid}",
            reverses=f"pos.order.line:{original.uuid}" if original else None,
            order=f"pos.order:{order.uuid}",
            channel="shop",
            date=region._business_date_of(order.company_id, order.date_order),
            region_id=region.id or None,
            qty=decimal(self.qty),
            currency=order.currency_id,
            payment_kind=order.payment_ids[:1].payment_method_id.wine_kind or "",
        )
