# SPDX-License-Identifier: LGPL-3.0-or-later
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import format_amount

from ..core.money import from_minor, to_minor
from ..core.price_limit import changed

MODES = [("set", "New price"), ("add", "Raise or lower by an amount"), ("percent", "By percent")]
STEPS = [
    ("0.01", "to the cent"),
    ("0.05", "to 0.05"),
    ("0.10", "to 0.10"),
    ("0.50", "to 0.50"),
    ("1", "to whole amounts"),
]


class WinePriceChange(models.TransientModel):
    """Another price for products in many machines, as new versions of their planograms."""

    _name = "wine.price.change"
    _inherit = ["wine.rollout", "wine.guide"]
    _description = "Change prices"

    product_ids = fields.Many2many(
        "product.product", string="Products", domain="[('wine_is_drink', '=', True)]"
    )
    only_price = fields.Float(
        "Only where it costs", digits="Product Price", help="0 for whatever it costs now."
    )
    mode = fields.Selection(MODES, "How prices change", required=True, default="set")
    value = fields.Float("Amount or percent", digits="Product Price")
    step = fields.Selection(STEPS, "Rounded", required=True, default="0.01")
    line_ids = fields.One2many("wine.rollout.line", "price_change_id", "Machines")

    @api.onchange(
        "product_ids", "only_price", "mode", "value", "step", "region_id", "model_id", "machine_ids"
    )
    def _onchange_preview(self):
        self._preview()

    def _target_domain(self):
        products = self.product_ids._origin
        return [("planogram_id.line_ids.product_id", "in", products.ids)]

    def _preview_rows(self, machines):
        if not self.value:
            return []
        return super()._preview_rows(machines)

    def _plans(self, machines):
        plans = []
        for machine in machines:
            lines, texts = [], []
            for line in machine.planogram_id.line_ids:
                values = line._values()
                price = self._price_of(line)
                if price != values["price"]:
                    texts.append(self._price_text(line, price))
                    values["price"] = price
                lines.append(values)
            if texts:
                plans.append({"machine": machine, "lines": lines, "text": "\n".join(texts)})
        return plans

    def _price_of(self, line):
        """The price of a line after the change."""
        digits = line.currency_id.decimal_places
        price, only = to_minor(line.price, digits), to_minor(self.only_price, digits)
        if line.product_id not in self.product_ids._origin or (only and price != only):
            return line.price
        step = to_minor(self.step, digits)
        value = Decimal(str(self.value))
        return float(from_minor(changed(price, self.mode, value, digits, step), digits))

    def _price_text(self, line, price):
        return self.env._(
            "%(slot)s: %(before)s → %(after)s",
            slot=line.slot_id.code,
            before=format_amount(self.env, line.price, line.currency_id),
            after=format_amount(self.env, price, line.currency_id),
        )
