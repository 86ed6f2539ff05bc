# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models

from .wine_share_policy_line import ROLE


class WineShareLimit(models.Model):
    """What regional administrators may promise, decided by the platform.

    Stated for a region and what lies below it, or for all; for one role, or for all. The limit of
    the nearer region binds, there the one of the role before the general one. Where none binds,
    only the platform puts policies in force: nobody promises the platform's money by default.
    """

    _name = "wine.share.limit"
    _description = "Limit of share policies"
    _inherit = ["mail.thread", "wine.reach"]
    _order = "region_path, role, id"

    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    region_id = fields.Many2one(
        "wine.region", index=True, ondelete="cascade", help="With what lies below; empty for all."
    )
    region_path = fields.Char(related="region_id.parent_path", store=True)
    role = fields.Selection(ROLE, tracking=True, help="Empty for every role.")
    allowed = fields.Boolean(default=True, tracking=True)
    max_percent = fields.Float("At most (%)", digits=(5, 2), default=100.0, tracking=True)
    least_platform_percent = fields.Float("Platform at least (%)", digits=(5, 2), tracking=True)
    note = fields.Char("Reason", help="Shown to the regions that it binds.")
