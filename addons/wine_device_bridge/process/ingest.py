# SPDX-License-Identifier: LGPL-3.0-or-later
"""Store, commit, then acknowledge: first the broker, then the device."""

import logging
import time

from psycopg2 import Error as DatabaseError
from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo.sql_db import db_connect

from ..core.topics import EVENT_ACK
from .store import Batch, read_machines

_logger = logging.getLogger(__name__)
#: machines are read again after this time (seconds), and when an unknown one speaks
FRESH = 10


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
        self.totals = {"stored": 0, "duplicates": 0, "quarantined": 0}

    def run(self):
        """Until told to stop, and then until the queue is empty."""
        while not (self.stopping.is_set() and self.link.inbox.empty()):
            batch = self._next()
            if batch:
                self._safely(batch)

    def _next(self):
        """Wait for a publish, then take what has come with it."""
        inbox, most = self.link.inbox, self.settings.ingest_batch
        batch = inbox.take(most, timeout=0.2)
        until = time.monotonic() + self.settings.linger
        while batch and len(batch) < most:
            more = inbox.take(most - len(batch), timeout=max(0, until - time.monotonic()))
            if not more:
                break
            batch += more
        return batch

    def _safely(self, batch):
        """Store a batch, however long the database is away; machines keep the rest."""
        delay = 0.05
        while True:
            try:
                result = self._store(batch)
            except (SerializationFailure, UniqueViolation):
                _logger.info("another bridge stored the same; trying again")
            except DatabaseError as error:
                _logger.error("the database does not take %s messages: %s", len(batch), error)
                if self.stopping.is_set():
                    return
            else:
                break
            time.sleep(delay)
            delay = min(delay * 2, 5)
        self.link.acknowledge(batch)
        self._tell_devices(result)
        self.stored.set()

    def _store(self, publishes):
        with db_connect(self.settings.database).cursor() as cr:
            self._refresh_machines(cr, publishes)
            result = Batch(cr, self.link.topics, self.machines).store(publishes)
            cr.commit()  # pylint: disable=invalid-commit
        for name in self.totals:
            self.totals[name] += getattr(result, name)
        return result

    def _refresh_machines(self, cr, publishes):
        """Know the machines; an unknown one may have been made a moment ago."""
        now = time.monotonic()
        speakers = (self.link.topics.parse_up(publish.topic) for publish in publishes)
        unknown = any(who and who[0] not in self.machines for who in speakers)
        if now - self.read_at > FRESH or (unknown and now - self.read_at > 1):
            self.machines = read_machines(cr)
            self.read_at = now

    def _tell_devices(self, result):
        """``evt_ack`` to each machine that sent events or began a session."""
        for (uuid, epoch), journal in result.journals.items():
            rejected = result.rejected.get((uuid, epoch), ())
            topic = self.link.topics.down(uuid, EVENT_ACK)
            self.link.say(topic, journal.acknowledgement(epoch, rejected))
        for (uuid, epoch), rejected in result.rejected.items():
            if (uuid, epoch) not in result.journals:
                self._tell_refused(uuid, epoch, rejected)

    def _tell_refused(self, uuid, epoch, rejected):
        """An epoch that was never given: nothing of it is stored but these refusals."""
        self.link.say(
            self.link.topics.down(uuid, EVENT_ACK),
            {
                "epoch": epoch,
                "ack_seq": 0,
                "missing": [],
                "rejected": [{"seq": seq, "code": code} for seq, code in rejected],
            },
        )
