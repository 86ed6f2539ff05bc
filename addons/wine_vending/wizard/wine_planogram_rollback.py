# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from ..core.planogram_diff import diff


class WinePlanogramRollback(models.TransientModel):
    """What going back to a version changes, and what is scheduled to come after it."""

    _name = "wine.planogram.rollback"
    _description = "Go back to a planogram version"
    _inherit = ["wine.guide"]

    planogram_id = fields.Many2one("wine.planogram", "Version", required=True, readonly=True)
    change_count = fields.Integer("Slots that change", compute="_compute_changes")
    change_html = fields.Html("Changes", compute="_compute_changes", sanitize=False)
    scheduled_ids = fields.Many2many(
        "wine.planogram", string="Scheduled to be published later", compute="_compute_scheduled"
    )
    cancel_scheduled = fields.Boolean(
        "Take these off the schedule",
        default=True,
        help="Else they are published at their time and bring their changes onto this version.",
    )

    @api.depends("planogram_id")
    def _compute_changes(self):
        for wizard in self:
            version = wizard.planogram_id
            standing = version.machine_id.planogram_id
            changes = diff(standing.line_ids._layout(), version.line_ids._layout())
            wizard.change_count = len(changes)
            wizard.change_html = version._changes_html(changes)

    @api.depends("planogram_id")
    def _compute_scheduled(self):
        for wizard in self:
            wizard.scheduled_ids = wizard.planogram_id.machine_id.planogram_ids.filtered(
                lambda planogram: planogram.stage == "scheduled"
            )

    def action_confirm(self):
        new = self.planogram_id._roll_back(self.cancel_scheduled)
        return new.get_formview_action()
