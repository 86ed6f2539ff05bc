# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class WinePlanogramSchedule(models.TransientModel):
    """When drafts shall be published: the moment in the reader's time and in the region's."""

    _name = "wine.planogram.schedule"
    _description = "Schedule publication"
    _inherit = ["wine.guide"]

    planogram_ids = fields.Many2many("wine.planogram", string="Drafts", required=True)
    publish_at = fields.Datetime("Publish at", required=True)
    local_text = fields.Char("There", compute="_compute_local_text")

    @api.depends("publish_at", "planogram_ids")
    def _compute_local_text(self):
        for wizard in self:
            regions = {region.tz: region for region in wizard.planogram_ids.region_id}
            wizard.local_text = ", ".join(
                filter(None, (r._local_text(wizard.publish_at) for r in regions.values()))
            )

    def action_schedule(self):
        self.planogram_ids._schedule(self.publish_at)
        return {"type": "ir.actions.act_window_close"}
