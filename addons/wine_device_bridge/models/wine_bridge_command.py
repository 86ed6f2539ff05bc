# SPDX-License-Identifier: LGPL-3.0-or-later
import json

from odoo import api, fields, models

from ..core.ids import uuid7

STATES = [
    ("queued", "Waiting"),
    ("sent", "Sent"),
    ("received", "Received"),
    ("in_progress", "In progress"),
    ("succeeded", "Done"),
    ("failed", "Failed"),
    ("rejected", "Refused"),
    ("expired", "Expired"),
]
#: a report never takes a command back
RANK = {state: rank for rank, (state, _label) in enumerate(STATES)}
FINAL = ("succeeded", "failed", "rejected", "expired")


class WineBridgeCommand(models.Model):
    """The outbox: what machines are told.

    Written in the business transaction, so that what was not committed is never said. The bridge is
    woken at commit and sends: **waiting** → **sent** → what the machine reports, up to **done**,
    **failed** or **refused**. A command past its time is **expired** and never sent. The desired
    shadow goes the same way; its newest version stands retained at the broker.
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
    type = fields.Char(required=True, readonly=True)
    args = fields.Json(readonly=True)
    args_text = fields.Text("What was said", compute="_compute_args_text")
    expires_at = fields.Datetime(readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="queued")
    sent_at = fields.Datetime(readonly=True)
    answered_at = fields.Datetime(readonly=True)
    code = fields.Char(readonly=True)
    detail = fields.Char(readonly=True)

    _uuid_unique = models.Constraint("UNIQUE(uuid)", "This command exists already.")
    _queued = models.Index("(id) WHERE state = 'queued'")

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
    def _apply_acks(self, events):
        """Follow what machines report of their commands; old news change nothing.

        :param events: stored messages of the channel ``ack``
        """
        told = {}
        for event in events:
            data = event.data or {}
            if data.get("status") in RANK and isinstance(data.get("cmd"), str):
                told.setdefault(data["cmd"], []).append((event, data))
        commands = self.sudo().search([("uuid", "in", list(told))])
        for command in commands:
            for event, data in told[command.uuid]:
                if event.machine_id == command.machine_id:
                    command._follow(data, event.moment)

    def _follow(self, data, moment):
        self.ensure_one()
        if self.state in FINAL or RANK[data["status"]] <= RANK[self.state]:
            return
        self.write(
            {
                "state": data["status"],
                "answered_at": moment,
                "code": str(data["code"])[:64] if data.get("code") else False,
                "detail": str(data["detail"])[:500] if data.get("detail") else False,
            }
        )

    @api.model
    def _cron_expire(self):
        """Commands whose time is over without a last word."""
        self.search(
            [
                ("channel", "=", "cmd"),
                ("state", "not in", FINAL),
                ("expires_at", "<", fields.Datetime.now()),
            ]
        ).state = "expired"
