# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.commands import ADMIN, KINDS
from ..models.words import COMMANDS


class WineCommandNew(models.TransientModel):
    """A person tells one machine something: choose, read what it does, send."""

    _name = "wine.command.new"
    _description = "Tell a machine"
    _inherit = "wine.guide"

    machine_id = fields.Many2one("wine.machine", required=True, readonly=True)
    kind = fields.Selection(
        selection="_selection_kind", string="Command", required=True, default="door.unlock"
    )
    what = fields.Char("What it does", compute="_compute_what")
    holds = fields.Char("Holds for", compute="_compute_what")
    risky = fields.Boolean(compute="_compute_what")
    is_offline = fields.Boolean(compute="_compute_is_offline")
    reason = fields.Char(help="Kept with the command, for whoever looks later.")
    epoch = fields.Integer(compute="_compute_epoch", store=True, readonly=False, compute_sudo=False)
    from_seq = fields.Float("From number", digits=(16, 0), default=1)
    to_seq = fields.Float("To number", digits=(16, 0), default=1)

    @api.model
    def _explained(self):
        """{type: what it does} of all commands that people may send."""
        return {
            "door.unlock": self.env._(
                "The door opens at once, for whoever stands there. It locks when it is shut."
            ),
            "counter.request": self.env._(
                "The machine reports what it has sold since it was first switched on."
            ),
            "cash.request": self.env._("The machine reports what lies in its coin and note boxes."),
            "log.request": self.env._("The machine answers with the last lines of its log."),
            "machine.lock": self.env._("The machine sells nothing until it is told to sell again."),
            "machine.unlock": self.env._("The machine sells again what it has."),
            "machine.reboot": self.env._(
                "The machine ends the sale in hand, then starts anew. That takes a minute."
            ),
            "event.resend": self.env._(
                "The machine sends a range of its messages again, as far as it has them."
            ),
        }

    @api.model
    def _selection_kind(self):
        admin = self.env.su or self.env.user.has_group("wine_vending.group_wine_admin")
        return [
            (kind, self.env._(COMMANDS[kind]))
            for kind in self._explained()
            if admin or KINDS[kind].who != ADMIN
        ]

    @api.depends("kind")
    def _compute_what(self):
        explained = self._explained()
        for guide in self:
            kind = KINDS.get(guide.kind)
            guide.what = explained[guide.kind] if kind else False
            guide.risky = bool(kind and kind.risky)
            minutes = kind.minutes if kind else 0
            guide.holds = (
                self.env._("%s h", minutes // 60)
                if minutes >= 60
                else self.env._("%s min", minutes)
            )

    @api.depends("machine_id")
    def _compute_is_offline(self):
        for guide in self:
            guide.is_offline = guide._seen_machine().connection_state != "online"

    @api.depends("machine_id")
    def _compute_epoch(self):
        for guide in self:
            guide.epoch = guide._seen_machine().bridge_epoch

    def _seen_machine(self):
        """:raise AccessError: a machine that the user cannot see, also where nothing is saved"""
        self.machine_id.check_access("read")
        return self.machine_id.sudo()

    def action_send(self):
        """Queue it; the machine's form shows what becomes of it.

        :raise UserError: a range of numbers that is none
        """
        self.ensure_one()
        machine = self.machine_id
        command, new = machine._order_command(self.kind, self._args(), self.reason)
        if not new:
            return machine._told(self.env._("This is on its way already."), "info")
        name = self.env._(COMMANDS[self.kind])
        if self.is_offline:
            return machine._told(
                self.env._(
                    "%(what)s: the machine is offline. It gets this if it is back before %(time)s.",
                    what=name,
                    time=fields.Datetime.context_timestamp(self, command.expires_at).strftime(
                        "%H:%M"
                    ),
                ),
                "warning",
            )
        return machine._told(self.env._("%s: on its way.", name))

    def _args(self):
        if self.kind != "event.resend":
            return {}
        low, high = int(self.from_seq), int(self.to_seq)
        if self.epoch < 1 or not 1 <= low <= high < 2**53:
            raise UserError(
                self.env._("Give the first and the last number, both at least 1, in this order.")
            )
        return {"epoch": self.epoch, "from_seq": low, "to_seq": high}
