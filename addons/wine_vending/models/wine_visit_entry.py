# SPDX-License-Identifier: LGPL-3.0-or-later
from base64 import b64decode
from binascii import Error as NotBase64
from datetime import datetime, timezone
from uuid import UUID

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core.business_time import business_moment
from ..core.told import _lt

KINDS = [
    ("start", "Started"),
    ("restock", "Bottles"),
    ("cash", "Cash"),
    ("done", "Checks, done"),
    ("photo", "Photo"),
]
STATES = [("done", "Taken in"), ("refused", "For a person"), ("settled", "Settled")]
#: first bytes of the pictures that phones take
PICTURES = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png"}
PICTURE_MAX = 4 * 1024 * 1024


class WineVisitEntry(models.Model):
    """What a phone said, once: the inbox of the field app.

    An entry is made on the phone with its identity, perhaps without a connection, and sent until it
    is answered; the same entry again gets the same answer. What can be used is taken in
    (**done**); what cannot, because the visit was called off or somebody else did it, is kept with
    its words (**refused**) and asked of a person in a case: it is taken in after all, or put aside
    (**settled**). Only what is outside the sender's regions is not kept; it stays on the phone.
    """

    _name = "wine.visit.entry"
    _description = "Entry of the field app"
    _order = "id desc"
    _rec_name = "uuid"

    uuid = fields.Char("UUID", required=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    visit_id = fields.Many2one(
        "wine.visit", required=True, readonly=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one(related="visit_id.region_id", store=True, index=True)
    user_id = fields.Many2one("res.users", "Sent by", required=True, readonly=True)
    moment = fields.Datetime("Entered at", required=True, readonly=True)
    payload = fields.Json(readonly=True)
    words = fields.Text("What it says", compute="_compute_words")
    state = fields.Selection(STATES, required=True, default="done", readonly=True, index=True)
    text = fields.Text("Why not", readonly=True)

    _uuid_unique = models.Constraint("UNIQUE(uuid)", "This entry was taken in already.")

    def _compute_words(self):
        for entry in self:
            rows = (entry.payload or {}).get("rows")
            if rows:
                entry.words = "\n".join(
                    self.env._(
                        "%(slot)s: found %(before)s, filled %(filled)s, taken out %(removed)s, "
                        "bad %(bad)s",
                        slot=row.get("slot"),
                        before="?" if row.get("before") is None else row["before"],
                        filled=row.get("filled", 0),
                        removed=row.get("removed", 0),
                        bad=row.get("bad", 0),
                    )
                    for row in rows
                )
            else:
                entry.words = ", ".join(f"{k}: {v}" for k, v in (entry.payload or {}).items())

    # === ACTIONS === #

    def action_take_in(self):
        """Take a refused entry in after all, as its sender meant it; a visit called off reopens."""
        for entry in self._of_managed():
            visit = entry.visit_id.sudo()
            if visit.state == "cancelled":
                visit._reopen()
            visit.user_id = entry.user_id
            visit._take_entry(entry.sudo())
            entry.sudo().write({"state": "done", "text": False})

    def action_put_aside(self):
        """A person has seen it; nothing of it is booked."""
        self._of_managed().sudo().state = "settled"

    def _of_managed(self):
        self.visit_id.check_access("write")
        return self.filtered(lambda entry: entry.state == "refused")

    # === SYNC === #

    @api.model
    def _sync(self, entries, sent_at=None):
        """Take in entries of the present user's phone, each for itself.

        :param list[dict] entries: ``uuid``, ``kind``, ``visit`` (UUID), ``machine`` (id, where the
            phone made the visit), ``moment`` (RFC 3339, the phone's clock), ``payload``
        :param str sent_at: the phone's clock at sending: what it is off is taken off the moments
        :return: list of dict ``uuid``, ``status`` (``done`` | ``kept`` | ``refused``), ``text``
        """
        now = datetime.now(timezone.utc)
        sent = _time(sent_at)
        off = now - sent if sent else None
        return [self._sync_one(vals, now, off) for vals in entries]

    def _sync_one(self, vals, now, off):
        uuid = str(vals.get("uuid"))
        try:
            with self.env.cr.savepoint():
                entry = self._receive(vals, now, off)
        except (UserError, AccessError) as error:
            return {"uuid": uuid, "status": "refused", "text": str(error)}
        if entry.state == "refused":
            return {"uuid": uuid, "status": "kept", "text": entry.text}
        return {"uuid": uuid, "status": "done", "text": ""}

    def _receive(self, vals, now, off):
        """The entry, taken in or kept for a person.

        :raise UserError: it cannot even be kept: it stays on the phone
        """
        self._check_entry(vals)
        known = self.sudo().search([("uuid", "=", vals["uuid"])])
        if known:
            if known.user_id != self.env.user:
                raise AccessError(self.env._("This entry was made by somebody else."))
            return known
        visit = self._visit_of(vals)
        when = _time(vals.get("moment"))
        moment, _trusted = business_moment(when and off and when + off, "synced", now)
        payload = dict(vals.get("payload") or {})
        picture = payload.pop("data", None)
        entry = self.sudo().create(
            {
                "uuid": vals["uuid"],
                "kind": vals["kind"],
                "visit_id": visit.id,
                "user_id": self.env.uid,
                "moment": moment.replace(tzinfo=None, microsecond=0),
                "payload": payload,
            }
        )
        entry._process(picture)
        return entry

    def _check_entry(self, vals):
        try:
            good = str(UUID(vals["uuid"])) == vals["uuid"] and str(UUID(vals["visit"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            good = False
        if not good or vals.get("kind") not in dict(KINDS):
            raise UserError(
                self.env._("This entry has no identity or is of no known kind. Update the app.")
            )
        if not isinstance(vals.get("payload") or {}, dict):
            raise UserError(self.env._("The contents of this entry cannot be read."))

    def _visit_of(self, vals):
        """The visit, made where the phone made it; only at machines within the sender's reach."""
        visit = self.env["wine.visit"].sudo().search([("uuid", "=", vals["visit"])])
        machine = visit.machine_id or self.env["wine.machine"].browse(int(vals.get("machine") or 0))
        mine = self.env["wine.machine"].search([("id", "=", machine.id)])
        if not mine:
            raise AccessError(
                self.env._(
                    "This machine is not in your regions, or no longer there. Ask your region's "
                    "administrator; the entry stays on the phone."
                )
            )
        return visit or visit.create(
            {
                "uuid": vals["visit"],
                "machine_id": mine.id,
                "user_id": self.env.uid,
                "reason": self.env._("Chosen on the spot"),
            }
        )

    def _process(self, picture=None):
        """Take the entry in; what cannot be taken in waits for a person."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self.visit_id._check_visitor(self.user_id)
                if self.kind == "photo":
                    self._keep_picture(picture)
                else:
                    self.visit_id._take_entry(self)
        except UserError as error:
            self.write({"state": "refused", "text": str(error)})
            self.visit_id._ask(
                "visit",
                _lt(
                    "%(user)s told of %(visit)s and it was not booked: %(why)s Look at the entries "
                    "of the visit: take them in after all, or put them aside.",
                    user=self.user_id.name,
                    visit=self.visit_id.display_name,
                    why=str(error),
                ),
            )

    def _keep_picture(self, picture):
        """A photo of the visit, kept once: the entry's UUID is its name."""
        try:
            raw = b64decode(picture or "", validate=True)
        except (NotBase64, ValueError, TypeError):
            raw = b""
        kind = next((kind for head, kind in PICTURES.items() if raw.startswith(head)), None)
        if not kind or len(raw) > PICTURE_MAX:
            raise UserError(
                self.env._("This is no photo, or one of more than 4 MB. Take it again.")
            )
        self.env["ir.attachment"].create(
            {
                "name": f"{self.uuid}.{kind}",
                "raw": raw,
                "res_model": "wine.visit",
                "res_id": self.visit_id.id,
            }
        )


def _time(text):
    """RFC 3339 → aware datetime, or None."""
    try:
        when = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)
