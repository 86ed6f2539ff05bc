# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError

from ..core import envelope, quarantine
from ..core.envelope import Refused
from ..core.logs import about
from ..process.asked import known_again, secret_of
from ..process.link import Publish
from ..process.store import Batch, Known
from .refusals import fault_text, refusal_text

_logger = logging.getLogger(__name__)


class _Where:
    """Stands for the bridge's topics: a stored message knows where it came from."""

    def __init__(self, uuid, channel):
        self.where = uuid, channel

    def parse_up(self, _topic):
        return self.where


class WineBridgeEvent(models.Model):
    """Quarantine: read it, mend it, judge it again, or put it aside with a reason.

    A refused message is never changed. What is taken in for it is a row of its own, linked to it,
    that went through the same reader and the same door as a message from the broker and keeps its
    identity: it counts as that event, once, also when two administrators are at it or the machine
    has sent it again in the meantime. Hardest path: a sale, refused, corrected by two people at
    once while the machine sends it anew; the books have it once.
    """

    _inherit = "wine.bridge.event"

    fault_html = fields.Html(
        "What is wrong", compute="_compute_fault_html", sanitize=False, compute_sudo=False
    )
    compare_html = fields.Html(
        "Beside the first one", compute="_compute_compare_html", sanitize=False, compute_sudo=False
    )
    taken_id = fields.Many2one(
        "wine.bridge.event", "Taken in as", compute="_compute_taken_id", compute_sudo=False
    )
    twin_id = fields.Many2one("wine.bridge.event", "Stands for it", readonly=True)

    # === READING === #

    @api.depends("payload", "code", "part")
    def _compute_fault_html(self):
        for event in self:
            event.fault_html = event._marked_html() if event.payload else False

    def _marked_html(self):
        """The message, pretty, each fault under the line where it is; text of devices is escaped"""
        content, why = self._content()
        if why:
            said_so = refusal_text(self.env, why)
            return Markup("<p>%s</p><pre class='o_wine_payload'>%s</pre>") % (said_so, self.payload)
        found = quarantine.faults(self._told_uuid(), self.channel, content)
        rows = []
        for line, here, inside in quarantine.marked(content, found):
            style = "o_wine_faulty" if inside else ""
            rows.append(Markup("<div class='o_wine_line %s'>%s</div>") % (style, line))
            rows += [self._fault_row(fault) for fault in here]
        return Markup("<div class='o_wine_payload'>%s</div>") % Markup().join(rows)

    def _fault_row(self, fault):
        return Markup("<div class='o_wine_fault'>▲ %s <small>(%s)</small></div>") % (
            fault_text(self.env, fault),
            fault.rule,
        )

    def _content(self):
        """(the message as decoded, None) or (None, why it cannot be read)."""
        self.ensure_one()
        return quarantine.content_of(self.payload, self.part - 1 if self.part else None)

    def _named_type(self):
        """What a refused message calls itself, where it can be read so far."""
        content = self._content()[0] if self.payload else None
        named = content.get("type") if isinstance(content, dict) else None
        return named[:64] if isinstance(named, str) else None

    def _told_uuid(self):
        """UUID of the machine whose topic, or door, it came by."""
        parts = (self.topic or "").split("/")
        named = parts[-3] if len(parts) > 2 and parts[-2] == "up" else None
        return self.machine_id.uuid or named

    @api.depends("code", "payload")
    def _compute_compare_html(self):
        for event in self:
            first = event._first() if event.code == "identity_conflict" else None
            event.compare_html = event._compare_table(first) if first else False

    def _first(self):
        """The message that stands under the identity of this one, if any that the user may see."""
        content, _why = self._content()
        if not isinstance(content, dict):
            return self.browse()
        return self._standing(content)

    def _standing(self, content):
        """The stored message with the id or the number of a decoded one."""
        named = content.get("id")
        domain = [("event_id", "=", named.lower() if isinstance(named, str) else None)]
        found = self.search([*domain, ("event_id", "!=", False)], limit=1)
        epoch, seq = (envelope._integer(content.get(name)) for name in ("epoch", "seq"))
        if not found and epoch and seq and self.channel == "evt":
            machine = ("machine_id", "=", self.machine_id.id)
            number = [machine, ("epoch", "=", epoch), ("seq", "=", seq)]
            found = self.search([*number, ("event_id", "!=", False)], limit=1)
        return found

    def _told(self):
        """What a stored message said, put together again."""
        moment = self.device_time and quarantine.moment_of(self.device_time.isoformat() + "Z")
        told = {
            **{"id": self.event_id, "epoch": self.epoch, "seq": int(self.seq)},
            **{"boot": self.boot, "ts": moment, "ts_q": self.time_quality, "type": self.type},
            **{"corr": self.corr, "data": self.data or {}},
        }
        return {name: value for name, value in told.items() if value not in (None, False, 0)}

    def _compare_table(self, first):
        content, _why = self._content()
        rows = Markup().join(
            Markup("<tr class='%s'><th>%s%s</th><td>%s</td><td>%s</td></tr>")
            % ("o_wine_faulty" if differ else "", "≠ " if differ else "", name, one, two)
            for name, one, two, differ in quarantine.compared(
                first._told(), quarantine.comparable(content)
            )
        )
        return Markup(
            "<table class='o_wine_compare table table-sm'><thead><tr><th></th><th>%s</th>"
            "<th>%s</th></tr></thead><tbody>%s</tbody></table>"
        ) % (
            self.env._("The first one, which stands"),
            self.env._("This one"),
            rows,
        )

    def _compute_taken_id(self):
        taken = {
            event.corrects_id.id: event
            for event in self.search([("corrects_id", "in", self.ids)], order="id desc")
        }
        for event in self:
            event.taken_id = taken.get(event.id) or event.twin_id

    # === SETTLING === #

    def action_correct(self):
        """Open the message to be mended."""
        self._check_settler()
        self.ensure_one()
        return self._guide("wine.bridge.correction", self.env._("Correct the message"))

    def action_dismiss(self):
        """Put messages aside; a reason is asked for."""
        self._check_settler()
        return self._guide("wine.bridge.dismissal", self.env._("Put aside"))

    def _guide(self, model, name):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {"active_model": self._name, "active_ids": self.ids},
        }

    def action_judge_again(self):
        """Judge refused messages as they came, once more: schema or epoch have been mended."""
        self._check_settler()
        taken, still = self.browse(), []
        for event in self.sorted("id"):
            try:
                with self.env.cr.savepoint():
                    content, why = event._content()
                    if why:
                        raise UserError(refusal_text(self.env, why))
                    event._take_in(quarantine.pretty(content), self.env._("judged again"))
                taken |= event
            except UserError as error:
                still.append(f"{event.id}: {error}")
        taken._note(self.env._("judged again"))
        return self._tell_judged(len(taken), still)

    def _tell_judged(self, taken, still):
        message = self.env._("%s taken in.", taken)
        if still:
            message += " " + self.env._(
                "%(count)s still refused: %(first)s", count=len(still), first="; ".join(still[:3])
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if still else "success",
                "message": message,
                "sticky": bool(still),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _check_settler(self):
        self.check_access("read")
        if not self.env.user.has_group("wine_vending.group_wine_admin"):
            raise AccessError(
                self.env._(
                    "What is in quarantine is settled by the platform administrator. Ask there."
                )
            )

    def _note(self, reason):
        """Say on each machine's page that refused messages of it were taken in."""
        for machine, events in self.sudo().grouped("machine_id").items():
            if machine:
                machine.message_post(
                    body=self.env._(
                        "%(count)s refused messages were taken in: %(reason)s",
                        count=len(events),
                        reason=reason,
                    ),
                    author_id=self.env.user.partner_id.id,
                )

    def _lock_open(self):
        """Lock a refused message for this transaction; whoever comes second finds it settled.

        :raise UserError: it is settled, or was never refused
        """
        self.ensure_one()
        try:
            self.lock_for_update(allow_referencing=True)  # an open dialog refers to it
        except LockError as error:
            raise UserError(
                self.env._("Somebody else is settling message %s just now. Read it again.", self.id)
            ) from error
        self.invalidate_recordset()
        if self.state != "quarantined":
            raise UserError(
                self.env._(
                    "Message %(number)s is not in quarantine any more (%(state)s, %(who)s). "
                    "Read it again.",
                    number=self.id,
                    state=dict(self._fields["state"]._description_selection(self.env)).get(
                        self.state
                    ),
                    who=self.settled_by_id.name or "-",
                )
            )

    def _take_in(self, text, reason):
        """Take in a message for a refused one, through the door of the bridge.

        :param str text: JSON of the one message, corrected or as it was
        :return: the message that stands for it: new, or the same one that came in by itself
        :raise UserError: it cannot be taken in; the text says why
        """
        self._check_settler()
        mine = self.sudo()
        mine._lock_open()
        machine, item = mine._judged(text)
        twin = mine._same_already(machine, item)
        taken = twin or mine._store_for(machine, item, text)
        mine._settle("corrected", reason, twin=twin)
        self.env.cr.execute("SELECT pg_notify('wine_bridge_inbox', '')")
        return taken

    def _judged(self, text):
        """The reader of the bridge says yes, and the identity is what it was.

        :return: (machine, :class:`~..core.envelope.Envelope`)
        """
        uuid = self._told_uuid()
        machine = self.env["wine.machine"].search([("uuid", "=", uuid)]) if uuid else False
        if not machine:
            raise UserError(
                self.env._("It came by a topic that names no machine of this platform: %s", uuid)
            )
        read = envelope.read(uuid, self.channel, quarantine.as_sent(text))
        if len(read) != 1:
            raise UserError(self.env._("It is %s messages; correct one at a time.", len(read)))
        if isinstance(read[0], Refused):
            raise UserError(refusal_text(self.env, read[0].reason))
        item = read[0]
        original = quarantine.identity_of(self.payload, self._content()[0])
        corrected, _why = quarantine.content_of(text)
        for name, was in quarantine.changed_identity(original, corrected):
            raise UserError(
                self.env._(
                    "%(name)s was %(was)s and stays so: it makes this message what it is.",
                    name=name,
                    was=was,
                )
            )
        if item.epoch > machine.bridge_epoch + machine.bridge_epoch_margin:
            raise UserError(
                self.env._(
                    "Epoch %(epoch)s was never given; %(machine)s is in %(now)s. Claim the board "
                    "that sends it, then take its messages in.",
                    epoch=item.epoch,
                    machine=machine.name,
                    now=machine.bridge_epoch,
                )
            )
        return machine, item

    def _same_already(self, machine, item):
        """The same message, where it came in by itself; another one under its identity refuses."""
        content = {"id": item.id, "epoch": item.epoch, "seq": item.seq}
        first = self.with_context(active_test=False)._standing(content)
        digest = known_again(item, lambda: secret_of(self.env.cr)).digest
        if first and (first.digest, first.machine_id) != (digest, machine):
            raise UserError(
                self.env._(
                    "Message %s stands under this identity and says something else. The first one "
                    "stands: compare them, then put this one aside.",
                    first.id,
                )
            )
        return first

    def _store_for(self, machine, item, text):
        """A row of its own, stored as the bridge stores what the broker brings."""
        self.env.flush_all()
        received = self.received_at.replace(tzinfo=None)
        sent = quarantine.as_sent(text)
        publish = Publish(self.topic or "", sent, 0, 0, received, 0)
        known = {machine.uuid: Known(machine.id, item.epoch)}
        result = Batch(self.env.cr, _Where(machine.uuid, self.channel), known).store([publish])
        self.env.invalidate_all()
        taken = self.search([("event_id", "=", item.id)])
        if result.stored != 1 or len(taken) != 1:
            raise UserError(self.env._("It came in from the machine just now. Read it again."))
        taken.write({"corrects_id": self.id, "payload": text})
        return taken

    def _settle(self, state, reason, twin=False):
        """The last word on a refused message: who, when, why. Its case is closed with it."""
        for event in self:
            event.write(
                {
                    "state": state,
                    "twin_id": twin and twin.id,
                    "settled_by_id": self.env.uid,
                    "settled_at": fields.Datetime.now(),
                    "settled_reason": reason,
                }
            )
            if event.case_id.state == "open":
                event.case_id._close(reason)
            _logger.info(
                "refused message %s of machine %s is %s by user %s",
                event.id,
                event.machine_id.uuid or "unknown",
                state,
                self.env.uid,
                extra=about(machine=event.machine_id.uuid or None, code=event.code),
            )

    def _dismiss(self, reason):
        """Put refused messages aside: they stay as they are and ask for nothing any more."""
        self._check_settler()
        for event in self.sudo().sorted("id"):
            event._lock_open()
            event._settle("dismissed", reason)
