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
