# SPDX-License-Identifier: LGPL-3.0-or-later
"""How often a message came again, noted beside the projectors and never in their way."""

from psycopg2.extras import execute_values

from .claims import LOCK_CLASS

#: rows of which the count is remembered until it can be noted
MOST = 20_000
NOTE = """UPDATE wine_bridge_event event SET duplicates = event.duplicates + new.times
    FROM (VALUES %s) AS new (id, times)
   WHERE event.id = new.id AND {which} RETURNING event.id"""
FREE = """SELECT machine_id FROM (SELECT DISTINCT machine_id FROM wine_bridge_event
                                  WHERE id = ANY(%s) OFFSET 0) waiting
           WHERE pg_try_advisory_xact_lock_shared(%s, machine_id)"""


def count_again(cr, times):
    """Note how often stored messages came again; the caller commits.

    A row that waits is left alone while a projector has its machine, for marking a row that was
    changed since would fail the projector's whole round. Whoever of the two has the machine's lock
    first, the other one goes on without it.

    :param dict times: row id → how often since it was last noted
    :return: the same for those that a projector is using at this moment: ask again later
    """
    left = _noted(cr, times, "event.state <> 'new'") if times else {}
    if left:
        cr.execute(FREE, [list(left), LOCK_CLASS])
        free = [row[0] for row in cr.fetchall()]
        which = cr._obj.mogrify("event.machine_id = ANY(%s)", [free]).decode()
        left = _noted(cr, left, which) if free else left
    return dict(list(left.items())[:MOST])


def _noted(cr, times, which):
    """Note those for which a condition holds; returns the others."""
    statement = NOTE.format(which=which)
    rows = execute_values(cr._obj, statement, list(times.items()), page_size=2000, fetch=True)
    noted = {row[0] for row in rows}
    return {row_id: count for row_id, count in times.items() if row_id not in noted}
