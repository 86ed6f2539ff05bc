# SPDX-License-Identifier: LGPL-3.0-or-later
"""Projection: stored messages become vends, orders and counters, round after round."""

import logging
import time

from psycopg2 import Error as DatabaseError
from psycopg2.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.addons.wine_vending.core.facts import RetryLater
from odoo.modules.registry import Registry

_logger = logging.getLogger(__name__)
#: a machine whose facts cannot be taken now waits so long (seconds)
HOLD = 2.0
CONFLICTS = (SerializationFailure, DeadlockDetected, LockNotAvailable)


class Projector:
    """Runs rounds while there is work; waits for the inbox otherwise."""

    def __init__(self, settings, stopping, stored):
        self.settings = settings
        self.stopping = stopping
        self.stored = stored
        self.held = {}
        self.total = 0

    def run(self):
        while not self.stopping.is_set():
            try:
                worked = self.round()
            except DatabaseError as error:
                _logger.error("the database does not answer: %s", error)
                worked = 0
                self.stopping.wait(1)
            if not worked:
                self.stored.wait(0.5)
                self.stored.clear()

    def round(self):
        """One round, with what follows when it fails. Returns how many messages it used."""
        held = self._held_now()
        try:
            outcome = self._in_transaction(
                lambda events: events._project_round(self.settings.project_batch, held)
            )
        except CONFLICTS:
            time.sleep(0.02)
            return 1
        except DatabaseError as error:
            if error.pgcode is None:  # the connection, not the data
                raise
            return self._isolate(error)
        except Exception as error:  # noqa: BLE001 - facts may raise anything; see _isolate
            return self._isolate(error)
        self.total += outcome.taken
        return outcome.taken

    def _isolate(self, error):
        """The round failed as a whole: each machine alone, so that one does not hold up others."""
        if not isinstance(error, RetryLater):
            _logger.warning("a batch fails, trying machine by machine", exc_info=error)
        taken = 0
        for machine_id in self._machines_waiting():
            try:
                outcome = self._in_transaction(
                    lambda events, machine_id=machine_id: events._project_isolated(machine_id, 100)
                )
            except CONFLICTS:
                continue
            taken += outcome.taken
            until = time.monotonic() + HOLD
            self.held.update(dict.fromkeys(outcome.held, until))
        self.total += taken
        return taken

    def _machines_waiting(self):
        held = self._held_now()
        with Registry(self.settings.database).cursor() as cr:
            cr.execute(
                """SELECT DISTINCT machine_id FROM (
                       SELECT machine_id FROM wine_bridge_event
                        WHERE state = 'new' AND machine_id <> ALL(%s) ORDER BY id LIMIT %s)
                        oldest""",
                [list(held), self.settings.project_batch],
            )
            return [row[0] for row in cr.fetchall()]

    def _held_now(self):
        now = time.monotonic()
        self.held = {machine: until for machine, until in self.held.items() if until > now}
        return tuple(self.held)

    def _in_transaction(self, work):
        """``work(events)`` in a fresh transaction: commit, or roll back and raise."""
        registry = Registry(self.settings.database).check_signaling()
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "lang": "en_US"})
            outcome = work(env["wine.bridge.event"])
            env.flush_all()
            cr.commit()  # pylint: disable=invalid-commit
            registry.signal_changes()
        return outcome
