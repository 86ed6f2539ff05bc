# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who may speak, on its way to the broker: what stands in the database is true there in 2 s."""

import logging
import os
import time
from dataclasses import dataclass, field

from psycopg2 import Error as DatabaseError

from ..core.logs import about
from ..core.pace import Pace
from ..core.password import read_keys
from .away import outage
from .brokers import ADAPTERS
from .kept import connect

_logger = logging.getLogger(__name__)
#: seconds between two looks; changes taken at once, and seconds that they may take: who waits to
#: be shut out waits for so many others
EVERY, MOST, TURN = 0.25, 50, 0.4
#: pg_try_advisory_xact_lock(class, 0): one bridge at a time tells the broker who may speak
LOCK_CLASS = 7421
#: seconds that a machine which is suspended may take to hear that it shall stop selling
GRACE = 0.8


@dataclass(frozen=True)
class AccessSettings:
    """How the broker is told; nothing secret is printed."""

    adapter: str = ""
    keys: dict = field(default_factory=dict, repr=False)
    passwd: str = ""
    pid_file: str = ""
    emqx_api: str = ""
    emqx_key: str = ""
    emqx_secret: str = field(default="", repr=False)


def from_environment(environ=None):
    """Read ``WINE_BROKER_*``.

    :raise ValueError: something is missing or no good; the text says which variable
    """
    environ = os.environ if environ is None else environ
    found = AccessSettings(
        adapter=environ.get("WINE_BROKER_ACCESS", ""),
        keys=read_keys(environ.get("WINE_BROKER_KEY")),
        passwd=environ.get("WINE_BROKER_PASSWD", ""),
        pid_file=environ.get("WINE_BROKER_PID", ""),
        emqx_api=environ.get("WINE_EMQX_API", ""),
        emqx_key=environ.get("WINE_EMQX_KEY", ""),
        emqx_secret=environ.get("WINE_EMQX_SECRET", ""),
    )
    if found.adapter and found.adapter not in ADAPTERS:
        names = ", ".join(sorted(ADAPTERS))
        raise ValueError(f"WINE_BROKER_ACCESS is {found.adapter!r}; it is one of {names}")
    needed = {
        "mosquitto_dynsec": {"WINE_BROKER_KEY": found.keys},
        "password_file": {"WINE_BROKER_PASSWD": found.passwd},
        "emqx_postgres": {
            "WINE_EMQX_API": found.emqx_api.startswith(("http://", "https://")),
            "WINE_EMQX_KEY": found.emqx_key,
            "WINE_EMQX_SECRET": found.emqx_secret,
        },
    }.get(found.adapter, {})
    for name, value in needed.items():
        if not value:
            raise ValueError(f"{name} is needed for WINE_BROKER_ACCESS={found.adapter}")
    return found


@dataclass(frozen=True)
class Change:
    """What shall become true of one machine's account; ``wish``: ``on``, ``off`` or ``gone``."""

    id: int
    machine: str
    stand: str
    version: int
    key_name: str | None

    @property
    def wish(self):
        return self.stand.partition(":")[0]


