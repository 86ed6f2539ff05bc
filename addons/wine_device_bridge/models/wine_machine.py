# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

SESSION_FACTS = ("machine.birth", "machine.state")


class WineMachine(models.Model):
    """What the bridge adds to a machine: an epoch, an inbox, an outbox."""

    _inherit = "wine.machine"

    bridge_epoch = fields.Integer(
        "Epoch",
        default=1,
        required=True,
        readonly=True,
        copy=False,
        help="Grows when the machine's board is swapped or reset; its journal starts anew.",
    )
    bridge_command_ids = fields.One2many("wine.bridge.command", "machine_id", "Commands")
    bridge_waiting = fields.Integer("Commands on their way", compute="_compute_bridge_waiting")

    def _compute_bridge_waiting(self):
        counts = dict(
            self.env["wine.bridge.command"]._read_group(
                [
                    ("machine_id", "in", self.ids),
                    ("channel", "=", "cmd"),
                    ("state", "in", ("queued", "sent", "received", "in_progress")),
                ],
                ["machine_id"],
                ["__count"],
            )
        )
        for machine in self:
            machine.bridge_waiting = counts.get(machine, 0)

    def _send(self, command, args, expires):
        """Queue a command in this transaction; it leaves at commit."""
        self.ensure_one()
        super()._send(command, args, expires)
        return self._queue_command(command, args, expires).uuid

    @api.model
    def _after_facts(self, facts):
        """A machine that begins a session gets again what it does not have.

        That is the wanted shadow, where it names another one, commands that it never spoke of, and
        whether it may sell.
        """
        born = {f.machine_id: f.received for f in facts if f.type == "machine.birth"}
        if born:
            self.env["wine.bridge.command"].sudo()._say_again(born)
            self.browse(born)._lock_again()
        behind = self.browse(
            fact.machine_id
            for fact in facts
            if fact.type == "machine.birth"
            and fact.result == "done"
            and self.browse(fact.machine_id)._is_behind(fact.data.get("desired_version"))
        )
        if behind:
            behind._publish_desired()
        self._after_sessions(facts)

    def _after_sessions(self, facts):
        """Who is shut out is not online, whatever it said in the moment before."""
        said = self.browse({f.machine_id for f in facts if f.type in SESSION_FACTS})
        said.filtered(
            lambda machine: (
                machine.connection_state == "online"
                and (
                    machine.state in ("suspended", "retired")
                    or "revoked" in machine.sudo().bridge_credential_ids.mapped("state")
                )
            )
        )._bridge_connection("offline")

    def action_view_bridge_commands(self):
        return self._action_of("wine_device_bridge.wine_bridge_command_action")

    def action_view_bridge_events(self):
        return self._action_of("wine_device_bridge.wine_bridge_event_action")
