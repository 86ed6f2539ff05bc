# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class PosPaymentMethod(models.Model):
    """What taking a payment costs: rules that share *net of payment fee* take it off first."""

    _inherit = "pos.payment.method"

    wine_fee_bp = fields.Integer(
        "Fee (basis points)", help="Of the amount paid; 150 is 1.5 %. Counted by profit sharing."
    )
    wine_fee_fixed = fields.Float(
        "Fee per payment", digits="Product Price", help="In the company's currency."
    )

    _wine_fee = models.Constraint(
        "CHECK(COALESCE(wine_fee_bp, 0) BETWEEN 0 AND 10000 AND COALESCE(wine_fee_fixed, 0) >= 0)",
        "A payment fee lies between 0 and 10,000 basis points, and its fixed part is not negative.",
    )
