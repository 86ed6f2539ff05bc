# SPDX-License-Identifier: LGPL-3.0-or-later
"""Store, commit, then acknowledge: first the broker, then the device."""

import logging
import time

from psycopg2 import DataError
from psycopg2 import Error as DatabaseError
from psycopg2.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from ..core.logs import Refusals
from ..core.metrics import metrics
from ..core.received import Received
from ..models.wine_bridge_projection import LIMITS
from .again import count_again
from .away import outage
from .kept import connect
from .store import Batch, read_machines

_logger = logging.getLogger(__name__)
#: machines are read again after this time (seconds), and when an unknown one speaks
FRESH = 10
#: bytes in one transaction: some 3,000 events, however many of them come in one message
MOST_BYTES = 1024 * 1024
#: a message that is kept in quarantine costs a machine so many events more
RUBBISH = 9
#: what a message itself may be to blame for; all else is waited for, or ends the process
BLAMES = (DataError, *LIMITS, ValueError, OverflowError, RecursionError)
CONFLICTS = (SerializationFailure, UniqueViolation, DeadlockDetected)


def portions(publishes):
    """The same in lists of about :data:`MOST_BYTES`, in the same order."""
    portion, size = [], 0
    for publish in publishes:
        portion.append(publish)
        size += len(publish.payload)
        if size >= MOST_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


class Ingest:
    """Takes publishes off the link, a batch at a time, and never lets one go unstored."""

    def __init__(self, link, settings, stopping, stored):
        """:param stored: ``threading.Event`` to set when the inbox has something new"""
        self.link = link
        self.settings = settings
        self.stopping = stopping
        self.stored = stored
        self.machines = {}
        self.read_at = 0.0
        self.refusals = Refusals(_logger)
        self.uncounted = {}  # row id → duplicates that could not be noted yet
        self.totals = {"stored": 0, "duplicates": 0, "quarantined": 0}

    def run(self):
        """Until told to stop, and then until the queue is empty."""
        while not self.stopping.is_set():
            if not self._work():
                self._rest()
        self.link.inbox.close()
        while not self.link.inbox.empty():
            self._work()
        self._count_late()

    def _rest(self):
        """Nothing came for a moment: tell what a busy one left owed, and note what is late."""
        self.link.teller.tell()
        if self.uncounted:
            self._count_late()

    def _work(self):
        """Store what is there; returns how many publishes it was."""
        batch = self._next()
        for portion in portions(batch):
            self._safely(portion)
        return len(batch)

    def _next(self):
        """Wait for a publish, then take what comes with it."""
        most, inbox = self.settings.ingest_batch, self.link.inbox
        batch = inbox.take(most, 0.2)
        if batch and len(batch) < most:
            time.sleep(self.settings.linger)
            batch += inbox.take(most - len(batch), 0)
        return batch

    def _safely(self, batch, blame=None):
        """Store a batch, however long the database is away; machines keep the rest.

        :param blame: why the only message of this batch is for the quarantine
        """
        delay = 0.05
        while True:
            try:
                result = self._store(batch, blame)
            except CONFLICTS:
                _logger.info("another bridge stored the same; trying again")
            except BLAMES as error:
                self._sift(batch, error, blame)
                return
            except DatabaseError as error:
                outage.failed(error, "the database does not take %s messages", len(batch))
                if self.stopping.is_set():
                    return
            else:
                outage.over()
                break
            time.sleep(delay)
            delay = min(delay * 2, 5)
        self._stored(batch, result)

    def _sift(self, batch, error, blame):
        """A message among these is to blame: by halves, until it stands alone in quarantine.

        Where it cannot even be kept there it is left to the machine, whose journal has it, for
        what the broker is not told of holds up all that came after it.
        """
        half = len(batch) // 2
        if half:
            _logger.warning("a batch fails, trying by halves: %s", error)
            self._safely(batch[:half])
            self._safely(batch[half:])
        elif not blame:
            _logger.error("a message on %s cannot be stored", batch[0].topic, exc_info=error)
            metrics.count("unstorable")
            self._safely(batch, error)
        else:
            _logger.error("nor can it be kept in quarantine; it is left to the machine: %s", error)
            self.link.acknowledge(batch)

    def _stored(self, batch, result):
        """After the commit: tell the broker, the machines and whoever counts."""
        self.link.acknowledge(batch)
        self._owe(result)
        self.link.teller.tell(busy=self.link.inbox.qsize() > 0)
        self.stored.set()
        self._count(result)
        for uuid, _refused in result.refused:
            self.link.inbox.charge(uuid, RUBBISH)

    def _store(self, publishes, blame=None):
        with (
            metrics.timed("ingest_batch_seconds"),
            connect(self.settings.database).cursor() as cr,
        ):
            # two bridges may store the same: each statement shall see what the other one did
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            self._refresh_machines(cr, publishes)
            batch = Batch(cr, self.link.topics, self.machines, self.uncounted)
            result = batch.refuse(publishes[0], blame) if blame else batch.store(publishes)
            cr.commit()  # pylint: disable=invalid-commit
        self.uncounted = result.uncounted
        return result

    def _count_late(self):
        """Note duplicates of messages that were in use when they came; a figure, no more."""
        try:
            with connect(self.settings.database).cursor() as cr:
                cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                left = count_again(cr, self.uncounted)
                cr.commit()  # pylint: disable=invalid-commit
        except DatabaseError as error:
            _logger.info("duplicates are counted later: %s", error)
        else:
            self.uncounted = left

    def _count(self, result):
        for name in self.totals:
            self.totals[name] += getattr(result, name)
        metrics.count("stored", result.stored)
        metrics.count("duplicates", result.duplicates)
        for code, times in result.codes.items():
            metrics.count("quarantined", times, code=code)
        self.refusals.tell(result.refused)

    def _refresh_machines(self, cr, publishes):
        """Know the machines; an unknown one may have been made a moment ago."""
        now = time.monotonic()
        speakers = (self.link.topics.parse_up(publish.topic) for publish in publishes)
        unknown = any(who and who[0] not in self.machines for who in speakers)
        if now - self.read_at > FRESH or (unknown and now - self.read_at > 1):
            self.machines = read_machines(cr)
            self.read_at = now

    def _owe(self, result):
        """``evt_ack`` to each machine that sent events or began a session.

        An epoch that was never given has no journal: nothing of it is stored but its refusals.
        """
        for key in {**result.journals, **result.rejected}:
            journal = result.journals.get(key) or Received()
            self.link.teller.owe(key, journal, result.rejected.get(key, ()))
