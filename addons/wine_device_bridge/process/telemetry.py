# SPDX-License-Identifier: LGPL-3.0-or-later
"""Readings: a light way of their own, beside the events and never in front of them."""

import logging
from datetime import timezone

from psycopg2 import Error as DatabaseError
from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import SUPERUSER_ID, api
from odoo.addons.wine_vending.core.business_time import business_moment
from odoo.addons.wine_vending.core.readings import readable
from odoo.modules.registry import Registry

from ..core import envelope
from ..core.envelope import Refused
from ..core.outage import Outage
from .store import read_machines

_logger = logging.getLogger(__name__)
#: seconds between two batches, and how many messages one holds at most
EVERY, MOST = 1.0, 10_000
ATTEMPTS = 3


def rows_of(topics, machines, publishes):
    """Readings in publishes, as ``wine.machine._take_readings`` takes them.

    :param dict machines: UUID → :class:`~.store.Known`
    :return: (rows, number of readings and messages that could not be read)
    """
    rows, bad = [], 0
    for publish in publishes:
        uuid, _channel = topics.parse_up(publish.topic) or (None, None)
        known = machines.get(uuid)
        items = envelope.read(uuid, "tele", publish.payload) if known else [None]
        for item in items:
            if item is None or isinstance(item, Refused) or item.epoch > known.epoch:
                bad += 1
                continue
            received = publish.received.replace(tzinfo=timezone.utc)
            moment, trusted = business_moment(item.ts, item.ts_q, received)
            at = moment.replace(tzinfo=None, microsecond=0)
            readings, unreadable = readable(item.data)
            bad += unreadable
            rows += [(known.id, kind, at, value, trusted) for kind, value in readings]
    return rows, bad


class Telemetry:
    """Takes readings off the link once a second and stores them by the batch.

    What cannot be stored is lost and counted: the next reading comes in a minute.
    """

    def __init__(self, link, settings, stopping):
        self.link = link
        self.settings = settings
        self.stopping = stopping
        self.outage = Outage(_logger, "readings are stored again after %.0f s")
        self.totals = {"readings": 0, "unreadable": 0, "lost": 0}

    def run(self):
        """Until told to stop, and once more."""
        while not self.stopping.wait(EVERY):
            self.drain()
        self.drain()

    def drain(self):
        """Store what waits."""
        while publishes := self.link.telemetry.take(MOST):
            self._safely(publishes)

    def _safely(self, publishes):
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._store(publishes)
            except (SerializationFailure, UniqueViolation):
                _logger.info("another bridge stored the same; attempt %s", attempt)
            except DatabaseError as error:
                self.outage.failed(error, "%s messages with readings are lost", len(publishes))
                break
            except Exception:  # whatever it is: no reading is worth the bridge
                _logger.exception("%s messages with readings are lost", len(publishes))
                break
        self.totals["lost"] += len(publishes)
        return None

    def _store(self, publishes):
        with Registry(self.settings.database).cursor() as cr:
            machines = read_machines(cr)
            rows, bad = rows_of(self.link.topics, machines, publishes)
            env = api.Environment(cr, SUPERUSER_ID, {})
            taken = env["wine.machine"]._take_readings(rows)
            cr.commit()  # pylint: disable=invalid-commit
        self.totals["readings"] += taken
        self.totals["unreadable"] += bad
        self.outage.over()
