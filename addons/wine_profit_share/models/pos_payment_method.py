# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.addons.wine_vending.core.money import to_minor


class PosPaymentMethod(models.Model):
    """What taking a payment costs: rules that share *net of payment fee* take it off first."""

    _inherit = "pos.payment.method"

    wine_fee_bp = fields.Integer(
        "Fee (basis points)", help="Of the amount paid; 150 is 1.5 %. Counted by profit sharing."
    )
    wine_fee_fixed = fields.Monetary("Fee per payment", currency_field="wine_currency_id")
    wine_currency_id = fields.Many2one(related="company_id.currency_id")

    _wine_fee_sane = models.Constraint(
        "CHECK(COALESCE(wine_fee_bp, 0) BETWEEN 0 AND 10000 AND COALESCE(wine_fee_fixed, 0) >= 0)",
        "A payment fee lies between 0 and 10,000 basis points, and its fixed part is not negative.",
    )

    def _is_write_forbidden(self, fields):
        """Sessions of machines are always open; a fee changes nothing that they book."""
        return super()._is_write_forbidden(set(fields) - {"wine_fee_bp", "wine_fee_fixed"})

    def _wine_fee(self, digits):
        """(basis points, fixed part in minor units) of a payment by this method."""
        return self.wine_fee_bp or 0, to_minor(self.wine_fee_fixed or 0, digits)
