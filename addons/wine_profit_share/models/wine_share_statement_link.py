# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineShareEntry(models.Model):
    """On which statement an entry stands; stamped once, by issuing it."""

    _inherit = "wine.share.entry"

    statement_id = fields.Many2one(
        "wine.share.statement", readonly=True, copy=False, index="btree_not_null"
    )

    _unstated = models.Index("(account_id, date) WHERE statement_id IS NULL")
