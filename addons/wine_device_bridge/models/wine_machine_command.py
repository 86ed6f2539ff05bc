# SPDX-License-Identifier: LGPL-3.0-or-later
import json
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from ..core.commands import ADMIN, KINDS, LISTENING
from .words import COMMANDS, said

#: the same command asked for again within this time is the same click (seconds)
SAME_CLICK = 5


class WineMachine(models.Model):
    """What people tell a machine by hand: its field staff, and who is above them.

    Each command says what it does before it leaves, holds for a while, and shows on the machine
    what became of it. The same one is under way once, whoever clicks how often.
    """

    _inherit = "wine.machine"

    bridge_told_ids = fields.One2many(
        "wine.bridge.command",
        "machine_id",
        "Told by hand",
        domain=[("user_id", "!=", False)],
    )
    bridge_asked_count = fields.Integer(
        "Questions of consumers", compute="_compute_bridge_asked_count"
    )
    bridge_may_command = fields.Boolean(compute="_compute_bridge_may_command")

    def _compute_bridge_asked_count(self):
        counts = dict(
            self.env["wine.bridge.auth"]
            .sudo()
            ._read_group([("machine_id", "in", self.ids)], ["machine_id"], ["__count"])
        )
        for machine in self:
            machine.bridge_asked_count = counts.get(machine, 0)

    @api.depends("state")
    @api.depends_context("uid")
    def _compute_bridge_may_command(self):
        for machine in self:
            machine.bridge_may_command = (
                machine.state in LISTENING and machine._is_commanded_by_me()
            )

    # === WHO MAY === #

    def _is_commanded_by_me(self):
        """Whether this user is the machine's staff, or above it; to see it is not enough."""
        self.ensure_one()
        user = self.env.user
        if self.env.su or user.has_group("wine_vending.group_wine_admin"):
            return True
        if not user.has_group("wine_vending.group_wine_service"):
            return False
        within = [("id", "=", self.id), *user.sudo()._wine_sees("id")]
        return bool(self.sudo().search_count(within, limit=1))

    def _check_may_command(self, kind):
        """:raise AccessError: this user may not tell this machine that"""
        self.ensure_one()
        self.check_access("read")
        if kind not in KINDS:
            raise AccessError(self.env._("%s is not told by hand.", said(self.env, COMMANDS, kind)))
        if not self._is_commanded_by_me():
            raise AccessError(
                self.env._("%s is told what to do by its own service staff only.", self.name)
            )
        admin = self.env.su or self.env.user.has_group("wine_vending.group_wine_admin")
        if KINDS[kind].who == ADMIN and not admin:
            raise AccessError(
                self.env._(
                    "%s is for the platform administrator. Ask there.",
                    said(self.env, COMMANDS, kind),
                )
            )

    def _check_can_command(self, kind):
        """:raise UserError: the machine is in no state for it"""
        if self.state not in LISTENING:
            raise UserError(
                self.env._("%s is not in use: nobody listens there to commands.", self.name)
            )
        if kind == "machine.unlock" and self.state != "active":
            raise UserError(
                self.env._(
                    "%s does not sell because it is not active, and stays locked until it is. Ask "
                    "its regional administrator to activate it.",
                    self.name,
                )
            )

    # === TELLING === #

    def _order_command(self, kind, args=None, reason=None):
        """Queue a command for a person, once.

        :return: (the command, whether it is new)
        :raise AccessError: this user may not; :raise UserError: the machine is in no state for it
        """
        self._check_may_command(kind)
        self._check_can_command(kind)
        args = args or {}
        once = json.dumps([self.id, kind, args], sort_keys=True)
        Command = self.env["wine.bridge.command"].sudo()
        if same := Command._same_click(once, SAME_CLICK):
            return same, False
        values = {"user_id": self.env.uid, "reason": reason or False, "once": once}
        expires = fields.Datetime.now() + timedelta(minutes=KINDS[kind].minutes)
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                command = self.sudo()._queue_command(kind, args, expires, **values)
        except UniqueViolation:  # the other click was faster by a moment
            return Command.browse(), False
        command._show()
        return command, True

    def _queue_command(self, kind, args, expires, **values):
        """Write a command into the outbox; returns it."""
        self.ensure_one()
        return (
            self.env["wine.bridge.command"]
            .sudo()
            .create(
                {
                    "machine_id": self.id,
                    "type": kind,
                    "args": args,
                    "expires_at": expires.replace(microsecond=0),
                    **values,
                }
            )
        )

    def _request(self, command):
        """The buttons of cash and counters go the same way: once, and seen."""
        self.check_access("write")
        for machine in self:
            machine._order_command(command)
        return self._told(
            self.env._("Asked. The answer appears here when the machine has sent it.")
        )

    def _told(self, text, kind="success"):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": text,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # === SCREENS === #

    def action_command(self):
        """Open the dialog that tells this machine something."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Tell %s", self.name),
            "res_model": "wine.command.new",
            "view_mode": "form",
            "target": "new",
            "context": {"default_machine_id": self.id, "dialog_size": "medium"},
        }

    def action_view_bridge_asked(self):
        return self._action_of("wine_device_bridge.wine_bridge_auth_action")
