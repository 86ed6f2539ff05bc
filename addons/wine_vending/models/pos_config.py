# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import UserError


class PosConfig(models.Model):
    _inherit = "pos.config"

    wine_region_id = fields.Many2one(
        "wine.region",
        "Region",
        index="btree_not_null",
        help="The region whose machines sell through this point of sale, or of which the shop is.",
    )

    def _action_to_open_ui(self):
        self._wine_refuse_till()
        return super()._action_to_open_ui()

    def open_ui(self):
        self._wine_refuse_till()
        return super().open_ui()

    def _wine_refuse_till(self):
        """:raise UserError: one of these sells through machines, not at a till"""
        for config in self.filtered(lambda config: config.wine_region_id.pos_config_id == config):
            raise UserError(
                self.env._(
                    "%s sells through machines and has no till. Its day is under Wine Vending, "
                    "Sales, Sessions.",
                    config.name,
                )
            )


class PosPaymentMethod(models.Model):
    _inherit = "pos.payment.method"

    wine_kind = fields.Selection(
        [
            ("cash", "Cash"),
            ("card", "Card"),
            ("qr", "QR"),
            ("wallet", "Stored value"),
            ("voucher", "Voucher"),
        ],
        "Machine payment",
        help="How a machine names this way of paying.",
    )
