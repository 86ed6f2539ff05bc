# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineRoutePlanLine(models.TransientModel):
    _name = "wine.route.plan.line"
    _description = "Machine that may be visited"
    _inherit = ["wine.guide"]
    _order = "id"

    plan_id = fields.Many2one("wine.route.plan", required=True, ondelete="cascade", index=True)
    machine_id = fields.Many2one("wine.machine", required=True, readonly=True)
    chosen = fields.Boolean("Visit")
    currency_id = fields.Many2one(related="machine_id.currency_id")
    need_text = fields.Char(related="machine_id.need_text")
    need_since = fields.Datetime(related="machine_id.need_since")
    need_user_id = fields.Many2one(related="machine_id.need_user_id")
    snoozed_until = fields.Date(related="machine_id.need_snooze_until")
    amount = fields.Monetary(related="machine_id.need_amount", string="Money at risk")
    wanted = fields.Integer("Bottles wanted", readonly=True)
    packed = fields.Integer("Bottles packed", readonly=True)


class WineRoutePlanShortage(models.TransientModel):
    _name = "wine.route.plan.shortage"
    _description = "Bottles that a planned route lacks"
    _inherit = ["wine.guide"]
    _order = "lost_amount desc, id"

    plan_id = fields.Many2one("wine.route.plan", required=True, ondelete="cascade", index=True)
    product_id = fields.Many2one("product.product", required=True, readonly=True)
    currency_id = fields.Many2one(related="plan_id.currency_id")
    wanted = fields.Integer("Wanted bottles", readonly=True)
    packed = fields.Integer("Packed bottles", readonly=True)
    missing = fields.Integer("Missing bottles", readonly=True)
    lost_amount = fields.Monetary("Sales at risk", readonly=True)
    why = fields.Selection(
        [("stock", "Not in the warehouse"), ("van", "No room in the van")], readonly=True
    )

    def _values(self):
        self.ensure_one()
        return {
            "product_id": self.product_id.id,
            "wanted": self.wanted,
            "packed": self.packed,
            "missing": self.missing,
            "lost_amount": self.lost_amount,
            "why": self.why,
        }
