# SPDX-License-Identifier: LGPL-3.0-or-later
"""A bridge that never comes back: what waits for it at the broker is stored by somebody else."""

import logging
import threading
import time
from dataclasses import replace

from ..core import masking
from .ingest import Ingest
from .link import Link

_logger = logging.getLogger(__name__)
#: seconds: without a message after which nothing more waits, and in which the broker must answer
QUIET, PATIENCE = 2.0, 30.0


class Retire:
    """Takes the name of a bridge that is gone, stores what the broker kept for it, gives it back.

    First its subscriptions end, so that nothing more comes to wait; then what waits is stored and
    acknowledged like anything else; then the session is closed for good. If the bridge is alive
    after all, the two throw each other out until this one has ended; what machines said meanwhile
    and nobody heard comes again from their journals.
    """

    def __init__(self, settings):
        masking.install([settings.password])
        self.settings = settings = replace(settings, rate=0)  # these have waited long enough
        self.stopping, self.stored = threading.Event(), threading.Event()
        self.link = Link(settings, leaving=True)
        self.ingest = Ingest(self.link, settings, self.stopping, self.stored)

    def run(self):
        """Block until it is done. Returns the exit code: 1 where the broker does not answer."""
        thread = threading.Thread(target=self.ingest.run, name="Ingest", daemon=True)
        thread.start()
        self.link.start()
        answered = self._drain()
        self.stopping.set()
        thread.join(60)
        if not answered or thread.is_alive():
            _logger.error("%s is not retired; try again", self.settings.client_id)
            self.link.stop(last=False)
            return 1
        self.link.leave()
        if not self.link.found:
            _logger.warning("the broker kept nothing for %s", self.settings.client_id)
        totals = self.ingest.totals
        name, stored, again = self.settings.client_id, totals["stored"], totals["duplicates"]
        _logger.info("%s is retired: stored %s, duplicates %s", name, stored, again)
        return 0

    def _drain(self):
        """Wait until nothing has come for a while; False where no answer came at all."""
        begun = since = time.monotonic()
        before = None
        while time.monotonic() - since < QUIET:
            time.sleep(0.1)
            seen = (sum(self.ingest.totals.values()), self.link.received)
            if self.link.found is None:
                since = time.monotonic()
                if since - begun > PATIENCE:
                    return False
            elif seen != before or self.link.unanswered or self.link.inbox.qsize():
                before, since = seen, time.monotonic()
        return True