class Access:
    """Compares what shall be with what was applied, and applies the difference.

    No list of steps is kept: a rotation and a revocation in a row become one change, a crash
    in between is repeated, and repeating does no harm. Hardest path: a broker with thousands of
    machines comes back with an old file, takes a quarter of an hour to be mended, and a machine is
    stolen meanwhile. Who is shut out comes first, then new secrets, then the mending, the newest
    credential first, all in turns of less than a second.
    """

    def __init__(self, settings, access, stopping):
        self.settings = settings
        self.stopping = stopping
        self.adapter = ADAPTERS[access.adapter](settings, access)
        self.applied = self.faults = 0
        self.closing, self.opening = Pace(TURN, MOST), Pace(TURN, MOST)

    def run(self):
        self.adapter.start()
        while not self.stopping.wait(EVERY):
            try:
                self.rounds()
                self.look()
                outage.over()
            except (DatabaseError, OSError) as error:
                outage.failed(error, "who may speak cannot be looked up")
                self.stopping.wait(1)
            except Exception:
                _logger.exception("who may speak cannot be told; trying again")
                self.stopping.wait(1)
        self.adapter.stop()

    def rounds(self):
        """Apply all that waits."""
        while self.round() and not self.stopping.is_set():
            pass

    def look(self):
        """What the broker lost or never had is applied again.

        What was decided while it was away comes before: looking takes a while with many machines,
        and what is decided meanwhile is applied between two questions.
        """
        if not self.adapter.is_new():
            return
        self._forgive()
        self.rounds()
        with connect(self.settings.database).cursor() as cr:
            differing = list(self.adapter.differs(cr, between=self.round))
            if differing:
                _logger.warning("the broker differs in %s machines; mending it", len(differing))
                cr.execute(
                    """UPDATE wine_bridge_credential SET applied = NULL
                        WHERE machine_id IN (SELECT id FROM wine_machine WHERE uuid = ANY(%s))""",
                    [differing],
                )
                cr.commit()  # pylint: disable=invalid-commit
        self.adapter.looked()

    def _forgive(self):
        """What could not be applied while the broker was away need not wait any longer."""
        with connect(self.settings.database).cursor() as cr:
            cr.execute(
                """UPDATE wine_bridge_credential SET retry_at = NULL
                    WHERE retry_at IS NOT NULL AND stand IS DISTINCT FROM applied"""
            )
            cr.commit()  # pylint: disable=invalid-commit

    def round(self):
        """Apply what waits; returns how many changes came true."""
        with connect(self.settings.database).cursor() as cr:
            done = self.apply(cr)
            cr.commit()  # pylint: disable=invalid-commit
        return done

    def apply(self, cr):
        """One round in a transaction that the caller commits.

        One bridge at a time: a whole file that is written from an older look must not come last.
        """
        cr.execute("SELECT pg_try_advisory_xact_lock(%s, 0)", [LOCK_CLASS])
        changes, pace = self._next(cr) if cr.fetchone()[0] else ([], None)
        since = time.monotonic()
        faults = self.adapter.apply(cr, changes) if changes else {}
        for change in changes:
            self._note(cr, change, faults[change.id])
        done = sum(fault is None for fault in faults.values())
        if changes and pace:
            pace.took(done, time.monotonic() - since)
        self.applied += done
        self.faults += len(changes) - done
        return done

    def _next(self, cr):
        """Changes of one turn, and the pace that they are taken at."""
        if self.adapter.ALL_AT_ONCE:
            return self._waiting(cr, MOST), None
        waiting = self._waiting(cr, max(self.closing.now, self.opening.now))
        closing = [change for change in waiting if change.wish != "on"]
        if closing:
            return closing[: self.closing.now], self.closing
        return waiting[: self.opening.now], self.opening

    def _waiting(self, cr, most):
        """Who is shut out first; then who is connected on old terms; of the rest the newest."""
        cr.execute(
            """SELECT credential.id, machine.uuid, credential.stand, credential.version,
                      credential.key_name
                 FROM wine_bridge_credential credential
                 JOIN wine_machine machine ON machine.id = credential.machine_id
                WHERE credential.stand IS DISTINCT FROM credential.applied
                  AND coalesce(credential.retry_at <= now() AT TIME ZONE 'UTC', true)
                  AND NOT (credential.stand LIKE 'off:%%' AND EXISTS (
                      SELECT FROM wine_bridge_command command
                       WHERE command.machine_id = machine.id AND command.type = 'machine.lock'
                         AND command.state IN ('queued', 'sent')
                         AND command.create_date
                             > now() AT TIME ZONE 'UTC' - %s * interval '1 second'))
                ORDER BY credential.stand LIKE 'on:%%', credential.applied IS NULL,
                      credential.issued_at DESC NULLS LAST, credential.id LIMIT %s
                  FOR UPDATE OF credential SKIP LOCKED""",
            [GRACE, most],
        )
        return [Change(*row) for row in cr.fetchall()]

    @staticmethod
    def _note(cr, change, fault):
        if fault is None:
            cr.execute(
                """UPDATE wine_bridge_credential
                      SET applied = %s, applied_at = now() AT TIME ZONE 'UTC', fault = NULL,
                          retry_at = NULL WHERE id = %s""",
                [change.stand, change.id],
            )
            return
        _logger.error(
            "access of machine %s is not applied: %s",
            change.machine,
            fault,
            extra=about(machine=change.machine),
        )
        cr.execute(
            """UPDATE wine_bridge_credential
                  SET fault = %s, retry_at = now() AT TIME ZONE 'UTC' + interval '2 seconds'
                WHERE id = %s""",
            [fault[:500], change.id],
        )
