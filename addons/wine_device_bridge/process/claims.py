# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which machines this projector works on: claimed in turn, so that none starves and none is shared.

Waiting machines stand in a circle, by their ids. A claim begins where the last one ended, skips who
is claimed by another projector, and ends when enough messages are in hand. The locks are taken on a
connection of their own *before* the working transaction takes its snapshot: it therefore sees all
that the last one to hold the machine has committed. They die with the connection, so with us.
"""

import random

import psycopg2

from odoo.sql_db import connection_info_for

#: pg_try_advisory_lock(class, machine): one projector per machine at a time
LOCK_CLASS = 7411
#: a machine is given so many messages of a round while others wait
SHARE = 50
#: machines looked at in one query; doubles from query to query
FIRST_LOOK = 32

#: the next machines of the circle that wait, and how much they have, at most a share. One step down
#: an index for each, however many messages wait and however many were used before.
WAITING = """
    WITH RECURSIVE circle (machine, place) AS (
        (SELECT machine_id, 1 FROM wine_bridge_event
          WHERE state = 'new' AND machine_id > %(after)s ORDER BY machine_id LIMIT 1)
        UNION ALL
        SELECT (SELECT machine_id FROM wine_bridge_event
                 WHERE state = 'new' AND machine_id > circle.machine
                 ORDER BY machine_id LIMIT 1), place + 1
          FROM circle WHERE circle.machine IS NOT NULL AND place < %(look)s
    )
    SELECT machine, (SELECT count(*) FROM (
               SELECT FROM wine_bridge_event
                WHERE state = 'new' AND machine_id = machine LIMIT %(share)s) counted)
      FROM circle WHERE machine IS NOT NULL ORDER BY place"""
LOCK = "SELECT pg_try_advisory_lock(%s, %s)"


class Claims:
    """The machines of one round at a time: :meth:`take`, work, commit, :meth:`release`."""

    def __init__(self, database, share=SHARE, after=None):
        """:param after: where in the circle to begin; by default anywhere, to meet few others"""
        self.database = database
        self.share = share
        self.after = after
        self.connection = None
        self.held = []

    def take(self, limit, without=()):
        """Lock machines with about ``limit`` messages together.

        :param without: ids of machines to leave alone for now
        :return: {machine id: how many of its oldest messages to use}
        """
        with self._connection().cursor() as cr:
            if self.after is None:
                self.after = self._anywhere(cr)
            claimed, found = {}, 0
            for machine, count in self._circle(cr, set(without)):
                cr.execute(LOCK, [LOCK_CLASS, machine])
                if not cr.fetchone()[0]:
                    continue
                self.held.append(machine)
                self.after = machine
                claimed[machine] = count
                found += count
                if found >= limit:
                    return claimed
        return self._top_up(claimed, limit - found)

    def _top_up(self, claimed, room):
        """All that wait are in hand: who has more than a share may use what is left."""
        more = [machine for machine, count in claimed.items() if count >= self.share]
        for machine in more:
            claimed[machine] += room // len(more)
        return claimed

    def _circle(self, cr, without):
        """(machine, waiting messages) once around, from where the last claim ended."""
        begun, at, look, around = self.after, self.after, FIRST_LOOK, False
        while True:
            cr.execute(WAITING, {"after": at, "look": look, "share": self.share})
            rows = cr.fetchall()
            for machine, count in rows:
                if around and machine > begun:
                    return
                if machine not in without:
                    yield machine, count
            if len(rows) == look:
                at, look = rows[-1][0], min(look * 2, 512)
            elif around:
                return
            else:
                at, around = 0, True

    @staticmethod
    def _anywhere(cr):
        cr.execute("SELECT coalesce(max(id), 0) FROM wine_machine")
        return random.randint(0, cr.fetchone()[0])  # noqa: S311 - a place in a circle

    def release(self):
        """Let all go; where the connection is gone, so are they."""
        held, self.held = self.held, []
        if held and self.connection and not self.connection.closed:
            with self.connection.cursor() as cr:
                cr.execute("SELECT pg_advisory_unlock_all()")

    def forget(self):
        """The connection is no good any more."""
        self.held = []
        if self.connection:
            self.connection.close()
            self.connection = None

    def _connection(self):
        if not self.connection or self.connection.closed:
            _name, info = connection_info_for(self.database)
            self.connection = psycopg2.connect(**info)
            self.connection.autocommit = True
        return self.connection
