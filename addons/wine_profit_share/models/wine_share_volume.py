# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineShareVolume(models.Model):
    """How much a tiered rule has seen in a month for one receiver.

    A tiered rule takes more (or less) the more was sold in the month. The volume goes with the rule
    through all versions of its policy and by the business date of the sale; what is taken back
    leaves the month in which it was sold. Rows are locked by the batch that adds to them.
    """

    _name = "wine.share.volume"
    _inherit = ["wine.reach"]
    _description = "Volume of a tiered rule"
    _order = "month desc, id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    family = fields.Integer("Rule", required=True, readonly=True, help="First version of the rule.")
    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    month = fields.Date(required=True, readonly=True, help="First day of the month.")
    turnover = fields.Monetary(readonly=True, help="Net of tax.")
    units = fields.Integer(readonly=True)

    _one = models.Constraint(
        "UNIQUE(company_id, family, partner_id, month)", "A volume is counted in one place."
    )
