# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who fills a role: kept where the role belongs."""

from odoo import fields, models


class WineSite(models.Model):
    _inherit = "wine.site"

    salesperson_id = fields.Many2one(
        "res.partner",
        tracking=True,
        help="Won this site; shares in its sales where the policy says so.",
    )


class WineMachine(models.Model):
    _inherit = "wine.machine"

    salesperson_id = fields.Many2one(
        "res.partner",
        tracking=True,
        help="Shares in the sales of this machine where the policy says so; empty for the "
        "salesperson of the site.",
    )


class ResPartner(models.Model):
    _inherit = "res.partner"

    referrer_id = fields.Many2one(
        "res.partner",
        "Referred by",
        index="btree_not_null",
        tracking=True,
        help="Shares in what this customer buys where the policy says so.",
    )
