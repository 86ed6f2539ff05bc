# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class WineMachineMove(models.TransientModel):
    """The guide that moves a machine: says what will happen before it does."""

    _name = "wine.machine.move"
    _description = "Move a machine"
    _inherit = ["wine.guide"]

    machine_id = fields.Many2one("wine.machine", required=True, readonly=True)
    region_id = fields.Many2one(related="machine_id.region_id", string="From")
    old_site_id = fields.Many2one(related="machine_id.site_id", string="From site")
    company_id = fields.Many2one(related="machine_id.company_id")
    site_id = fields.Many2one(
        "wine.site",
        "To site",
        required=True,
        domain="[('company_id', '=', company_id), ('id', '!=', old_site_id)]",
    )
    to_region_id = fields.Many2one(related="site_id.region_id", string="To")
    note = fields.Char("Why", help="Kept with the placement of the machine.")
    currency_id = fields.Many2one(related="machine_id.currency_id")
    bottles = fields.Integer(related="machine_id.bottle_count", string="Bottles in it")
    cash = fields.Monetary(related="machine_id.cash_in_machine", string="Cash in it")
    visits = fields.Integer("Planned visits", compute="_compute_visits")
    leaves_region = fields.Boolean(compute="_compute_leaves_region")

    @api.depends("machine_id")
    def _compute_visits(self):
        for guide in self:
            guide.visits = self.env["wine.visit"].search_count(
                [("machine_id", "=", guide.machine_id.id), ("state", "=", "planned")]
            )

    @api.depends("site_id", "machine_id")
    def _compute_leaves_region(self):
        for guide in self:
            there = guide.site_id.region_id
            guide.leaves_region = bool(there) and there != guide.machine_id.region_id

    def action_move(self):
        """Move, where this user manages both regions; the platform manages all."""
        self.ensure_one()
        self.machine_id.check_access("write")
        self.site_id.check_access("write")
        self.machine_id._move_to(self.site_id, self.note or "")
        return {"type": "ir.actions.act_window_close"}
