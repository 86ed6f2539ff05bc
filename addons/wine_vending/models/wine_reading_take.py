# SPDX-License-Identifier: LGPL-3.0-or-later
from psycopg2.extras import execute_values

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.business_time import AHEAD, OLDEST
from .wine_reading_keep import AGAIN, TABLE, week_of

#: a temperature is back in its band when it lies so far inside, so that one at the edge stays out
MARGIN = 0.3

TEMPERATURES = """
    UPDATE wine_machine_climate climate
       SET temperature = fresh.value, temperature_at = fresh.at, side = fresh.side,
           side_since = CASE WHEN fresh.side = climate.side THEN climate.side_since
                             ELSE fresh.at END
      FROM (SELECT old.id, new.at, new.value,
                   CASE WHEN new.value > machine.temp_max THEN 1
                        WHEN new.value < machine.temp_min THEN -1
                        WHEN old.side = 1 AND new.value > machine.temp_max - %(margin)s THEN 1
                        WHEN old.side = -1 AND new.value < machine.temp_min + %(margin)s THEN -1
                        ELSE 0 END AS side
              FROM (VALUES %(rows)s) AS new (machine_id, at, value)
              JOIN wine_machine machine ON machine.id = new.machine_id
              JOIN wine_machine_climate old ON old.machine_id = new.machine_id
             WHERE old.temperature_at IS NULL OR old.temperature_at < new.at) fresh
     WHERE climate.id = fresh.id
"""
HUMIDITIES = """
    UPDATE wine_machine_climate climate SET humidity = new.value, humidity_at = new.at
      FROM (VALUES %(rows)s) AS new (machine_id, at, value)
     WHERE climate.machine_id = new.machine_id
       AND (climate.humidity_at IS NULL OR climate.humidity_at < new.at)
"""


class WineMachine(models.Model):
    """The door for readings: many, droppable, and never in the way of events."""

    _inherit = "wine.machine"

    @api.model
    def _take_readings(self, rows):
        """Store readings in this transaction and note the newest ones, in a handful of statements.

        The same reading again changes nothing; an older one than the newest changes only the
        history. It touches no row of ``wine_machine``.

        :param rows: [(machine id, kind, naive UTC moment, value)], see ``core.readings``; moments
            outside the clock rule (docs/protocol §2) are left out. A fifth value says whether the
            moment is by the machine's clock (as without it) or that of receipt.
        :return: number of new readings
        """
        now = fields.Datetime.now()
        good = {
            (machine, kind, at): value
            for machine, kind, at, value, *_clock in rows
            if now - OLDEST <= at <= now + AHEAD
        }
        received = {tuple(row[:3]) for row in rows if len(row) > 4 and not row[4]}
        if not good:
            return 0
        Reading = self.env["wine.machine.reading"]
        Reading._ensure_weeks({week_of(at) for _machine, _kind, at in good})
        taken = self._insert_readings(good, received)
        self._note_late(good, now)
        self._note_newest(good)
        return taken

    def _insert_readings(self, good, received):
        execute_values(
            self.env.cr._obj,
            f"INSERT INTO {TABLE} (machine_id, kind, at, value, clock_trusted) "  # noqa: S608
            "VALUES %s ON CONFLICT DO NOTHING",
            [(*key, value, key not in received) for key, value in sorted(good.items())],
            page_size=len(good),
        )
        return self.env.cr.rowcount

    def _note_late(self, good, now):
        """Hours that the next roll-up would not look at again by itself."""
        edge = now.replace(minute=0, second=0, microsecond=0) - AGAIN
        late = {
            (machine, at.replace(minute=0, second=0, microsecond=0))
            for machine, _kind, at in good
            if at < edge
        }
        if late:
            execute_values(
                self.env.cr._obj,
                "INSERT INTO wine_machine_reading_late (machine_id, hour) VALUES %s",
                sorted(late),
            )

    def _note_newest(self, good):
        newest = {}
        for (machine, kind, at), value in good.items():
            if kind in ("temperature", "humidity"):
                rows = newest.setdefault(kind, {})
                rows[machine] = max(rows.get(machine, (at, value)), (at, value))
        if not newest:
            return
        self._make_climates(set().union(*newest.values()))
        for kind, query in (("temperature", TEMPERATURES), ("humidity", HUMIDITIES)):
            if newest.get(kind):
                values = SQL(", ").join(
                    SQL("(%s::int, %s::timestamp, %s::numeric)", machine, at, round(value, 1))
                    for machine, (at, value) in sorted(newest[kind].items())
                )
                self.env.cr.execute(SQL(query, rows=values, margin=MARGIN))
        self.env["wine.machine.climate"].invalidate_model(flush=False)

    def _make_climates(self, machine_ids):
        self.env.cr.execute(
            SQL(
                """INSERT INTO wine_machine_climate (machine_id, side)
                   SELECT id, 0 FROM wine_machine WHERE id = ANY(%s) AND NOT EXISTS (
                          SELECT 1 FROM wine_machine_climate climate
                           WHERE climate.machine_id = wine_machine.id)
                   ON CONFLICT DO NOTHING""",
                sorted(machine_ids),
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_readings(self):
        self.env.cr.execute(
            SQL("DELETE FROM %s WHERE machine_id = ANY(%s)", SQL.identifier(TABLE), self.ids)
        )
