# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models

#: kind of difference, or its first word → kind of its case, where it has none of its own already
CASE_KINDS = {
    "order": "recon_order",
    "payment": "recon_payment",
    "session_payment": "recon_payment",
    "bank": "recon_payment",
    "share": "recon_share",
    "session_income": "recon_books",
    "session_open": "recon_books",
    "invoice": "recon_books",
    "accrual": "recon_books",
    "counter": "recon_order",
    "cash": "recon_payment",
}


class WineCase(models.Model):
    """Cases of reconciliation: each is one difference of one day."""

    _inherit = "wine.case"

    kind = fields.Selection(
        selection_add=[
            ("recon_order", "Sale and order differ"),
            ("recon_payment", "Order and payment differ"),
            ("recon_share", "Sale and shares differ"),
            ("recon_books", "Books and sales differ"),
        ],
        ondelete={
            "recon_order": "cascade",
            "recon_payment": "cascade",
            "recon_share": "cascade",
            "recon_books": "cascade",
        },
    )
    difference_ids = fields.One2many(
        "wine.share.difference", "case_id", "Differences", readonly=True
    )

    def action_view_difference(self):
        """The difference that this case is about."""
        self.ensure_one()
        self.check_access("read")
        if self.difference_ids:
            return self.difference_ids[0]._open_one(self.difference_ids[0])
        return False

    def _close(self, words):
        """Whoever closes the case of a difference accepts it as it is."""
        result = super()._close(words)
        lines = self.sudo().difference_ids.filtered(lambda line: line.state == "open")
        lines._accept()
        lines.reconciliation_id._conclude()
        return result


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
