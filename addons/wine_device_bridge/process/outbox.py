# SPDX-License-Identifier: LGPL-3.0-or-later
"""Commands and shadows on their way to machines, woken at the commit that wrote them."""

import logging
import math
import select
import threading
import time
from datetime import datetime, timezone

import psycopg2
from psycopg2 import Error as DatabaseError

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.sql_db import connection_info_for

from ..core.metrics import metrics
from ..core.topics import COMMAND, DESIRED
from ..models.wine_bridge_command import URGENT
from ..models.wine_bridge_command_keep import EXPIRE, expiry
from .away import outage
from .kept import connect

_logger = logging.getLogger(__name__)
CHANNELS = ("wine_bridge_outbox", "wine_bridge_inbox")
#: machines that one transaction takes, and commands of them
MACHINES, BATCH = 100, 200
#: transactions that send at once: one that waits for the broker holds up no other machine
SENDERS = 3
#: how long the broker may take to say that it has a batch (seconds)
TAKEN = 5
#: pg_try_advisory_xact_lock(class, machine): one sender per machine, so that its order is kept
LOCK_CLASS = 7412
#: how often commands past their time are ended (seconds)
EXPIRE_EVERY = 1.0


class Outbox:
    """Sends what waits, marks it sent once the broker has it.

    Each sender takes some machines, by a lock that ends with its transaction, and all that waits
    for them, oldest first: several senders and several bridges send a machine's commands in order
    and once. A crash in between sends them again under the same id, which machines answer and do
    not repeat. Machines whose commands somebody stands waiting for go before the others.
    """

    def __init__(self, link, settings, stopping, stored):
        self.link = link
        self.settings = settings
        self.stopping = stopping
        self.stored = stored
        self.listener = None
        self.sent = 0
        self.woken = threading.Condition()
        self.written = 0  # how often something was written, as far as we were told

    def run(self):
        """Listen, and end what is past its time; senders send on threads of their own."""
        senders = [
            threading.Thread(target=self._send, name=f"Outbox-{number}", daemon=True)
            for number in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        expired_at = 0.0
        while not self.stopping.is_set():
            try:
                self._wait()
                if time.monotonic() - expired_at > EXPIRE_EVERY:
                    self.expire()
                    expired_at = time.monotonic()
                outage.over()
            except (DatabaseError, OSError) as error:
                outage.failed(error, "the database does not answer")
                self._forget_listener()
                self.stopping.wait(1)
        self._wake(SENDERS)
        for sender in senders:
            sender.join(TAKEN + 1)
        self._forget_listener()

    # === SENDING === #

    def _send(self):
        while not self.stopping.is_set():
            seen = self.written
            try:
                while self.link.connected and self.flush():
                    pass
                outage.over()
            except (DatabaseError, OSError) as error:
                outage.failed(error, "the database does not answer")
                self.stopping.wait(1)
            except Exception:  # nobody would start this sender anew
                _logger.exception("commands cannot be sent; trying again")
                self.stopping.wait(1)
            with self.woken:
                if seen == self.written:
                    self.woken.wait(2)

    def flush(self):
        """Send one batch; returns how many commands it took care of."""
        with connect(self.settings.database).cursor() as cr:
            # what another sender has marked since must be seen, not be in conflict
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            rows = self._take(cr)
            if not rows:
                return 0
            now = datetime.now(timezone.utc).replace(tzinfo=None)
            late = [row for row in rows if row[6] and row[6] <= now]
            good = [row for row in rows if not (row[6] and row[6] <= now)]
            if len(rows) >= BATCH:
                self._wake(1)
            infos = [self._publish(row, now) for row in good]
            if not self.link.delivered(infos, TAKEN):
                self.link.forget(infos)
                self.stopping.wait(0.5)
                return 0
            self._mark(cr, [row[0] for row in good])
            self._mark_late(cr, [row[0] for row in late])
            cr.commit()  # pylint: disable=invalid-commit
        self.sent += len(good)
        metrics.count("commands_sent", len(good))
        metrics.count("commands_expired", len(late))
        self._show({row[8] for row in rows if row[7]})
        return len(rows)

    def _take(self, cr):
        """All that waits for some machines that nobody else is sending to."""
        machines = self._machines(cr, urgent=True) or self._machines(cr, urgent=False)
        if not machines:
            return []
        cr.execute(
            """SELECT command.id, command.uuid, machine.uuid, command.channel, command.type,
                      command.args, command.expires_at, command.user_id, machine.id
                 FROM wine_bridge_command command
                 JOIN wine_machine machine ON machine.id = command.machine_id
                WHERE command.state = 'queued' AND command.machine_id = ANY(%s)
                ORDER BY command.id LIMIT %s FOR UPDATE OF command""",
            [machines, BATCH],
        )
        return cr.fetchall()

    @staticmethod
    def _machines(cr, urgent):
        """Ids of machines with something waiting, locked for this transaction."""
        which = "AND type IN %s" if urgent else "AND %s IS NOT NULL"
        cr.execute(
            f"""SELECT machine_id FROM (
                    SELECT machine_id FROM (
                        SELECT machine_id, min(id) AS first FROM (
                            SELECT machine_id, id FROM wine_bridge_command
                             WHERE state = 'queued' {which} ORDER BY id LIMIT 1000) oldest
                         GROUP BY machine_id) waiting
                     ORDER BY first OFFSET 0) ordered
                 WHERE pg_try_advisory_xact_lock(%s, machine_id) LIMIT %s""",  # noqa: S608
            [URGENT, LOCK_CLASS, MACHINES],
        )
        return [row[0] for row in cr.fetchall()]

    def _publish(self, row, now):
        _id, uuid, machine, channel, kind, args, expires = row[:7]
        topic = self.link.topics.down(machine, DESIRED if channel == "desired" else COMMAND)
        if channel == "desired":
            return self.link.say(topic, args, retain=True)
        message = {"id": uuid, "type": kind, "args": args or {}}
        expiry_seconds = None
        if expires:
            message["exp"] = expires.isoformat(timespec="seconds") + "Z"
            expiry_seconds = math.ceil((expires - now).total_seconds())
        return self.link.say(topic, message, expiry=expiry_seconds)

    @staticmethod
    def _mark(cr, ids):
        if ids:
            cr.execute(
                """UPDATE wine_bridge_command
                      SET state = 'sent', sent_at = now() AT TIME ZONE 'UTC' WHERE id = ANY(%s)""",
                [ids],
            )

    @staticmethod
    def _mark_late(cr, ids):
        if ids:
            cr.execute(
                """UPDATE wine_bridge_command SET state = 'expired', code = 'not_sent'
                    WHERE id = ANY(%s)""",
                [ids],
            )

    def _show(self, machines):
        """What people asked for shows on their screens that it has left."""
        if not machines:
            return
        with Registry(self.settings.database).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["wine.machine"].browse(machines)._announce()
            env.flush_all()
            cr.commit()  # pylint: disable=invalid-commit

    def expire(self):
        """End what is past its time and has no last word; returns how many."""
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        with connect(self.settings.database).cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute(EXPIRE, expiry(now))
            rows = cr.fetchall()
            if rows:
                cr.commit()  # pylint: disable=invalid-commit
        metrics.count("commands_expired", len(rows))
        self._show({machine for _id, by_hand, machine in rows if by_hand})
        return len(rows)

    # === BEING WOKEN === #

    def _wake(self, senders):
        with self.woken:
            self.written += 1
            self.woken.notify(senders)

    def _wait(self):
        """Until something is committed, or a second has passed."""
        listener = self.listener or self._listen()
        if select.select([listener], [], [], EXPIRE_EVERY)[0]:
            listener.poll()
            told = {note.channel for note in listener.notifies}
            listener.notifies.clear()
            if "wine_bridge_inbox" in told:
                self.stored.set()
            if "wine_bridge_outbox" in told:
                self._wake(1)

    def _listen(self):
        _name, info = connection_info_for(self.settings.database)
        info.pop("dsn", None) if "dbname" in info or "database" in info else None
        self.listener = psycopg2.connect(**info)
        self.listener.autocommit = True
        with self.listener.cursor() as cursor:
            for channel in CHANNELS:
                cursor.execute(f"LISTEN {channel}")
        self._wake(SENDERS)  # what was written while nobody listened
        return self.listener

    def _forget_listener(self):
        if self.listener:
            self.listener.close()
            self.listener = None
