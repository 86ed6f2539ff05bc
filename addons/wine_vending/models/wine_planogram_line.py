# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.money import to_minor
from ..core.planogram_diff import Lane


class WinePlanogramLine(models.Model):
    """What one slot shall hold."""

    _name = "wine.planogram.line"
    _description = "Planogram slot"
    _order = "planogram_id, slot_row, slot_column, id"
    _rec_name = "slot_id"

    planogram_id = fields.Many2one("wine.planogram", required=True, index=True, ondelete="cascade")
    machine_id = fields.Many2one(related="planogram_id.machine_id", store=True, index=True)
    region_id = fields.Many2one(related="machine_id.region_id", store=True, index=True)
    currency_id = fields.Many2one(related="planogram_id.currency_id")
    slot_id = fields.Many2one(
        "wine.machine.slot", required=True, domain="[('machine_id', '=', machine_id)]"
    )
    slot_row = fields.Integer(related="slot_id.row", store=True)
    slot_column = fields.Integer(related="slot_id.column", store=True)
    product_id = fields.Many2one("product.product", required=True)
    price = fields.Monetary(required=True)
    capacity = fields.Integer(
        compute="_compute_capacity", store=True, readonly=False, precompute=True
    )
    par = fields.Integer(
        "Par level", compute="_compute_par", store=True, readonly=False, precompute=True
    )
    enabled = fields.Boolean(default=True)

    _slot_unique = models.Constraint(
        "UNIQUE(planogram_id, slot_id)", "A planogram names each slot once."
    )
    _price_positive = models.Constraint(
        "CHECK(price >= 0)", "A price cannot be negative. Enter what the consumer pays."
    )

    @api.depends("slot_id")
    def _compute_capacity(self):
        for line in self:
            line.capacity = line.capacity or line.slot_id.capacity

    @api.depends("capacity")
    def _compute_par(self):
        for line in self:
            line.par = line.par or line.capacity

    @api.onchange("product_id")
    def _onchange_product(self):
        if self.product_id and not self.price:
            self.price = self.product_id.lst_price

    # === CONSTRAINTS === #

    @api.constrains("slot_id", "planogram_id", "capacity", "par", "product_id", "price", "enabled")
    def _check_line(self):
        refusals = self.sudo()._refusals()  # a limit may be stated for a region above one's own
        if refusals:
            raise ValidationError(self._refusal_text(refusals))

    def _refusals(self):
        """Why lines may not stand as they are: list of sentences, each says what to do."""
        strangers = [
            self.env._(
                "Slot %(slot)s is not a slot of %(machine)s.",
                slot=line.slot_id.display_name,
                machine=line.planogram_id.machine_id.name,
            )
            for line in self
            if line.slot_id.machine_id != line.planogram_id.machine_id
        ]
        lanes = [
            (line.slot_id, line.product_id, line.price, max(line.par, line.capacity), line.enabled)
            for line in self
        ]
        return strangers or [text for _slot, text in self._lane_refusals(lanes)]

    @api.model
    def _lane_refusals(self, lanes):
        """What a machine must not be told; limits of prices bind all but the platform.

        :param lanes: list of (slot, product, price, bottles asked for, whether on sale)
        :return: list of (slot, sentence)
        """
        refusals = [
            (slot, text)
            for slot, product, _price, asked, _enabled in lanes
            if (text := slot._lane_refusal(asked) or product._slot_refusal(slot))
        ]
        if not self.env.user.has_group("wine_vending.group_wine_admin"):
            refusals += self.env["wine.price.limit"]._refusals(
                (slot, product, price) for slot, product, price, _asked, enabled in lanes if enabled
            )
        return refusals

    def _refusal_text(self, refusals, most=5):
        """One text for people: the first refusals and how many more there are."""
        text = "\n".join(refusals[:most])
        if len(refusals) > most:
            text += "\n" + self.env._("And %s more like these.", len(refusals) - most)
        return text

    # === CRUD === #

    def write(self, vals):
        self.planogram_id._check_draft()
        result = super().write(vals)
        self.planogram_id._check_draft()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_only_draft(self):
        self.planogram_id._check_draft()

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.planogram_id._check_draft()
        return lines

    # === BUSINESS === #

    def _values(self):
        """What a copy of this line starts with."""
        self.ensure_one()
        return {
            "slot_id": self.slot_id.id,
            "product_id": self.product_id.id,
            "price": self.price,
            "capacity": self.capacity,
            "par": self.par,
            "enabled": self.enabled,
        }

    def _layout(self):
        """dict slot id → :class:`Lane` of these lines."""
        return {
            line.slot_id.id: line_lane(line._values(), line.currency_id.decimal_places)
            for line in self
        }


def line_lane(values, digits):
    """Values of a line → :class:`Lane`, its price in minor units of ``digits`` places."""
    return Lane(
        values["product_id"],
        to_minor(values["price"], digits),
        values["capacity"],
        values["par"],
        values["enabled"],
    )


class WineMachineSlot(models.Model):
    _inherit = "wine.machine.slot"

    def _lane_refusal(self, asked):
        """Why the lane cannot hold that many bottles, or None."""
        self.ensure_one()
        if asked <= self.capacity:
            return None
        return self.env._(
            "Slot %(slot)s of machine %(machine)s holds %(limit)s bottles at most; the planogram "
            "asks for %(asked)s. Lower the par level or choose a larger slot.",
            slot=self.code,
            machine=self.machine_id.name,
            limit=self.capacity,
            asked=asked,
        )


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _slot_refusal(self, slot):
        """Why a machine cannot sell the product in a slot, or None."""
        self.ensure_one()
        names = {
            "slot": slot.code,
            "machine": slot.machine_id.name,
            "product": self.display_name,
        }
        if not self.default_code:
            return self.env._(
                "Slot %(slot)s of %(machine)s: %(product)s has no internal reference; machines "
                "know products by it. Enter one on the product.",
                **names,
            )
        if not self.active:
            return self.env._(
                "Slot %(slot)s of %(machine)s: %(product)s is archived. Choose another product, or "
                "have it restored.",
                **names,
            )
        if self.company_id and self.company_id != slot.region_id.company_id:
            return self.env._(
                "Slot %(slot)s of %(machine)s: %(product)s belongs to %(company)s. Choose a "
                "product of the machine's company.",
                company=self.company_id.name,
                **names,
            )
        if not self.sale_ok:
            return self.env._(
                "Slot %(slot)s of %(machine)s: %(product)s is not for sale. Choose another "
                "product, or tick Sales on the product.",
                **names,
            )
        return None
