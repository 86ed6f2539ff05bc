# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResCompany(models.Model):
    """How a company reconciles its days."""

    _inherit = "res.company"

    wine_recon_user_id = fields.Many2one(
        "res.users",
        "Owner of differences",
        help="Who gets the cases of payments, shares and books; empty: somebody of finance.",
    )
    wine_recon_close_days = fields.Integer(
        "Days until a day is closed",
        default=3,
        help="So long a clean day waits for what machines report late.",
    )
    wine_recon_bank_days = fields.Integer(
        "Days until money is at the bank",
        default=7,
        help="Card and QR money that no bank statement shows by then is a difference. 0: the bank "
        "is not compared.",
    )
    wine_recon_until = fields.Date("Compared until", readonly=True)

    _wine_recon_days = models.Constraint(
        "CHECK(wine_recon_close_days >= 0 AND wine_recon_bank_days >= 0)",
        "Days of reconciliation cannot be negative.",
    )

    def _wine_recon_owner(self):
        """Who looks at differences of money and books."""
        self.ensure_one()
        finance = self.env.ref("wine_vending.group_wine_finance").sudo()
        return (
            self.sudo().wine_recon_user_id
            or finance.user_ids.filtered(
                lambda user: self in user.company_ids and user.active and not user.share
            ).sorted("id")[:1]
        )

    def _wine_recon_reached(self, date):
        """Every day up to this one was compared at least once."""
        if not self.wine_recon_until or self.wine_recon_until < date:
            self.sudo().wine_recon_until = date


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    wine_recon_user_id = fields.Many2one(related="company_id.wine_recon_user_id", readonly=False)
    wine_recon_close_days = fields.Integer(
        related="company_id.wine_recon_close_days", readonly=False
    )
    wine_recon_bank_days = fields.Integer(related="company_id.wine_recon_bank_days", readonly=False)
