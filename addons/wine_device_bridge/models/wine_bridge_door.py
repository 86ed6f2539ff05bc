# SPDX-License-Identifier: LGPL-3.0-or-later
import hashlib
import hmac
import math
import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import UUID

from odoo import api, fields, models
from odoo.addons.wine_vending.core.facts import Fact

from ..core import door, password
from ..core.envelope import Refused
from ..core.topics import TELEMETRY, Topics
from ..process.ingest import RUBBISH
from ..process.store import Batch, Known
from ..process.telemetry import rows_of
from .wine_bridge_credential import SPEAKING

#: messages a second that one machine may post, and how many at once after a pause
RATE, BURST = 50, door.MOST_MESSAGES
#: a command that no answer came to is handed out again after so many seconds
AGAIN = 15
#: and changed settings, until the machine reports that it has them
SETTINGS_AGAIN = 300
MOST_COMMANDS = 50
#: a machine that lives by this door and says nothing for so long (seconds) is offline
SILENT = 180
#: compared with where there is no account, so that the time taken says nothing; nobody's secret
_NOBODY = password.hashed(password.new_secret())
#: secrets that were right: UUID → (their hash at rest, their fast hash)
_right = {}


class Closed(Exception):
    """The machine is known and may not speak; ``code`` is ``suspended`` or ``revoked``."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class TooFast(Exception):
    """Come again after ``seconds``; ``code`` is ``rate`` or ``locked``."""

    def __init__(self, code, seconds):
        super().__init__(code)
        self.code = code
        self.seconds = max(1, math.ceil(seconds))


@dataclass(frozen=True, slots=True)
class Account:
    """A machine that may speak."""

    id: int
    uuid: str
    epoch: int


class WineBridgeDoor(models.Model):
    """A machine at the HTTPS door (docs/protocol §10): the way in for devices without MQTT.

    A post carries what MQTT would carry: messages go through the same batch into the same inbox,
    in the transaction of the request, and are acknowledged in its answer, which also brings what
    waits for the machine: commands, and the desired shadow if the machine has another one. This
    row keeps the machine's pace and when it was last heard. A machine whose session began here is
    *awake* until it says that it goes or falls silent. Hardest path: the same batch twice at once,
    or over MQTT as well; the row is locked, the second one finds duplicates.
    """

    _name = "wine.bridge.door"
    _description = "Machine at the HTTPS door"
    _log_access = False
    _order = "seen_at desc"
    _rec_name = "machine_id"

    machine_id = fields.Many2one("wine.machine", required=True, readonly=True, ondelete="cascade")
    region_id = fields.Many2one(related="machine_id.region_id")
    seen_at = fields.Datetime("Last post", readonly=True)
    tokens = fields.Float("May post at once", readonly=True)
    posts = fields.Integer(readonly=True)
    awake = fields.Boolean("Lives by this door", readonly=True)
    began_at = fields.Datetime("Session since", readonly=True)

    _machine_unique = models.UniqueIndex("(machine_id)", "A machine has one place at the door.")

    # === WHO IT IS === #

    @api.model
    def _admit(self, username, secret, address):
        """The account behind a name and a secret; None where they are wrong.

        :return: :class:`Account`
        :raise Closed: a machine that may not speak
        :raise TooFast: too many were wrong from this address. Whoever names a machine locks nobody
            else out: a secret has 256 bits, and the names are no secret
        """
        account, state, revoked, line = self._account(username)
        if revoked:
            raise Closed("revoked")
        if not _was_right(account, secret, line):
            Knock = self.env["wine.bridge.knock"]
            if wait := Knock._wait(address):
                raise TooFast("locked", wait)
            if not password.matches(secret, line) or not account:
                Knock._count(address, account.uuid if account else None)
                return None
            _right[account.uuid] = line, _fast(secret)
        if state not in SPEAKING:
            raise Closed("suspended")
        return account

    def _account(self, username):
        """(account, state of the machine, whether it is over, hash of the secret)."""
        nobody = (None, None, False, _NOBODY)
        if not _is_uuid(username):
            return nobody
        self.env.cr.execute(
            """SELECT machine.id, machine.uuid,
                      machine.bridge_epoch + machine.bridge_epoch_margin, machine.state,
                      credential.state = 'revoked' OR machine.state = 'retired',
                      credential.secret_hash
                 FROM wine_bridge_credential credential
                 JOIN wine_machine machine ON machine.id = credential.machine_id
                WHERE machine.uuid = %s""",
            [username],
        )
        row = self.env.cr.fetchone()
        if not row:
            return nobody
        return Account(*row[:3]), row[3], row[4], row[5] or _NOBODY

    # === WHAT IT SAYS === #

    @api.model
    def _take(self, account, body):
        """Store what a machine says and answer with what it is to know; the caller commits.

        :param body: :class:`~..core.door.Body`
        :return: the answer as a dict
        :raise TooFast: over the machine's pace; nothing is stored
        """
        self._pace(account, body.cost)
        topics, now = _topics(self.env.cr.dbname), _now()
        posted = [
            (channel, door.Posted(f"{topics.base}/{account.uuid}/up/{channel}", payload, now))
            for channel, payload in body.messages
        ]
        machines = {account.uuid: Known(account.id, account.epoch)}
        batch = Batch(self.env.cr, topics, machines)
        result = batch.store([one for channel, one in posted if channel != TELEMETRY])
        self._measure(topics, machines, [one for channel, one in posted if channel == TELEMETRY])
        self._charge(account, RUBBISH * result.quarantined)
        if result.stored:
            self.env.cr.execute("SELECT pg_notify('wine_bridge_inbox', '')")
        self._session(account, batch.good, now)
        self.env["wine.bridge.door.count"]._count(200, result)
        return {
            "evt_ack": door.acknowledgements(result, account.uuid),
            "commands": self._commands(account, now),
            **self._desired_for(account, body.desired_version, now),
            "time": now.replace(tzinfo=timezone.utc).isoformat(timespec="milliseconds"),
        }

    @api.model
    def _quarantine(self, account, raw, reason):
        """Keep a body that is none, as the bridge keeps a message that is none."""
        self._refuse(account, raw)
        topics = _topics(self.env.cr.dbname)
        batch = Batch(self.env.cr, topics, {})
        posted = door.Posted(f"{topics.base}/{account.uuid}/up/evt", raw, _now())
        known = Known(account.id, account.epoch)
        batch.bad.append((account.uuid, known, Refused("schema", reason), posted))
        self.env["wine.bridge.door.count"]._count(400, batch.store([]))

    def _refuse(self, account, raw):
        """What is kept, or was read, of a body that is none costs its size and more."""
        self._pace(account, door.size_cost(raw))
        self._charge(account, RUBBISH)

    def _charge(self, account, cost):
        """Let a machine pay for what is already done; its debt has an end."""
        self.env.cr.execute(
            "UPDATE wine_bridge_door SET tokens = greatest(tokens - %s, -%s) WHERE machine_id = %s",
            [cost, BURST, account.id],
        )

    def _check_pace(self, account, raw):
        """:raise TooFast: a body of this size cannot be paid now; it is not even read"""
        self.env.cr.execute(
            """SELECT tokens, extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - seen_at)
                 FROM wine_bridge_door WHERE machine_id = %s""",
            [account.id],
        )
        tokens, idle = self.env.cr.fetchone() or (BURST, 0)
        _left, wait = door.may_afford(tokens, float(idle), door.size_cost(raw), RATE, BURST)
        if wait:
            raise TooFast("rate", wait)

    def _pace(self, account, count):
        """Lock the machine's row and take its messages off what it may post."""
        self.env.cr.execute(
            """INSERT INTO wine_bridge_door (machine_id, tokens, posts, awake, seen_at)
               VALUES (%s, %s, 0, false, now() AT TIME ZONE 'UTC')
               ON CONFLICT DO NOTHING""",
            [account.id, BURST],
        )
        self.env.cr.execute(
            """SELECT tokens, extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - seen_at)
                 FROM wine_bridge_door WHERE machine_id = %s FOR UPDATE""",
            [account.id],
        )
        tokens, idle = self.env.cr.fetchone()
        left, wait = door.may_afford(tokens, float(idle), count, RATE, BURST)
        if wait:
            raise TooFast("rate", wait)
        self.env.cr.execute(
            """UPDATE wine_bridge_door SET tokens = %s, posts = posts + 1,
                      seen_at = clock_timestamp() AT TIME ZONE 'UTC' WHERE machine_id = %s""",
            [left, account.id],
        )

    def _measure(self, topics, machines, posted):
        """Readings, as light as over MQTT: what is no reading is dropped."""
        rows, _bad = rows_of(topics, machines, posted)
        if rows:
            self.sudo().env["wine.machine"]._take_readings(rows)

    # === WHAT IT IS TO KNOW === #

    def _commands(self, account, now):
        """Commands that wait, each once, and again where the machine did not say that it has it."""
        cr = self.env.cr
        cr.execute(
            """SELECT id, uuid, type, args, expires_at FROM wine_bridge_command
                WHERE machine_id = %s AND channel = 'cmd' AND state IN ('queued', 'sent')
                  AND (expires_at IS NULL OR expires_at > %s)
                  AND (door_at IS NULL OR door_at < %s)
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED""",
            [account.id, now, now - timedelta(seconds=AGAIN), MOST_COMMANDS],
        )
        rows = cr.fetchall()
        if rows:
            cr.execute(
                """UPDATE wine_bridge_command
                      SET state = 'sent', sent_at = coalesce(sent_at, %s), door_at = %s
                    WHERE id = ANY(%s)""",
                [now, now, [row[0] for row in rows]],
            )
        return [_command(*row[1:]) for row in rows]

    def _desired_for(self, account, version, now):
        """The newest shadow, where the machine has another version, or does not say which.

        One of the same version is told where the machine last reported another digest, now and
        then: a setting was changed.
        """
        self.env.cr.execute(
            """SELECT command.id, command.args, command.door_at,
                      machine.reported_version, machine.reported_sha256
                 FROM wine_bridge_command command
                 JOIN wine_machine machine ON machine.id = command.machine_id
                WHERE command.machine_id = %s AND command.channel = 'desired'
                  AND command.state <> 'expired'
                ORDER BY command.id DESC LIMIT 1""",
            [account.id],
        )
        row = self.env.cr.fetchone()
        if not row:
            return {}
        command, desired, told_at, applied, digest = row
        if version is not None and version == desired.get("version"):
            same = applied != version or not digest or digest == desired.get("sha256")
            if same or (told_at and told_at > now - timedelta(seconds=SETTINGS_AGAIN)):
                return {}
        self.env.cr.execute(
            "UPDATE wine_bridge_command SET door_at = %s WHERE id = %s", [now, command]
        )
        return {"desired": desired}

    # === ITS SESSION === #

    def _session(self, account, good, now):
        """Awake from birth on, until it says that it goes; one that fell silent is back."""
        said = [item for _uuid, _known, item, _posted in good if item.channel in ("birth", "state")]
        if said:
            going = said[-1].channel == "state" and said[-1].data.get("state") == "offline"
            self.env.cr.execute(
                "UPDATE wine_bridge_door SET awake = %s, began_at = %s WHERE machine_id = %s",
                [not going, now, account.id],
            )
            return
        self.env.cr.execute(
            """UPDATE wine_bridge_door place SET awake = true, began_at = %s
                 FROM wine_machine machine
                WHERE place.machine_id = %s AND NOT place.awake AND place.began_at IS NOT NULL
                  AND machine.id = place.machine_id AND machine.connection_state = 'offline'""",
            [now, account.id],
        )
        if self.env.cr.rowcount:
            self.sudo().env["wine.machine"].browse(account.id)._bridge_connection("online")

    @api.model
    def _cron_silent(self):
        """Machines that lived by this door and fell silent are offline, but for those on MQTT."""
        self.env.cr.execute(
            """UPDATE wine_bridge_door place SET awake = false
                WHERE awake
                  AND seen_at < clock_timestamp() AT TIME ZONE 'UTC' - %s * interval '1 second'
            RETURNING machine_id, EXISTS (
                      SELECT FROM wine_bridge_event event
                       WHERE event.machine_id = place.machine_id AND event.channel = 'birth'
                         AND event.received_at > place.began_at)""",
            [SILENT],
        )
        silent = [machine for machine, elsewhere in self.env.cr.fetchall() if not elsewhere]
        self.env["wine.machine"].browse(silent)._bridge_connection("offline")


