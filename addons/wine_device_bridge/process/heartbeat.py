# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a bridge says of itself, for whoever watches it from outside.

Every 5 seconds, and as soon as its line to the broker has come or gone.
"""

import logging
import os
import socket
import time
from datetime import datetime, timezone

from odoo import SUPERUSER_ID, api
from odoo.modules.module import Manifest
from odoo.modules.registry import Registry

from ..core.garbage import garbage
from ..core.metrics import metrics

_logger = logging.getLogger(__name__)
EVERY = 5.0
#: how often the line is looked at (seconds)
LOOK = 0.5
#: counter → column of the minutes
COLUMNS = {
    "stored": "stored",
    "duplicates": "duplicates",
    "quarantined": "quarantined",
    "projected": "projected",
    "commands_sent": "sent",
    "reconnects": "reconnects",
}
OLDEST = """SELECT extract(epoch FROM (now() AT TIME ZONE 'UTC') - received_at)::float
              FROM wine_bridge_event WHERE state = 'new' ORDER BY id LIMIT 1"""


class Heartbeat:
    """Writes the row of this process; a failure is logged once and harms nothing else."""

    def __init__(self, link, settings, stopping, projector=None):
        """:param projector: which one, for a process that does nothing else and has no ``link``"""
        self.link = link
        self.settings = settings
        self.stopping = stopping
        self.role = "projector" if projector else "bridge"
        self.name = settings.instance or "bridge"
        if projector:
            self.name += f"-projector-{projector}"
        self.host = socket.gethostname()
        self.version = Manifest.for_addon("wine_device_bridge")["version"]
        self.started_at = _now()
        self.told = dict.fromkeys(COLUMNS, 0)
        self.failing = False
        for name in COLUMNS:
            metrics.count(name, 0)

    def run(self):
        """Until told to stop; then say goodbye."""
        said, due = None, 0.0
        while not self.stopping.is_set():
            connected, now = self._connected(), time.monotonic()
            if connected != said or now >= due:
                said, due = connected, now + EVERY
                self._safely("running")
            self.stopping.wait(LOOK)

    def goodbye(self):
        """The last word, when everything else has ended."""
        self._safely("stopped")

    def _safely(self, state):
        try:
            self.beat(state)
            self.failing = False
        except Exception as error:  # noqa: BLE001 - whatever it is, the bridge itself goes on
            if not self.failing:
                _logger.warning("the heartbeat of bridge %s is not written: %s", self.name, error)
            self.failing = True

    def beat(self, state="running"):
        """Write the row and the present minute."""
        now = {name: metrics.total(name) for name in COLUMNS}
        registry = Registry(self.settings.database)
        garbage.collect(registry)  # also what threads leave that do not project
        with registry.cursor() as cr:
            counted = self._measure(cr)
            counted.update({COLUMNS[name]: now[name] - self.told[name] for name in COLUMNS})
            env = api.Environment(cr, SUPERUSER_ID, {})
            other = env["wine.bridge.process"]._beat(self._who(state), counted)
            cr.commit()  # pylint: disable=invalid-commit
        self.told = now
        if other:
            _logger.error(
                "two bridges call themselves %s: this one and process %s. Give each its own "
                "WINE_BRIDGE_INSTANCE.",
                self.name,
                other,
            )

    def _who(self, state):
        return {
            "name": self.name,
            "role": self.role,
            "host": self.host,
            "pid": os.getpid(),
            "version": self.version,
            "state": state,
            "started_at": self.started_at,
            "connected": state == "running" and self._connected(),
            "figures": metrics.snapshot(),
        }

    def _measure(self, cr):
        """Gauges of this moment; returns those that the minutes keep."""
        depth = self.link.inbox.qsize() if self.link else 0
        cr.execute(OLDEST)
        row = cr.fetchone()
        lag = max(row[0] or 0.0, 0.0) if row else 0.0
        metrics.gauge("inbox_depth", depth)
        metrics.gauge("connected", int(self._connected()))
        return {"depth": depth, "lag": lag}

    def _connected(self):
        return bool(self.link and self.link.connected)


def _now():
    return datetime.now(timezone.utc).replace(tzinfo=None)
