# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class PosConfig(models.Model):
    _inherit = "pos.config"

    wine_region_id = fields.Many2one(
        "wine.region",
        "Machines of region",
        index="btree_not_null",
        help="Set on the unattended point of sale through which a region's machines sell.",
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
