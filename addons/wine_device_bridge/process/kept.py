# SPDX-License-Identifier: LGPL-3.0-or-later
"""Connections to the database that keep what their session has: tables of its own, caches, plans.

Odoo's pool resets a connection whenever it is lent, for it lends it to anybody: what the session
had goes, two answers have to be waited for, and who else wants a connection waits too. The bridge's
threads ask the same few statements many times a second, and ask nothing of a session but that a
transaction begins anew. With Odoo's pool each batch of messages made a temporary table and dropped
it again, 45 rows written to PostgreSQL's own catalogue and deleted every time, for ever.
"""

import time

from odoo.sql_db import Connection, ConnectionPool, connection_info_for

#: seconds without use after which a connection is looked at before it is lent: it may be dead
QUIET = 5.0


class Kept(ConnectionPool):
    """Odoo's pool, but what was used a moment ago is lent as it is; a transaction has ended."""

    def borrow(self, connection_info):
        now = time.time()
        with self._lock:
            for connection in self._connections:
                rested = now - getattr(connection, "_pool_last_used", 0.0)
                if connection._pool_in_use or connection.closed or rested > QUIET:
                    continue
                if self._dsn_equals(connection.dsn, connection_info):
                    connection._pool_in_use = True
                    return connection
        return super().borrow(connection_info)


_pool = Kept()


def connect(database):
    """As ``odoo.sql_db.db_connect``, for statements that leave nothing behind in their session."""
    return Connection(_pool, *connection_info_for(database))
