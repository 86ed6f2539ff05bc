# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..core import quarantine
from .refusals import refusal_text
from .words import MESSAGES, said

STATES = [
    ("new", "Stored"),
    ("done", "Used"),
    ("unhandled", "Kept, nothing to do"),
    ("failed", "Could not be used"),
    ("quarantined", "Quarantined"),
    ("corrected", "Refused, then taken in"),
    ("dismissed", "Refused, put aside"),
]
CODES = [
    ("schema", "Not as the protocol says"),
    ("too_large", "Too large"),
    ("identity_conflict", "Same identity, other content"),
    ("unknown_epoch", "Unknown epoch"),
    ("foreign_machine", "Not this machine's"),
]
#: how far the machine trusts its clock (docs/protocol §2, ``ts_q``)
CLOCKS = [("synced", "Right"), ("drifted", "May be off"), ("unset", "Never set")]


class WineBridgeEvent(models.Model):
    """The inbox: every message of every machine, stored before it is acknowledged.

    **stored** → **used** | **kept** (nothing to do for this type) | **could not be used** (a case
    says why; it can be taken in again) — or **quarantined** at the door, with the code that the
    device is told; from there it ends **taken in** (a corrected or mended copy is a message of its
    own) or **put aside**. The bridge writes this table by plain SQL; nothing here is ever changed
    but the state of a message, the count of its duplicates and who settled it.
    """

    _name = "wine.bridge.event"
    _description = "Message of a machine"
    _order = "id desc"
    _log_access = False
    _rec_name = "type"

    machine_id = fields.Many2one("wine.machine", readonly=True, ondelete="restrict")
    region_id = fields.Many2one(related="machine_id.region_id")
    channel = fields.Char(readonly=True)
    event_id = fields.Char("Message id", readonly=True)
    epoch = fields.Integer(readonly=True)
    seq = fields.Float("Number", digits=(16, 0), readonly=True)
    boot = fields.Char("Power-up", readonly=True)
    type = fields.Char("Name in the protocol", readonly=True)
    type_text = fields.Char(
        "Message", compute="_compute_type_text", search="_search_type_text", compute_sudo=False
    )
    corr = fields.Char("Belongs to", readonly=True)
    data = fields.Json("What it says", readonly=True)
    data_text = fields.Text("Content", compute="_compute_data_text", compute_sudo=False)
    payload = fields.Text("As received", readonly=True, help="Kept for messages in quarantine.")
    topic = fields.Char(readonly=True)
    digest = fields.Char("Fingerprint", readonly=True)
    device_time = fields.Datetime("By the machine's clock", readonly=True)
    time_quality = fields.Selection(CLOCKS, "Clock", readonly=True)
    late = fields.Boolean("Sent late", readonly=True)
    received_at = fields.Datetime("Received at", readonly=True)
    moment = fields.Datetime("Business time", readonly=True)
    clock_trusted = fields.Boolean("Machine's clock used", readonly=True)
    duplicates = fields.Integer("Sent again", readonly=True)
    state = fields.Selection(STATES, readonly=True)
    code = fields.Selection(CODES, "Refused because", readonly=True)
    result = fields.Char("As the bridge wrote it", readonly=True)
    result_text = fields.Char("What came of it", compute="_compute_result_text", compute_sudo=False)
    attempts = fields.Integer("Times tried", readonly=True)
    case_id = fields.Many2one("wine.case", readonly=True)
    part = fields.Integer(
        "Place in the array", readonly=True, help="Which of those that came as one, from 1; else 0."
    )
    corrects_id = fields.Many2one(
        "wine.bridge.event", "Taken in for", readonly=True, index="btree_not_null"
    )
    settled_by_id = fields.Many2one("res.users", "Settled by", readonly=True)
    settled_at = fields.Datetime("Settled", readonly=True)
    settled_reason = fields.Char("Why so", readonly=True)

    _event_id = models.UniqueIndex("(event_id)", "This message is already stored.")
    _identity = models.UniqueIndex(
        "(machine_id, epoch, seq)", "This machine has already sent an event with this number."
    )
    _pending = models.Index("(id) WHERE state = 'new'")
    _waiting = models.Index("(machine_id, id) WHERE state = 'new'")
    _alarming = models.Index("(id) WHERE state = 'quarantined' AND case_id IS NULL")
    _by_machine = models.Index("(machine_id, id)")
    _quarantined = models.Index("(code, received_at) WHERE state = 'quarantined'")
    _refused = models.Index("(received_at, code) WHERE code IS NOT NULL")
    _births = models.Index("(received_at) WHERE channel = 'birth'")
    _births_by_machine = models.Index("(machine_id, id) WHERE channel = 'birth'")

    # === WORDS === #

    @api.depends("type", "payload", "part")
    def _compute_type_text(self):
        for event in self:
            named = event.type or event._named_type()
            event.type_text = said(self.env, MESSAGES, named) or self.env._("Unreadable message")

    @api.depends("data")
    def _compute_data_text(self):
        """What it says, one field a line."""
        for event in self:
            event.data_text = quarantine.pretty(event.data or {})

    @api.depends("result", "case_id")
    @api.depends_context("lang")
    def _compute_result_text(self):
        """Of a message that could not be used its case says why, in the reader's language."""
        failed = self.filtered(lambda event: event.state == "failed").mapped("event_id")
        cases = self.env["wine.case"].sudo()
        if failed:
            cases = cases.search([("kind", "=", "message"), ("reference", "in", failed)])
        texts = {case.reference: case.text for case in cases}
        for event in self:
            known = event.state == "failed" and texts.get(event.event_id)
            event.result_text = known or refusal_text(self.env, event.result) or False

    @api.model
    def _search_type_text(self, operator, value):
        """By words or by the name in the protocol, so that either is found."""
        if operator not in ("ilike", "like", "=") or not isinstance(value, str):
            return NotImplemented
        wanted = value.lower()
        meant = [name for name in MESSAGES if wanted in said(self.env, MESSAGES, name).lower()]
        return Domain("type", "in", meant) | Domain("type", operator, value)

    @api.depends("type_text")
    def _compute_display_name(self):
        for event in self:
            event.display_name = self.env._(
                "%(what)s (message %(id)s)", what=event.type_text, id=event.id
            )

    def action_replay(self):
        """Take messages in again: their cause has been mended, or their type is known by now."""
        if not self.env.user.has_group("wine_vending.group_wine_admin"):
            raise AccessError(
                self.env._("Messages are taken in again by the platform administrator. Ask there.")
            )
        if self.filtered(lambda event: event.state not in ("failed", "unhandled")):
            raise UserError(self.env._("Only messages that were not used are taken in again."))
        self.sudo().write({"state": "new", "attempts": 0, "result": False})
        self.env.cr.execute("SELECT pg_notify('wine_bridge_inbox', '')")
        return True
