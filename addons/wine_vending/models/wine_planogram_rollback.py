# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models
from odoo.exceptions import UserError


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
