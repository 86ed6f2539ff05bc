# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError


class WineNeedAnswer(models.TransientModel):
    """What somebody decides about machines that need a person: who goes, or not now and why."""

    _name = "wine.need.answer"
    _description = "Answer to the need of machines"
    _inherit = ["wine.guide"]

    machine_ids = fields.Many2many("wine.machine", string="Machines", required=True)
    user_id = fields.Many2one(
        "res.users",
        "Person",
        domain="[('share', '=', False)]",
        default=lambda self: self.env.user,
    )
    until = fields.Date(default=lambda self: fields.Date.today() + timedelta(days=1))
    reason = fields.Char()

    def action_assign(self):
        self.machine_ids.check_access("write")
        self.machine_ids.sudo().need_user_id = self.user_id
        return True

    def action_snooze(self):
        """Hide the machines from "Needs me" until the day given."""
        self.machine_ids.check_access("write")
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why these machines may wait; the next person asks."))
        if not self.until or self.until <= fields.Date.today():
            raise UserError(self.env._("Choose a day after today."))
        machines = self.machine_ids.sudo()
        machines.write({"need_snooze_until": self.until, "need_snooze_reason": self.reason.strip()})
        for machine in machines:
            machine._message_log(
                body=self.env._(
                    "Snoozed until %(day)s: %(reason)s", day=self.until, reason=self.reason
                )
            )
        return True
