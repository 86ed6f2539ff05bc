# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import datetime, timedelta, timezone

from odoo import api, fields, models
from odoo.addons.wine_vending.core.auth import (
    ERROR,
    MAINTENANCE,
    TIMEOUT,
    TOO_MANY,
    UNSUPPORTED,
    Authorised,
    AuthRequest,
    Deny,
    Offer,
)
from odoo.tools import SQL, LazyTranslate

from ..core import schema

_lt = LazyTranslate(__name__)
#: an answer is worth telling for so long (seconds): nobody waits longer at a machine
ANSWER_SECONDS = 10
KEEP_DAYS = 90
#: so many questions that the wings denied within so many minutes, and a machine is guessing
WRONG, WITHIN = 30, 10
#: denials of the platform's own, which say nothing of the token
OWN_WORDS = (ERROR, MAINTENANCE, TIMEOUT, TOO_MANY, UNSUPPORTED)


class AlreadyAnswered(Exception):
    """A question has one answer, and there is one."""


class WineBridgeAuth(models.Model):
    """Somebody stands at a machine and waits: the question and its one answer.

    **waiting** → **being decided** → **answered**. Written with the event that brought it, decided
    by ``wine.machine._auth_request`` beside the inbox, so that no backlog holds it up. It is
    answered once: by an authorised vend, an offer or a denial; what nobody decided in time is
    denied. A question that comes from a journal, or long after it was asked, is kept and **not
    answered**: nobody stands there any more.

    A machine of which too many were denied lately is guessing: its questions are denied unasked.

    The token is a secret: it is held until the answer and forgotten with it. What stays is a mark
    by which the same token is known again, made with the secret of this database.
    """

    _name = "wine.bridge.auth"
    _description = "Question at a machine"
    _order = "id desc"
    _rec_name = "request_id"

    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="restrict"
    )
    region_id = fields.Many2one(related="machine_id.region_id")
    request_id = fields.Char("Question id", required=True, readonly=True)
    event_id = fields.Char("Message id", readonly=True)
    kind = fields.Selection(
        [("member", "Member"), ("pickup", "Pickup"), ("voucher", "Voucher")], readonly=True
    )
    token = fields.Char("Token until answered", readonly=True, groups=fields.NO_ACCESS)
    token_mark = fields.Char(
        "Token",
        readonly=True,
        help="Tells the same token from another one. The token itself is not kept.",
    )
    slot_code = fields.Char("Slot", readonly=True)
    received_at = fields.Datetime("Asked at", required=True, readonly=True)
    state = fields.Selection(
        [
            ("new", "Waiting"),
            ("asked", "Being decided"),
            ("done", "Answered"),
            ("late", "Not answered: too old"),
        ],
        required=True,
        readonly=True,
        default="new",
    )
    answer = fields.Selection(
        [("vend", "Vend authorised"), ("offer", "Offer"), ("deny", "Denied")], readonly=True
    )
    code = fields.Char("Denied because", readonly=True)
    text = fields.Char("Said to the consumer", readonly=True)
    answered_at = fields.Datetime("Decided", readonly=True)
    seconds = fields.Float("Decided in (s)", digits=(6, 2), readonly=True)
    vend_id = fields.Many2one("wine.vend", readonly=True, index="btree_not_null")
    command_id = fields.Many2one(
        "wine.bridge.command", "Told by", readonly=True, index="btree_not_null"
    )

    _once = models.UniqueIndex("(machine_id, request_id)", "This was asked before.")
    _waiting = models.Index("(received_at) WHERE state IN ('new', 'asked')")
    _denied = models.Index("(machine_id, answered_at) WHERE answer = 'deny'")

    # === WORDS === #

    @api.depends("kind", "token_mark")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for question in self:
            words = kinds.get(question.kind), question.token_mark
            question.display_name = " ".join(filter(None, words)) or question.request_id

    # === DECIDING, BY THE BRIDGE === #

    def _decide(self):
        """Ask the wings, keep and send their answers, all in this transaction; returns itself.

        :raise AlreadyAnswered: somebody denied one of these meanwhile; undo what was done for it
        :raise Exception: whatever the wings raise, or an answer that breaks the protocol
        """
        guessing = self._guessing()
        requests = {row._as_request(): row for row in self if row.machine_id.id not in guessing}
        answers = self.env["wine.machine"]._auth_answers(list(requests)) if requests else {}
        for request, row in requests.items():
            row._conclude(answers[request])
        for row in self.filtered(lambda row: row.machine_id.id in guessing):
            row._conclude(row.machine_id._auth_deny(TOO_MANY))
        return self

    def _guessing(self):
        """Ids of machines of which too many tokens were wrong lately."""
        since = fields.Datetime.now() - timedelta(minutes=WITHIN)
        self.flush_model(["answer", "answered_at", "code", "machine_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT machine.id FROM unnest(%s::int[]) AS machine (id)
                    WHERE (SELECT count(*) FROM (
                           SELECT FROM wine_bridge_auth
                            WHERE machine_id = machine.id AND answer = 'deny'
                              AND answered_at > %s AND code NOT IN %s LIMIT %s) lately) >= %s""",
                self.machine_id.ids,
                since,
                OWN_WORDS,
                WRONG,
                WRONG,
            )
        )
        return {row[0] for row in rows}

    def _as_request(self):
        self.ensure_one()
        return AuthRequest(
            machine=self.machine_id,
            request_id=self.request_id,
            kind=self.kind,
            token=self.token,
            slot=self.slot_code or None,
            received=self.received_at,
        )

    @api.model
    def _deny_overdue(self, before):
        """Deny what was received before ``before`` (naive UTC) and is not answered yet.

        What another transaction is just answering is left to it.
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM wine_bridge_auth
                    WHERE state IN ('new', 'asked') AND received_at < %s
                    ORDER BY received_at LIMIT 500 FOR UPDATE SKIP LOCKED""",
                before,
            )
        )
        overdue = self.browse(row[0] for row in rows)
        for row in overdue:
            row._conclude(row.machine_id._auth_deny(TIMEOUT))
        return overdue

    def _deny_failed(self, reason):
        """Deny what the wings could not answer; a person looks why, once for each machine.

        :param str reason: what went wrong, without any secret
        """
        for row in self:
            row._conclude(row.machine_id._auth_deny(ERROR))
            self.env["wine.case"]._open_case(
                "message",
                machine=row.machine_id,
                reference=f"auth-{row.machine_id.uuid}",
                text=_lt(
                    "A consumer's question (%(kind)s) could not be answered and was denied: "
                    "%(error)s Mend the cause; the consumer may ask again.",
                    kind=row.kind,
                    error=reason[:300],
                ),
            )

    def _conclude(self, answer):
        """Keep the one answer, forget the token, tell the machine.

        :raise AlreadyAnswered: there is one already
        """
        self.ensure_one()
        self.env.flush_all()
        taken = self.env.execute_query(
            SQL(
                """UPDATE wine_bridge_auth SET state = 'done', token = NULL
                    WHERE id = %s AND state IN ('new', 'asked') RETURNING id""",
                self.id,
            )
        )
        if not taken:
            raise AlreadyAnswered(self.request_id)
        self.invalidate_recordset()
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        values = self._tell(answer, now + timedelta(seconds=ANSWER_SECONDS))
        waited = (now - self.received_at).total_seconds()
        self.write({**values, "answered_at": now, "seconds": round(waited, 3)})

    def _tell(self, answer, expires):
        """Queue the command of an answer; returns what is kept of it."""
        machine = self.machine_id
        if isinstance(answer, Authorised):
            return self._tell_vend(answer.vend)
        if isinstance(answer, Deny):
            kind, kept = "auth.deny", {"code": answer.code, "text": answer.text}
            args, word = kept, "deny"
        elif isinstance(answer, Offer):
            args = {
                "member": answer.member,
                "slots": list(answer.slots),
                "balance": answer.balance,
                **({"currency": answer.currency} if answer.currency else {}),
            }
            kind, word, kept = "auth.offer", "offer", {"text": answer.member}
        else:
            raise TypeError(f"{type(answer).__name__} is no answer to a question at a machine")
        command = machine._queue_command(kind, {"request_id": self.request_id, **args}, expires)
        message = {"id": command.uuid, "type": kind, "args": command.args}
        if fault := schema.fault("cmd", {**message, "exp": f"{expires.isoformat()}Z"}):
            raise ValueError(f"this answer breaks the protocol: {fault}")
        return {**kept, "answer": word, "command_id": command.id}

    def _tell_vend(self, vend):
        """The vend's own command tells it; here only what came of the question."""
        if vend.machine_id != self.machine_id or vend.state != "authorised":
            raise ValueError("the vend of this answer is not authorised at this machine")
        commands = self.env["wine.bridge.command"].search(
            [("machine_id", "=", self.machine_id.id), ("type", "=", "vend.authorize")], limit=20
        )
        command = commands.filtered(lambda one: one.args.get("vend_id") == vend.uuid)[:1]
        return {"answer": "vend", "vend_id": vend.id, "command_id": command.id}

    @api.model
    def _cron_forget(self):
        """Questions are kept for a while; their vends for ever."""
        old = fields.Datetime.now() - timedelta(days=KEEP_DAYS)
        self.search([("received_at", "<", old)], limit=10000).unlink()
