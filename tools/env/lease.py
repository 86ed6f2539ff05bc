# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who uses the cluster right now: the last one to leave stops it."""

import os
from contextlib import contextmanager

from . import postgres
from .paths import RUN, ensure

HOLDERS = RUN / "holders"


@contextmanager
def cluster():
    """Have PostgreSQL run for the length of a `with` block."""
    mine = ensure(HOLDERS) / str(os.getpid())
    mine.touch()
    try:
        postgres.start()
        yield
    finally:
        mine.unlink(missing_ok=True)
        if not others():
            postgres.stop()


def others():
    """Return the numbers of living processes that hold the cluster."""
    alive = []
    for holder in HOLDERS.glob("*"):
        if os.path.exists(f"/proc/{holder.name}"):
            alive.append(int(holder.name))
        else:
            holder.unlink(missing_ok=True)
    return [pid for pid in alive if pid != os.getpid()]
