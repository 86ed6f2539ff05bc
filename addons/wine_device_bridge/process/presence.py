# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whether another bridge of this database is at work; asked at the goodbye."""

import logging

import psycopg2

from odoo.sql_db import connection_info_for

_logger = logging.getLogger(__name__)
#: pg_advisory_lock_shared(class, 0) is held by every bridge for as long as it lives
LOCK_CLASS = 7420


class Presence:
    """A shared lock on a connection of its own: it dies with the process, whatever kills that.

    Where the database was away in between, the lock is taken again; a bridge that goes in that
    moment says that the platform is offline, and the others, who hear it, say that it is not.
    """

    def __init__(self, database):
        self.database = database
        self.connection = None

    def hold(self):
        """Be counted among the bridges at work; call it now and then."""
        try:
            if self.connection:
                self._ask("SELECT 1")
            else:
                self._connect()
        except psycopg2.Error as error:
            _logger.warning("this bridge cannot be counted: %s", error)
            self._forget()

    def let_go(self):
        """Be counted no longer. Returns whether no other bridge is left, as far as one can tell.

        Of two that go at once the second one is the last, or both are.
        """
        try:
            if not self.connection:
                return True
            self._ask("SELECT pg_advisory_unlock_shared(%s, 0)")
            return self._ask("SELECT pg_try_advisory_lock(%s, 0)")
        except psycopg2.Error as error:
            _logger.warning("whether other bridges are there is not known: %s", error)
            return True
        finally:
            self._forget()

    def _connect(self):
        _name, info = connection_info_for(self.database)
        info.pop("dsn", None) if "dbname" in info or "database" in info else None
        self.connection = psycopg2.connect(**info)
        self.connection.autocommit = True
        self._ask("SELECT pg_try_advisory_lock_shared(%s, 0)")

    def _ask(self, statement):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, [LOCK_CLASS] if "%s" in statement else None)
            return cursor.fetchone()[0]

    def _forget(self):
        if self.connection:
            self.connection.close()
            self.connection = None
