# SPDX-License-Identifier: LGPL-3.0-or-later
"""Where a bridge can be made to die, or to stumble: wrapped around its methods from outside.

The product has no such points. A method that is no longer there ends the launcher with an error, so
that a scenario never passes because its trouble did not happen.
"""

import os
import signal
import threading
import time

from odoo.addons.wine_device_bridge.core import tell
from odoo.addons.wine_device_bridge.process import ingest, link
from odoo.addons.wine_vending.models import wine_projection

from tests.chaos.launcher import POISON

armed = threading.Event()


def wrap(name):
    """Wrap the point of this name; SIGUSR1 lets the next passing be the last."""
    POINTS[name]()
    signal.signal(signal.SIGUSR1, lambda _number, _frame: armed.set())


def _die(after=0.0):
    if armed.is_set():
        time.sleep(after)
        os.kill(os.getpid(), signal.SIGKILL)


def _wrap(owner, name, before=lambda *_a, **_k: None, after=lambda *_a, **_k: None):
    inner = getattr(owner, name)

    def outer(*args, **kwargs):
        before(*args, **kwargs)
        result = inner(*args, **kwargs)
        after(*args, **kwargs)
        return result

    setattr(owner, name, outer)


def _before_commit():
    """The rows are written, and not committed."""
    _wrap(ingest.Batch, "store", after=lambda *_a, **_k: _die())


def _after_commit():
    """The rows are committed; broker and device know nothing of it."""
    _wrap(link.Link, "acknowledge", before=lambda *_a, **_k: _die())


def _after_puback():
    """The broker was told (it has a moment to hear it), the device not yet."""

    def before(teller, busy=False):
        if teller.owed and not busy:
            _die(0.3)

    _wrap(tell.Teller, "tell", before=before)


def _during_projection():
    """Vends, orders and shares are made, and not committed."""
    _wrap(wine_projection.WineMachine, "_project", after=lambda *_a, **_k: _die())


def _poison():
    """Some events cannot be used, however often it is tried."""
    wanted = {tuple(map(int, each.split("/"))) for each in os.environ[POISON].split(",")}

    def before(_machines, facts):
        for fact in facts:
            if fact.position and (fact.machine_id, fact.position[1]) in wanted:
                raise RuntimeError(f"number {fact.position[1]} is poison")

    _wrap(wine_projection.WineMachine, "_project", before=before)


POINTS = {
    "before-commit": _before_commit,
    "after-commit": _after_commit,
    "after-puback": _after_puback,
    "during-projection": _during_projection,
    "poison": _poison,
}
