# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models

#: kind of difference → kind of its case; those of counters and collections have one already
CASE_KINDS = {
    "order": "recon_order",
    "payment": "recon_payment",
    "session_payment": "recon_payment",
    "bank": "recon_payment",
    "share": "recon_share",
    "session_income": "recon_books",
    "session_open": "recon_books",
    "accrual": "recon_books",
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
