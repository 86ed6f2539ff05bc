# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from .words import CODES, said

STATES = [
    ("pending", "Waiting"),
    ("sent", "Sent"),
    ("received", "Received"),
    ("in_progress", "In progress"),
    ("answered", "To be seen"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("rejected", "Refused"),
    ("rolled_back", "Rolled back"),
    ("skipped", "Left out"),
]
OPEN = ("pending", "sent", "received", "in_progress", "answered")
UNDER_WAY = OPEN[1:]
FAILED = ("failed", "rejected", "rolled_back")
ENDED = ("succeeded", *FAILED, "skipped")
RANK = {state: rank for rank, (state, _label) in enumerate(STATES)}
#: ends that were only our impatience: what the machine says later is believed
IMPATIENT = ("not_confirmed", "no_answer", "closed")
#: an answer that was given in time may arrive a little later
GRACE = timedelta(minutes=5)


class WineFirmwareInstall(models.Model):
    """One machine in one campaign: what it was told, what it says, what it shows.

    **waiting** for its wave, its night, its line, or the next attempt → **sent** → **received** →
    **in progress** (it downloads, then waits for a quiet moment) → it says that it succeeded: **to
    be seen** → **succeeded** once a birth or report shows the new version too. **failed**,
    **refused** (signature, arguments), **rolled back** (it runs the former version again),
    **left out**.

    A command has one identity per attempt. Where no answer came in time it is sent again under the
    same one: a machine that has never seen it begins, another repeats its answer. Only a new
    attempt has a new identity.

    Hardest path: acknowledgement and birth come in any order, twice, or after the campaign has
    ended; both are kept with their time, a birth from before the answer says nothing, and who
    succeeded but shows the former version afterwards is rolled back.
    """

    _name = "wine.firmware.install"
    _description = "Firmware of a machine"
    _inherit = ["wine.reach"]
    _order = "id desc"
    _rec_name = "machine_id"

    campaign_id = fields.Many2one(
        "wine.firmware.campaign", required=True, readonly=True, index=True, ondelete="restrict"
    )
    wave_id = fields.Many2one(
        "wine.firmware.wave", required=True, readonly=True, ondelete="restrict"
    )
    firmware_id = fields.Many2one(
        "wine.firmware", "Version", required=True, readonly=True, index=True, ondelete="restrict"
    )
    machine_id = fields.Many2one("wine.machine", required=True, readonly=True, ondelete="restrict")
    region_id = fields.Many2one(related="machine_id.region_id", store=True, index=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="pending", index=True)
    is_open = fields.Boolean("Not ended", compute="_compute_is_open", search="_search_is_open")
    excluded = fields.Boolean(
        "Does not count", readonly=True, help="Left out by a person: counts neither way."
    )
    forgiven = fields.Boolean(
        readonly=True, help="Ended before the campaign was resumed: stops it no more."
    )
    from_version = fields.Char("From version", readonly=True, help="What it ran when it was told.")
    shown_version = fields.Char("Shows", readonly=True, help="What it reported since.")
    shown_at = fields.Datetime("Shown", readonly=True)
    command_uuid = fields.Char("Command id", readonly=True, index=True)
    attempts = fields.Integer(readonly=True)
    renewals = fields.Integer("Asked again", readonly=True)
    due_at = fields.Datetime("Waits until", readonly=True)
    sent_at = fields.Datetime("Sent at", readonly=True)
    received_at = fields.Datetime("Received at", readonly=True)
    answered_at = fields.Datetime("Answered at", readonly=True, help="By the machine's clock.")
    ended_at = fields.Datetime("Ended", readonly=True)
    code = fields.Char(readonly=True)
    code_text = fields.Char("Why", compute="_compute_code_text", compute_sudo=False)
    detail = fields.Char(readonly=True)

    _one_open = models.UniqueIndex(
        "(machine_id) WHERE state IN ('pending', 'sent', 'received', 'in_progress', 'answered')",
        "This machine is in a campaign that runs already.",
    )
    _once = models.Constraint(
        "UNIQUE(campaign_id, machine_id)", "A machine is in a campaign only once."
    )
    _of_machine = models.Index("(machine_id, id)")
    _of_wave = models.Index("(campaign_id, wave_id, state)")

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_code_text(self):
        for install in self:
            install.code_text = said(self.env, CODES, install.code) or False

    @api.depends("state")
    def _compute_is_open(self):
        for install in self:
            install.is_open = install.state in OPEN

    def _search_is_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("state", "in", OPEN if True in value else ENDED)]

    # === ACTIONS === #

    def action_retry(self):
        """Machines that failed get another try; idempotent.

        :raise UserError: the campaign is over
        """
        self.campaign_id.check_access("write")
        for install in self.sudo():  # not edited, only tried again
            if install.campaign_id.state == "done":
                raise UserError(
                    self.env._("%s is over. Start another campaign.", install.campaign_id.name)
                )
            if install.state in FAILED:
                install._again(attempts=0, excluded=False)
        return True

    def action_exclude(self):
        """Leave machines out: who waits is not told, who failed no longer counts. Idempotent."""
        self.campaign_id.check_access("write")
        self._exclude()
        return True

    def _exclude(self):
        installs = self.sudo()  # not edited, only left out
        installs._take_back()
        installs.filtered(lambda one: one.state == "pending")._end("skipped", "excluded")
        installs.excluded = True

    # === WHAT IS SENT === #

    def _tell(self, expires, not_before, now):
        """Send the command of this attempt, or send it again, as if for the first time."""
        self.ensure_one()
        args = {
            "version": self.firmware_id.version,
            "url": self._link(expires),
            "sha256": self.firmware_id.sha256,
            "signature": self.firmware_id.signature,
            "not_before": f"{not_before.isoformat(timespec='seconds')}Z",
        }
        values = {"state": "sent", "sent_at": now, "due_at": expires + GRACE, "code": False}
        known = self._command()
        if known:
            known._renew(args, expires)
        else:
            uuid = self.machine_id._send("firmware.update", args, expires)
            values |= {"command_uuid": uuid, "attempts": self.attempts + 1}
            values |= {"from_version": self.machine_id.firmware, "renewals": 0}
            values |= {"shown_version": False, "shown_at": False, "answered_at": False}
        self.write(values)

    def _command(self):
        Command = self.env["wine.bridge.command"].sudo()  # the outbox is written by nobody else
        return self.command_uuid and Command.search([("uuid", "=", self.command_uuid)]) or Command

    def _take_back(self):
        """What no machine has received is not sent any more, as far as it has not left."""
        waiting = self.filtered(lambda one: one.state == "sent")
        uuids = waiting.mapped("command_uuid")
        queued = self.env["wine.bridge.command"].sudo().search(
            [("uuid", "in", uuids), ("state", "=", "queued")]
        )  # fmt: skip
        queued.state = "expired"
        held = set(queued.mapped("uuid"))
        waiting.filtered(lambda one: one.command_uuid in held).write(
            {"state": "pending", "due_at": False}
        )

    def _again(self, wait=None, **values):
        """Wait for another attempt, under a new identity."""
        self.write(
            {
                "state": "pending",
                "command_uuid": False,
                "due_at": wait,
                "ended_at": False,
                "answered_at": False,
                **values,
            }
        )

    def _end(self, state, code=False, detail=False):
        """The last word, for now."""
        for install in self:
            if install.state != state or install.code != (code or False):
                install.write(
                    {
                        "state": state,
                        "code": code,
                        "detail": detail,
                        "ended_at": fields.Datetime.now(),
                        "due_at": False,
                        "forgiven": False,
                    }
                )