class WineBridgeCommand(models.Model):
    """A command may be fetched at the HTTPS door as well as sent over MQTT."""

    _inherit = "wine.bridge.command"

    door_at = fields.Datetime("Fetched by HTTPS", readonly=True)

    _for_the_door = models.Index(
        "(machine_id, id) WHERE channel = 'cmd' AND state IN ('queued', 'sent')"
    )
    _newest_shadow = models.Index("(machine_id, id) WHERE channel = 'desired'")


class WineMachine(models.Model):
    """Whether a machine is there, where nobody but the platform can tell."""

    _inherit = "wine.machine"

    bridge_door_ids = fields.One2many("wine.bridge.door", "machine_id", copy=False)
    bridge_door_at = fields.Datetime(
        "Last heard by HTTPS", related="bridge_door_ids.seen_at", related_sudo=True
    )

    def _bridge_connection(self, state):
        """Note that machines are ``online`` or ``offline`` as of now; repeating is harmless."""
        now = _now()
        facts = [
            Fact(machine.id, "machine.state", {"state": state}, now, now)
            for machine in self.sudo()
            if machine.connection_state != state
            and (state == "online" or machine.connection_state == "online")
        ]
        if facts:
            self.sudo()._project(facts)
        if state == "offline" and self:
            self.env.cr.execute(
                "UPDATE wine_bridge_door SET awake = false WHERE awake AND machine_id = ANY(%s)",
                [self.ids],
            )


def _command(uuid, kind, args, expires):
    message = {"id": uuid, "type": kind, "args": args or {}}
    if expires:
        message["exp"] = expires.isoformat(timespec="seconds") + "Z"
    return message


def _was_right(account, secret, line):
    """Whether this very secret was right before and still is the one; takes microseconds."""
    known = _right.get(account.uuid) if account else None
    return bool(known and known[0] == line and hmac.compare_digest(known[1], _fast(secret)))


def _fast(secret):
    return hashlib.sha256(secret.encode()).digest()


def _is_uuid(text):
    try:
        return str(UUID(text)) == text
    except (ValueError, AttributeError, TypeError):
        return False


def _topics(database):
    root = os.environ.get("WINE_MQTT_ROOT", "wine/v1").strip("/")
    return Topics(root, os.environ.get("WINE_MQTT_TENANT") or database)


def _now():
    return datetime.now(timezone.utc).replace(tzinfo=None)
