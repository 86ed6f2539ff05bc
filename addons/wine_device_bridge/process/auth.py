# SPDX-License-Identifier: LGPL-3.0-or-later
"""The fast lane: who stands at a machine is answered beside the inbox, within three seconds."""

import logging
import select
import threading
import traceback
from datetime import datetime, timedelta, timezone

import psycopg2
from psycopg2 import Error as DatabaseError
from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.sql_db import connection_info_for

from ..core.masking import masked
from ..core.metrics import metrics
from ..models.wine_bridge_auth import AlreadyAnswered
from .asked import CHANNEL
from .away import outage
from .kept import connect

_logger = logging.getLogger(__name__)
#: what is not answered so long after its receipt is denied (seconds); the protocol says 3, and the
#: answer has a way to go: a device at the HTTPS door fetches it with its next poll
PATIENCE = 2.0
#: transactions that decide at once, and questions that one of them takes when many wait
LANES, MOST = 12, 20
#: how often overdue questions are looked for, while some are being decided and else (seconds)
BUSY, IDLE = 0.1, 0.5


class AuthLane:
    """Takes questions as they are stored, decides each in a transaction of its own.

    Two bridges share the work: a question is taken once. Whoever dies with one leaves it to time:
    any bridge denies what is overdue. A question that is decided too late finds that it has been
    denied, and what was done for it is undone.
    """

    def __init__(self, settings, stopping):
        self.settings = settings
        self.stopping = stopping
        self.listener = None
        self.lock = threading.Lock()
        self.running = 0

    def run(self):
        while not self.stopping.is_set():
            try:
                self._listening()
                while self.take():
                    pass
                self.deny_overdue()
                outage.over()
                self._wait()
            except (DatabaseError, OSError) as error:
                outage.failed(error, "the database does not answer")
                self._forget_listener()
                self.stopping.wait(1)
        self._forget_listener()

    # === TAKING === #

    def take(self):
        """Take what waits and decide it on threads; returns how many were taken."""
        free = LANES - self.running
        rows = self._claim(free * MOST) if free > 0 else []
        if rows:
            Registry(self.settings.database).check_signaling()
        lanes = min(free, len(rows))
        for lane in range(lanes):
            with self.lock:
                self.running += 1
            args = (rows[lane::lanes],)
            threading.Thread(target=self._decide, args=args, name="AuthLane", daemon=True).start()
        return len(rows)

    def _claim(self, limit):
        """Ids of questions that are ours now; [] where none is fresh enough to be asked."""
        with connect(self.settings.database).cursor() as cr:
            # another bridge was woken by the same words: what it took is passed over, no conflict
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute(
                """UPDATE wine_bridge_auth SET state = 'asked' WHERE id IN (
                       SELECT id FROM wine_bridge_auth
                        WHERE state = 'new' AND received_at > %s
                        ORDER BY received_at LIMIT %s FOR UPDATE SKIP LOCKED)
                   RETURNING id""",
                [self._overdue(), limit],
            )
            rows = [row[0] for row in cr.fetchall()]
            if rows:
                cr.commit()  # pylint: disable=invalid-commit
            return rows

    @staticmethod
    def _overdue():
        return datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(seconds=PATIENCE)

    # === DECIDING === #

    def _decide(self, ids):
        """On a thread of its own: together, and one by one where that fails."""
        try:
            if len(ids) > 1 and self._attempt(ids):
                return
            for row in ids:
                self._attempt([row], last=True)
        except Exception:  # the lane goes on; time denies what is left
            _logger.exception("questions %s are left to time", ids)
        finally:
            with self.lock:
                self.running -= 1

    def _attempt(self, ids, last=False):
        """True where they are answered, by us or by time; ``last``: deny what cannot be."""
        try:
            self._in_transaction(lambda rows: rows.browse(ids)._decide())
        except (AlreadyAnswered, SerializationFailure):
            return len(ids) == 1
        except Exception as error:  # noqa: BLE001 - the wings may raise anything
            if last:
                self._fail(ids, error)
            return False
        return True

    def _fail(self, ids, error):
        """Deny, open a case, say why in the log, without the token."""
        lines = traceback.format_exception(error)

        def deny(rows):
            failed = rows.browse(ids)
            secrets = failed.mapped("token")
            _logger.error("a question fails: %s", masked("".join(lines), secrets))
            failed._deny_failed(masked(f"{type(error).__name__}: {error}.", secrets))
            return failed

        try:
            self._in_transaction(deny)
        except (AlreadyAnswered, SerializationFailure):
            return

    def deny_overdue(self):
        """Deny what nobody answered in time, ours and that of bridges that are gone."""
        with connect(self.settings.database).cursor() as cr:
            cr.execute(
                """SELECT 1 FROM wine_bridge_auth
                    WHERE state IN ('new', 'asked') AND received_at < %s LIMIT 1""",
                [self._overdue()],
            )
            if not cr.fetchone():
                return
        try:
            self._in_transaction(lambda rows: rows._deny_overdue(self._overdue()))
        except (AlreadyAnswered, SerializationFailure):
            return

    def _in_transaction(self, work):
        """``work(questions)`` in a transaction; it returns those that it has answered."""
        with Registry(self.settings.database).cursor() as cr:
            cr.execute("SET LOCAL statement_timeout = %s", [f"{int(PATIENCE * 1000)}ms"])
            env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
            answered = work(env["wine.bridge.auth"])
            env.flush_all()
            told = [(row.code or row.answer, row.seconds) for row in answered]
            cr.commit()  # pylint: disable=invalid-commit
        for answer, seconds in told:
            metrics.observe("auth_seconds", seconds, answer=answer)

    # === BEING WOKEN === #

    def _wait(self):
        """Until a question is stored, or it is time to look for overdue ones."""
        if select.select([self.listener], [], [], BUSY if self.running else IDLE)[0]:
            self.listener.poll()
            self.listener.notifies.clear()

    def _listening(self):
        if self.listener:
            return
        _name, info = connection_info_for(self.settings.database)
        info.pop("dsn", None) if "dbname" in info or "database" in info else None
        listener = psycopg2.connect(**info)
        listener.autocommit = True
        with listener.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        self.listener = listener

    def _forget_listener(self):
        if self.listener:
            self.listener.close()
            self.listener = None
