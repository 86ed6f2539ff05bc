# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.planogram_diff import diff


class WinePlanogram(models.Model):
    """Going back: a new version with the content of an old one; history is never rewritten."""

    _inherit = "wine.planogram"

    def action_roll_back(self):
        """Show what going back would change, and ask."""
        self.ensure_one()
        self._check_can_roll_back()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Go back to %s", self.display_name),
            "res_model": "wine.planogram.rollback",
            "view_mode": "form",
            "target": "new",
            "context": {"default_planogram_id": self.id},
        }

    def _check_can_roll_back(self):
        if self.state != "superseded":
            raise UserError(
                self.env._(
                    "%s was not replaced by another version; there is nothing to go back to.",
                    self.display_name,
                )
            )

    def _roll_back(self, cancel_scheduled=True):
        """Publish the content of this version anew.

        :param bool cancel_scheduled: drafts that would replace it again are taken off the schedule
        :return: the new version
        :raise UserError: nothing would change, or a line that may not be published today
        """
        self.ensure_one()
        self._check_can_roll_back()
        machine = self.machine_id
        if self.line_ids._layout() == machine.planogram_id.line_ids._layout():
            raise UserError(self.env._("%s is as it was in this version already.", machine.name))
        lines = [line._values() for line in self.line_ids]
        new = self._make_drafts([{"machine": machine, "lines": lines, "source": self}])
        if cancel_scheduled:
            machine.planogram_ids.filtered("publish_at").action_unschedule()
        new.action_publish()
        return new


class WinePlanogramRollback(models.TransientModel):
    """What going back to a version changes, and what is scheduled to come after it."""

    _name = "wine.planogram.rollback"
    _description = "Go back to a planogram version"

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
