# SPDX-License-Identifier: LGPL-3.0-or-later
"""The bridge: one link, its workers, one goodbye."""

import logging
import signal
import sys
import threading

from odoo.modules.registry import Registry

from ..core import logs
from ..core.outage import hush
from .access import Access, AccessSettings
from .auth import AuthLane
from .floods import Floods
from .heartbeat import Heartbeat
from .ingest import Ingest
from .link import Link
from .outbox import Outbox
from .presence import Presence
from .project import Projector
from .projectors import Projectors
from .telemetry import Telemetry

_logger = logging.getLogger(__name__)
REPORT_EVERY = 30
#: seconds that a thread keeps Python's lock while another wants it: projection computes for long,
#: and what machines wait for needs the lock after each word from the broker and the database
SWITCH = 0.001


class Bridge:
    """Runs until SIGTERM or SIGINT, then drains: nothing that was received is left unstored.

    Order of the goodbye: stop taking from the broker, store what is queued, say offline unless
    another bridge is there, disconnect. What was not acknowledged stays with the broker and the
    machines.
    """

    def __init__(self, settings, access=None):
        """:param access: ``AccessSettings``: how the broker is told who may speak"""
        access = access or AccessSettings()
        logs.set_up(settings.log, settings.instance, [settings.password, access.emqx_secret])
        hush()
        self.settings = settings
        self.stopping = threading.Event()
        self.stored = threading.Event()
        self.link = Link(settings)
        self.presence = Presence(settings.database)
        self.ingest = Ingest(self.link, settings, self.stopping, self.stored)
        self.projector = Projector(settings, self.stopping, self.stored)
        self.telemetry = Telemetry(self.link, settings, self.stopping)
        self.outbox = Outbox(self.link, settings, self.stopping, self.stored)
        self.floods = Floods(self.link, settings, self.stopping)
        self.auth = AuthLane(settings, self.stopping)
        self.heartbeat = Heartbeat(self.link, settings, self.stopping)
        self.access = Access(settings, access, self.stopping) if access.adapter else None

    def run(self):
        """Block until told to stop. Returns the exit code."""
        sys.setswitchinterval(SWITCH)
        Registry(self.settings.database)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        workers = [self.ingest, self.outbox, self.auth, self.telemetry, self.access, self.floods]
        workers += [self.heartbeat]
        workers.append(self._projecting())
        threads = [
            threading.Thread(target=worker.run, name=type(worker).__name__, daemon=True)
            for worker in filter(None, workers)
        ]
        for thread in threads:
            thread.start()
        self.presence.hold()
        self.link.start()
        _logger.info("bridge of %s is up", self.settings.database)
        while not self.stopping.wait(REPORT_EVERY):
            self._report()
            self.presence.hold()
            if not (self.link.alive and all(thread.is_alive() for thread in threads)):
                _logger.critical("a worker has died; stopping, so that the supervisor starts anew")
                self.stopping.set()
                return 1
        for thread in threads:
            thread.join(20)
        self.link.stop(last=self.presence.let_go())
        self.heartbeat.goodbye()
        self._report()
        return 0

    def _projecting(self):
        """Who projects: this process, processes of their own, or somebody else."""
        count = self.settings.projectors
        if count > 1:
            return Projectors(count, self.stopping)
        return self.projector if count else None

    def _on_signal(self, _number, _frame):
        self.stopping.set()
        self.stored.set()

    def _report(self):
        _logger.info(
            "stored %(stored)s, duplicates %(duplicates)s, quarantined %(quarantined)s, "
            "projected %(projected)s, sent %(sent)s, waiting %(waiting)s; readings %(readings)s, "
            "unreadable %(unreadable)s, lost %(lost)s, dropped %(dropped)s",
            {
                **self.ingest.totals,
                **self.telemetry.totals,
                "dropped": self.link.telemetry.dropped,
                "projected": self.projector.total,
                "sent": self.outbox.sent,
                "waiting": self.link.inbox.qsize(),
            },
        )
