# SPDX-License-Identifier: LGPL-3.0-or-later
import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.ids import uuid7
from .words import CODES, COMMANDS, said

STATES = [
    ("queued", "Waiting"),
    ("sent", "Sent"),
    ("received", "Received"),
    ("in_progress", "In progress"),
    ("succeeded", "Done"),
    ("failed", "Failed"),
    ("rejected", "Refused"),
    ("expired", "Expired"),
    ("cancelled", "Taken back"),
]
#: a report never takes a command back
RANK = {state: rank for rank, (state, _label) in enumerate(STATES)}
#: what a machine may report
REPORTED = ("received", "in_progress", "succeeded", "failed", "rejected", "expired")
FINAL = ("succeeded", "failed", "rejected", "expired", "cancelled")
UNDER_WAY = ("queued", "sent", "received", "in_progress")
#: an answer may be a log; more than this is cut off
LONGEST = 32 * 1024
#: these do not wait behind planograms, for somebody stands at the machine
URGENT = ("vend.authorize", "vend.cancel", "auth.offer", "auth.deny", "door.unlock")


class WineBridgeCommand(models.Model):
    """The outbox: what machines are told.

    Written in the business transaction, so that what was not committed is never said. The bridge is
    woken at commit and sends: **waiting** → **sent** → **received** → **in progress** → **done**,
    **failed** or **refused**, as the machine reports. Old news change nothing. A command past its
    time is **expired**: it is never sent any more, and a machine does not begin it. Where the
    machine had begun in time and only its answer was late, the answer stands. What a person asked
    for can be **taken back** while it waits. The desired shadow goes the same way; its newest
    version stands retained at the broker.
    """

    _name = "wine.bridge.command"
    _description = "Command to a machine"
    _order = "id desc"
    _rec_name = "type"

    uuid = fields.Char("Command id", required=True, readonly=True, default=lambda self: uuid7())
    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="restrict"
    )
    region_id = fields.Many2one(related="machine_id.region_id")
    channel = fields.Selection(
        [("cmd", "Command"), ("desired", "Desired shadow")],
        required=True,
        readonly=True,
        default="cmd",
    )
    type = fields.Selection(
        selection="_selection_type", string="Command", required=True, readonly=True
    )
    protocol_name = fields.Char("Name in the protocol", compute="_compute_protocol_name")
    args = fields.Json("What was said, as sent", readonly=True)
    args_text = fields.Text("What was said", compute="_compute_args_text")
    expires_at = fields.Datetime("Holds until", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="queued")
    sent_at = fields.Datetime("Sent at", readonly=True)
    answered_at = fields.Datetime("Answered at", readonly=True)
    code = fields.Char("Machine's code", readonly=True)
    code_text = fields.Char("Machine says", compute="_compute_code_text", compute_sudo=False)
    detail = fields.Text("Answer", readonly=True)
    user_id = fields.Many2one("res.users", "Asked by", readonly=True, index="btree_not_null")
    reason = fields.Char("Why", readonly=True)
    once = fields.Char(
        "Same request",
        readonly=True,
        index="btree_not_null",
        help="What is asked for by hand is under way once.",
    )

    _uuid_unique = models.Constraint("UNIQUE(uuid)", "This command exists already.")
    _queued = models.Index("(machine_id, id) WHERE state = 'queued'")
    _queued_urgent = models.Index(
        "(id) WHERE state = 'queued' AND type IN "
        "('vend.authorize', 'vend.cancel', 'auth.offer', 'auth.deny', 'door.unlock')"
    )
    _oldest = models.Index("(id) WHERE state = 'queued'")
    _under_way = models.Index(
        "(expires_at) WHERE state IN ('queued', 'sent', 'received', 'in_progress')"
    )
    _once_under_way = models.UniqueIndex(
        "(once) WHERE once IS NOT NULL AND state IN ('queued', 'sent', 'received', 'in_progress')",
        "This is on its way to the machine already.",
    )

    @api.model
    def _selection_type(self):
        return [(name, self.env._(words)) for name, words in COMMANDS.items()]

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_code_text(self):
        for command in self:
            command.code_text = said(self.env, CODES, command.code) or False

    @api.depends("type")
    def _compute_protocol_name(self):
        for command in self:
            command.protocol_name = command.type

    @api.depends("type")
    def _compute_display_name(self):
        for command in self:
            command.display_name = command._words()

    def _words(self):
        """What it tells the machine, in the language of the reader."""
        return said(self.env, COMMANDS, self.type)

    @api.depends("args")
    def _compute_args_text(self):
        """The message as a person reads it: one value per line, in the order of the protocol."""
        for command in self:
            command.args_text = json.dumps(command.args or {}, indent=2, ensure_ascii=False)

    @api.model_create_multi
    def create(self, vals_list):
        commands = super().create(vals_list)
        self.env.cr.execute("SELECT pg_notify('wine_bridge_outbox', '')")
        return commands

    @api.model
    def _same_click(self, once, seconds):
        """What this is a repetition of: under way, or written a few seconds ago."""
        just_now = fields.Datetime.now() - timedelta(seconds=seconds)
        return self.search(
            [
                ("once", "=", once),
                "|",
                ("state", "in", UNDER_WAY),
                "&",
                ("create_date", ">=", just_now),
                ("state", "!=", "cancelled"),
                ("code", "!=", "superseded"),
            ],
            limit=1,
        )

    @api.model
    def _say_again(self, born):
        """What machines were sent before they began a session, and never spoke of, leaves anew.

        A broker may have died with it, or its queue for the machine was full. A machine that had it
        after all repeats its stored answer and does nothing (docs/protocol §7).

        :param dict born: machine id → naive UTC time at which its birth was received
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """UPDATE wine_bridge_command command
                      SET state = 'queued', write_date = now() AT TIME ZONE 'UTC'
                     FROM unnest(%s::int[], %s::timestamp[]) AS born (machine, at)
                    WHERE command.machine_id = born.machine AND command.channel = 'cmd'
                      AND command.state = 'sent' AND command.sent_at < born.at
                      AND (command.expires_at IS NULL OR command.expires_at > %s)
                RETURNING command.id""",
                list(born),
                list(born.values()),
                fields.Datetime.now(),
            )
        )
        if rows:
            self.invalidate_model(["state", "write_date"])
            self.env.cr.execute("SELECT pg_notify('wine_bridge_outbox', '')")

    # === WHAT MACHINES REPORT === #

    @api.model
    def _apply_acks(self, events):
        """Follow what machines report of their commands; old news change nothing.

        :param events: stored messages of the channel ``ack``
        """
        told = {}
        for event in events:
            data = event.data or {}
            if data.get("status") in REPORTED and isinstance(data.get("cmd"), str):
                told.setdefault(data["cmd"].lower(), []).append((event, data))
        commands = self.sudo().search([("uuid", "in", list(told))])
        followed = self.browse()
        for command in commands:
            for event, data in told[command.uuid]:
                if event.machine_id == command.machine_id and command._follow(data, event.moment):
                    followed |= command
        followed._show()

    def _follow(self, data, moment):
        """Go where the machine reports it to be; False where that is no news."""
        self.ensure_one()
        status = data["status"]
        if self.state in FINAL:
            # our own clock said "expired"; the machine knows better what it has done
            if self.state != "expired" or self.answered_at or status not in FINAL:
                return False
        elif RANK[status] <= RANK[self.state]:
            return False
        self.write(
            {
                "state": status,
                "answered_at": moment,
                "code": str(data["code"])[:64] if data.get("code") else False,
                "detail": str(data["detail"])[:LONGEST] if data.get("detail") else False,
            }
        )
        return True

    def _show(self):
        """Open screens follow what a person asked for."""
        machines = self.filtered("user_id").machine_id
        if machines:
            machines._announce()

    # === TAKEN BACK === #

    def action_cancel(self):
        """Take back what was asked for by hand, while it has not left.

        :raise UserError: it has left, or it belongs to a sale
        """
        for command in self:
            if not command.user_id:
                raise UserError(
                    self.env._(
                        "%s is part of a sale or of the machine's planogram and is not taken "
                        "back by hand.",
                        command._words(),
                    )
                )
            command.machine_id._check_may_command(command.type)
            if command.state != "queued":
                raise UserError(
                    self.env._(
                        "%s has left already. The machine answers, or it expires by itself.",
                        command._words(),
                    )
                )
        self.sudo().state = "cancelled"
        self.sudo()._show()
        return True
