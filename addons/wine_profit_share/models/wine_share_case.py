# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineCase(models.Model):
    """Cases of the share ledger: a refund without its sale, a line that a partner disputes."""

    _inherit = "wine.case"

    kind = fields.Selection(
        selection_add=[
            ("share_orphan", "Refund without a shared sale"),
            ("share_dispute", "Share disputed"),
        ],
        ondelete={"share_orphan": "cascade", "share_dispute": "cascade"},
    )
