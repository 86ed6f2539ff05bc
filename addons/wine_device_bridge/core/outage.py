# SPDX-License-Identifier: LGPL-3.0-or-later
"""The database is away: told once, however many workers find out, and once when it is back."""

import logging
import threading
import time

#: while it lasts it is told again after so many seconds
AGAIN = 60.0
AWAY = "away"
#: Odoo says so at each attempt to connect
ODOO, EACH_ATTEMPT = "odoo.sql_db", "Connection to the database failed"


class Outage:
    """Workers say when they fail and when they do not; this one says when it begins and ends.

    A failure of another kind (no room left, say) is told as well, once; the end is told when every
    worker that failed has done its work again.
    """

    def __init__(self, logger, back="the database is back after %.0f s", clock=time.monotonic):
        self.logger, self.back, self.clock = logger, back, clock
        self.lock = threading.Lock()
        self.failing = set()
        self.told = {}  # kind → when
        self.since = 0.0

    def failed(self, error, text, *args):
        """This thread could not do its work: ``text % args`` says which, in one line of the log."""
        now, kind = self.clock(), kind_of(error)
        with self.lock:
            if not self.failing:
                self.since, self.told = now, {}
            self.failing.add(threading.get_ident())
            if kind in self.told and now - self.told[kind] < AGAIN:
                return
            self.told[kind] = now
        self.logger.error(f"{text}: %s", *args, " ".join(str(error).split()))

    def over(self):
        """This thread has done its work."""
        if threading.get_ident() not in self.failing:
            return
        with self.lock:
            self.failing.discard(threading.get_ident())
            lasts = bool(self.failing)
        if not lasts:
            self.logger.warning(self.back, self.clock() - self.since)


def kind_of(error):
    """:data:`AWAY` where nobody answered, else the database's own code or the error's name."""
    code = getattr(error, "pgcode", None)
    names = {base.__name__ for base in type(error).__mro__}
    if code:
        return AWAY if code.startswith(("08", "57P")) else code
    away = names & {"OperationalError", "InterfaceError", "OSError"}
    return AWAY if away else type(error).__name__


def hush(logger=None):
    """Odoo's line at each attempt to connect is left out: the outage is told here."""
    (logger or logging.getLogger(ODOO)).addFilter(_not_each_attempt)


def _not_each_attempt(record):
    return record.msg != EACH_ATTEMPT
