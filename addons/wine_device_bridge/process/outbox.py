# SPDX-License-Identifier: LGPL-3.0-or-later
"""Commands and shadows on their way to machines, woken at the commit that wrote them."""

import logging
import select
from datetime import datetime, timezone

import psycopg2
from psycopg2 import Error as DatabaseError

from odoo.sql_db import connection_info_for, db_connect

from ..core.topics import COMMAND, DESIRED

_logger = logging.getLogger(__name__)
CHANNELS = ("wine_bridge_outbox", "wine_bridge_inbox")
BATCH = 200


class Outbox:
    """Sends what waits, marks it sent once the broker has it.

    A crash in between sends it again under the same id, which machines answer and do not repeat.
    """

    def __init__(self, link, settings, stopping, stored):
        self.link = link
        self.settings = settings
        self.stopping = stopping
        self.stored = stored
        self.listener = None
        self.sent = 0

    def run(self):
        while not self.stopping.is_set():
            try:
                while self.link.connected and self.flush():
                    pass
                self._wait()
            except (DatabaseError, OSError) as error:
                _logger.error("the database does not answer: %s", error)
                self._forget_listener()
                self.stopping.wait(1)
        self._forget_listener()

    def flush(self):
        """Send one batch; returns how many commands it took care of."""
        with db_connect(self.settings.database).cursor() as cr:
            cr.execute(
                """SELECT command.id, command.uuid, machine.uuid, command.channel, command.type,
                          command.args, command.expires_at
                     FROM wine_bridge_command command
                     JOIN wine_machine machine ON machine.id = command.machine_id
                    WHERE command.state = 'queued' ORDER BY command.id LIMIT %s
                      FOR UPDATE OF command SKIP LOCKED""",
                [BATCH],
            )
            rows = cr.fetchall()
            if not rows:
                return 0
            now = datetime.now(timezone.utc).replace(tzinfo=None)
            late = [row[0] for row in rows if row[6] and row[6] <= now]
            sent = [row for row in rows if row[0] not in set(late)]
            infos = [self._publish(row, now) for row in sent]
            if not self.link.delivered(infos, 5):
                return 0
            self._mark(cr, late, "expired")
            self._mark(cr, [row[0] for row in sent], "sent")
            cr.commit()  # pylint: disable=invalid-commit
            self.sent += len(sent)
            return len(rows)

    def _publish(self, row, now):
        _id, uuid, machine, channel, kind, args, expires = row
        topic = self.link.topics.down(machine, DESIRED if channel == "desired" else COMMAND)
        if channel == "desired":
            return self.link.say(topic, args, retain=True)
        message = {"id": uuid, "type": kind, "args": args or {}}
        expiry = None
        if expires:
            message["exp"] = expires.isoformat(timespec="seconds") + "Z"
            expiry = (expires - now).total_seconds()
        return self.link.say(topic, message, expiry=expiry)

    @staticmethod
    def _mark(cr, ids, state):
        if ids:
            cr.execute(
                """UPDATE wine_bridge_command
                      SET state = %s, sent_at = now() AT TIME ZONE 'UTC' WHERE id = ANY(%s)""",
                [state, ids],
            )

    # === BEING WOKEN === #

    def _wait(self):
        """Until something is committed, or a few seconds have passed."""
        listener = self.listener or self._listen()
        if select.select([listener], [], [], 2)[0]:
            listener.poll()
            if any(note.channel == "wine_bridge_inbox" for note in listener.notifies):
                self.stored.set()
            listener.notifies.clear()

    def _listen(self):
        _name, info = connection_info_for(self.settings.database)
        info.pop("dsn", None) if "dbname" in info or "database" in info else None
        self.listener = psycopg2.connect(**info)
        self.listener.autocommit = True
        with self.listener.cursor() as cursor:
            for channel in CHANNELS:
                cursor.execute(f"LISTEN {channel}")
        return self.listener

    def _forget_listener(self):
        if self.listener:
            self.listener.close()
            self.listener = None
