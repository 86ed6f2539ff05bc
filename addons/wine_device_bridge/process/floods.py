# SPDX-License-Identifier: LGPL-3.0-or-later
"""Tells Odoo which machines send more than they may."""

import logging

from psycopg2 import Error as DatabaseError

from ..core.metrics import metrics
from ..models.wine_bridge_disturbance import note
from .kept import connect

_logger = logging.getLogger(__name__)
#: seconds between two looks
EVERY = 5.0


class Floods:
    """Takes from the link who was cut off, and notes it; what cannot be noted is seen again."""

    def __init__(self, link, settings, stopping):
        self.link = link
        self.settings = settings
        self.stopping = stopping

    def run(self):
        """Until told to stop."""
        while not self.stopping.wait(EVERY):
            self.look()

    def look(self):
        """Note the floods since the last look."""
        messages, size = self.link.inbox.held()
        metrics.gauge("held_messages", messages)
        metrics.gauge("held_bytes", size)
        floods = self.link.inbox.floods()
        if not floods:
            return
        metrics.count("shed", sum(floods.values()))
        for machine, count in floods.items():
            _logger.warning("machine %s sends too much: %s messages not taken", machine, count)
        try:
            with connect(self.settings.database).cursor() as cr:
                cr.execute("SELECT uuid, id FROM wine_machine WHERE uuid = ANY(%s)", [[*floods]])
                note(cr, "flood", {row_id: floods[uuid] for uuid, row_id in cr.fetchall()})
                cr.commit()  # pylint: disable=invalid-commit
        except DatabaseError as error:
            _logger.error("floods cannot be noted: %s", error)
