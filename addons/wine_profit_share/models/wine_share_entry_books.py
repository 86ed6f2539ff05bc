# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineShareEntry(models.Model):
    """Where a ledger line is found in the books, and in which payment it went out."""

    _inherit = "wine.share.entry"

    accrual_id = fields.Many2one(
        "wine.share.accrual", "Accrued by", readonly=True, index="btree_not_null"
    )
    settlement_id = fields.Many2one(
        "wine.share.settlement", "Settled by", readonly=True, index="btree_not_null"
    )

    _to_accrue = models.Index("(company_id, currency_id, date) WHERE accrual_id IS NULL")
