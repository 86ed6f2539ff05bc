# SPDX-License-Identifier: LGPL-3.0-or-later
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..core.money import from_minor, to_minor
from ..core.sale_line import SaleLine


class PosOrder(models.Model):
    """The commercial order of a vend; orders of the shop have no vend and are sales as well."""

    _inherit = "pos.order"

    wine_vend_id = fields.Many2one("wine.vend", "Vend", readonly=True, index="btree_not_null")
    wine_machine_id = fields.Many2one(
        "wine.machine", "Machine", readonly=True, index="btree_not_null"
    )
    wine_region_id = fields.Many2one("wine.region", "Region", readonly=True, index="btree_not_null")
    wine_business_date = fields.Date("Business date", readonly=True, index="btree_not_null")
    wine_device_time = fields.Datetime(related="wine_vend_id.device_time")
    wine_clock_trusted = fields.Boolean(related="wine_vend_id.clock_trusted")

    def exists(self):
        """Orders of the running batch exist: POS asks the database once for each of their lines."""
        return self if self.env.context.get("wine_batch") else super().exists()

    def write(self, vals):
        self._wine_check_edit(vals)
        return super().write(vals)

    def _wine_check_edit(self, vals, free=("general_customer_note", "internal_note", "nb_print")):
        """A machine's order says what happened; who finds it wrong refunds the vend.

        :raise AccessError: someone edits an order of a vend from outside
        """
        if not self.env.su and set(vals) - set(free) and any(o.wine_vend_id for o in self):
            raise AccessError(
                self.env._(
                    "%s is what a machine sold and is not edited. Refund its vend instead.",
                    next(order.name for order in self if order.wine_vend_id),
                )
            )

    @api.model
    def _wine_posted(self, lines):
        """Hook: sale lines have just been written, in the same transaction; empty here.

        :param list[SaleLine] lines: of one batch, any channel
        """

    @api.model
    def _wine_reversed(self, lines):
        """Hook: these lines take back earlier ones (``reverses``), same transaction; empty here.

        :param list[SaleLine] lines: with negative amounts
        """

    def _wine_sale_lines(self):
        """The lines of these orders in the one shape of every channel.

        :return: list[SaleLine]
        """
        machine = self.filtered("wine_vend_id")
        known = {}
        lines = [line._wine_sale_line(known) for line in machine.lines]
        for order in self - machine:
            lines += order._wine_shop_lines()
        return lines


class PosPayment(models.Model):
    _inherit = "pos.payment"

    def write(self, vals):
        self.pos_order_id._wine_check_edit(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never_of_a_vend(self):
        self.pos_order_id._wine_check_edit({"payment_ids": False})


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    def write(self, vals):
        self.order_id._wine_check_edit(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never_of_a_vend(self):
        self.order_id._wine_check_edit({"lines": False})

    def _wine_alike(self, known):
        """(cost, ml, supplier id, currency, its digits) of a line, looked up once per product."""
        order, product = self.order_id, self.product_id
        key = product.id, order.company_id.id, order.currency_id.id
        if key not in known:
            known[key] = (
                product.with_company(order.company_id).standard_price,
                product.wine_volume_ml,
                product.seller_ids[:1].partner_id.id or None,
                order.currency_id.name,
                order.currency_id.decimal_places,
            )
        return known[key]

    def _wine_sale_line(self, known):
        """A machine's order has one line, without discounts: the hot path.

        :param dict known: what lines of one call have alike, filled here
        """
        self.ensure_one()
        order, vend, product = self.order_id, self.order_id.wine_vend_id, self.product_id
        unit_cost, unit_ml, supplier, currency, digits = self._wine_alike(known)
        net = to_minor(self.price_subtotal, digits)
        gross = to_minor(self.price_subtotal_incl, digits)
        cost = to_minor(unit_cost * self.qty, digits)
        sold_ml = vend.ml_done or unit_ml * abs(int(self.qty))
        return SaleLine(
            source=f"pos.order.line:{self.uuid}",
            channel="machine",
            kind=self._wine_sale_kind(),
            date=order.wine_business_date,
            region_id=order.wine_region_id.id or None,
            site_id=vend.site_id.id or None,
            machine_id=order.wine_machine_id.id or None,
            vend_id=vend.id or None,
            product_id=product.id,
            supplier_id=supplier,
            partner_id=order.partner_id.id or None,
            qty=Decimal(str(self.qty)),
            ml=-sold_ml if self.qty < 0 else sold_ml,
            gross=from_minor(gross, digits),
            discount=Decimal(0),
            net=from_minor(net, digits),
            tax=from_minor(gross - net, digits),
            currency=currency,
            payment_kind=vend.pay_kind or "",
            reverses=(
                f"pos.order.line:{self.refunded_orderline_id.uuid}"
                if self.refunded_orderline_id
                else None
            ),
            order=f"pos.order:{order.uuid}",
            company_id=order.company_id.id,
            cost=from_minor(cost, digits),
        )
