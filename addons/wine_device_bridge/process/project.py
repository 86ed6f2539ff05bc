# SPDX-License-Identifier: LGPL-3.0-or-later
"""Projection: stored messages become vends, orders and counters, round after round."""

import logging
import time

from psycopg2 import Error as DatabaseError

from odoo import SUPERUSER_ID, api
from odoo.addons.wine_vending.core.facts import RetryLater
from odoo.modules.registry import Registry

from ..core.garbage import garbage
from ..core.metrics import metrics
from ..models.wine_bridge_projection import CONFLICTS, SURROUNDINGS, is_from_outside
from .away import outage
from .claims import Claims

_logger = logging.getLogger(__name__)
#: a machine whose facts cannot be taken now waits so long (seconds)
HOLD = 2.0
#: and one of which not even the failure can be noted (seconds)
STUCK = 30.0
#: contradictions are looked for so often (seconds)
ALARM_EVERY = 2.0
#: messages of one machine that are tried alone after its batch has failed
ALONE = 100


class Projector:
    """Runs rounds while there is work; waits for the inbox otherwise.

    Several may run, each in a process of its own: they share no machine (``claims.py``).
    """

    def __init__(self, settings, stopping, stored, idle=0.5):
        """:param idle: seconds until the inbox is looked at again where nobody sets ``stored``"""
        self.settings = settings
        self.stopping = stopping
        self.stored = stored
        self.idle = idle
        self.claims = Claims(settings.database)
        self.held = {}
        self.alarmed_at = 0.0
        self.total = 0

    def run(self):
        while not self.stopping.is_set():
            try:
                worked = self.round()
                self._alarm()
                outage.over()
            except (DatabaseError, *SURROUNDINGS) as error:
                outage.failed(error, "projection waits for its surroundings")
                self.claims.forget()
                worked = 0
                self.stopping.wait(1)
            if not worked:
                self.stored.wait(self.idle)
                self.stored.clear()
        self.claims.forget()

    def round(self):
        """Claim machines, use what they have, let them go. Returns how many messages it used.

        :raise DatabaseError: the connection, not the data
        """
        claimed = self.claims.take(self.settings.project_batch, self._held_now())
        if not claimed:
            return 0
        try:
            with metrics.timed("project_round_seconds"):
                taken = self._work(claimed)
        finally:
            self.claims.release()
        self.total += taken
        metrics.count("projected", taken)
        return taken

    def _work(self, claimed):
        """One round of the claimed machines, with what follows when it fails."""
        try:
            return self._in_transaction(lambda events: events._project_round(claimed=claimed).taken)
        except CONFLICTS:
            metrics.count("project_conflicts")
            time.sleep(0.02)
            return 1
        except Exception as error:
            if is_from_outside(error):
                raise
            return self._isolate(claimed, error)

    def _isolate(self, claimed, error):
        """The round failed as a whole: each machine alone, so that one does not hold up others."""
        if not isinstance(error, RetryLater):
            _logger.warning("a batch fails, trying machine by machine", exc_info=error)
        taken = 0
        for machine_id, share in claimed.items():
            try:
                outcome = self._alone(machine_id, share)
            except CONFLICTS:
                continue
            except Exception as fault:
                if is_from_outside(fault):
                    raise
                _logger.exception("machine %s waits: its failure cannot be noted", machine_id)
                metrics.count("project_stuck")
                self.held[machine_id] = time.monotonic() + STUCK
                continue
            taken += outcome.taken
            until = time.monotonic() + HOLD
            self.held.update(dict.fromkeys(outcome.held, until))
        return taken

    def _alone(self, machine_id, share):
        """One machine of a batch that failed: at once, and where that fails, one by one."""
        try:
            return self._in_transaction(
                lambda events: events._project_round(claimed={machine_id: share})
            )
        except Exception as error:
            if is_from_outside(error):
                raise
            return self._in_transaction(lambda events: events._project_isolated(machine_id, ALONE))

    def _alarm(self):
        """Contradictions that the door has found become cases, in a transaction of their own."""
        now = time.monotonic()
        if now - self.alarmed_at < ALARM_EVERY:
            return
        self.alarmed_at = now
        try:
            self._in_transaction(lambda events: events._alarm())
        except CONFLICTS:
            metrics.count("project_conflicts")

    def _held_now(self):
        now = time.monotonic()
        self.held = {machine: until for machine, until in self.held.items() if until > now}
        return tuple(self.held)

    def _in_transaction(self, work):
        """``work(events)`` in a fresh transaction: commit, or roll back and raise."""
        registry = Registry(self.settings.database).check_signaling()
        garbage.collect(registry)
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "lang": "en_US"})
            outcome = work(env["wine.bridge.event"])
            env.flush_all()
            cr.commit()  # pylint: disable=invalid-commit
            registry.signal_changes()
        return outcome
