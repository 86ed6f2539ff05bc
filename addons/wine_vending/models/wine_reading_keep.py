# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.business_time import OLDEST

_logger = logging.getLogger(__name__)
TABLE = "wine_machine_reading_raw"
WEEK = timedelta(days=7)
#: raw readings are kept so long at least
KEPT = timedelta(days=90)
#: hours that every roll-up sums up again; what comes later than that is noted as late
AGAIN = timedelta(hours=2)
MONDAY = datetime(2024, 1, 1)

#: each hour from all of its raw readings, so that doing it again gives the same
ROLL_UP = """
    INSERT INTO wine_machine_reading_hour
           (machine_id, kind, hour, lowest, average, highest, count)
    SELECT raw.machine_id, raw.kind, date_trunc('hour', raw.at) AS hour,
           min(raw.value), avg(raw.value), max(raw.value), count(*)
      FROM wine_machine_reading_raw raw
      JOIN wine_machine machine ON machine.id = raw.machine_id %s
     WHERE %s
     GROUP BY 1, 2, 3
    ON CONFLICT (machine_id, kind, hour) DO UPDATE
       SET lowest = excluded.lowest, average = excluded.average,
           highest = excluded.highest, count = excluded.count
     WHERE wine_machine_reading_hour.count <= excluded.count
"""


def week_of(moment):
    """The Monday, 00:00 UTC, of the partition that holds a moment."""
    return MONDAY + (moment - MONDAY) // WEEK * WEEK


class WineMachineReading(models.Model):
    """Keeping readings: partitions ahead of time, hours summed up, old partitions dropped."""

    _inherit = "wine.machine.reading"

    def init(self):
        result = super().init()
        self.env.cr.execute(
            """CREATE TABLE IF NOT EXISTS wine_machine_reading_late (
                   machine_id int NOT NULL, hour timestamp NOT NULL)"""
        )
        self._make_partitions(fields.Datetime.now())
        return result

    @api.model
    def _cron_keep(self):
        """Every hour: make room ahead, sum up what is over, let go of what is old."""
        now = fields.Datetime.now()
        self._make_partitions(now)
        self._roll_up(now)
        self._drop_old(now)

    # === PARTITIONS === #

    @api.model
    def _make_partitions(self, now):
        """All that the clock rule lets in (docs/protocol §2), and three weeks ahead."""
        first, last = week_of(now - OLDEST), week_of(now + 3 * WEEK)
        self._ensure_weeks({first + WEEK * step for step in range((last - first) // WEEK + 1)})

    @api.model
    def _ensure_weeks(self, weeks):
        """Make the partitions that are missing of these weeks."""
        there = self._partitions()
        for week in sorted(set(weeks) - there.keys()):
            self.env.cr.execute(
                SQL(
                    "CREATE TABLE IF NOT EXISTS %s PARTITION OF %s FOR VALUES FROM (%s) TO (%s)",
                    SQL.identifier(f"{TABLE}_{week:%Y%m%d}"),
                    SQL.identifier(TABLE),
                    week,
                    week + WEEK,
                )
            )

    @api.model
    def _partitions(self):
        """{Monday: name} of the partitions that there are."""
        rows = self.env.execute_query(
            SQL(
                """SELECT part.relname FROM pg_inherits link
                     JOIN pg_class part ON part.oid = link.inhrelid
                    WHERE link.inhparent = to_regclass(%s)""",
                TABLE,
            )
        )
        return {datetime.strptime(name[-8:], "%Y%m%d"): name for (name,) in rows}

    # === HOURS === #

    @api.model
    def _roll_up(self, now):
        """Sum up every hour that is over and not yet summed up, the last ones again, and late ones.

        An hour is always made from all of its raw readings; doing it again changes nothing.
        """
        over = now.replace(minute=0, second=0, microsecond=0)
        [(newest,)] = self.env.execute_query(
            SQL("SELECT max(hour) FROM wine_machine_reading_hour WHERE hour < %s", over)
        )
        start = newest - AGAIN if newest else min(self._partitions(), default=over)
        self._roll(SQL("raw.at >= %s AND raw.at < %s", start, over))
        late = self.env.execute_query(
            SQL(
                """DELETE FROM wine_machine_reading_late WHERE hour < %s
                   RETURNING machine_id, hour""",
                over,
            )
        )
        if late:
            pairs = SQL(", ").join(SQL("(%s::int, %s::timestamp)", *pair) for pair in set(late))
            self._roll(
                SQL("raw.at >= late.hour AND raw.at < late.hour + interval '1 hour'"),
                SQL(
                    "JOIN (VALUES %s) AS late (machine, hour) ON late.machine = raw.machine_id",
                    pairs,
                ),
            )

    def _roll(self, where, join=SQL("")):  # noqa: B008 - an SQL object never changes
        self.env["wine.machine.reading.hour"].flush_model()
        self.env.cr.execute(SQL(ROLL_UP, join, where))
        self.env["wine.machine.reading.hour"].invalidate_model()

    # === LETTING GO === #

    @api.model
    def _drop_old(self, now):
        """Drop partitions that end more than 90 days ago, once each reading is in its hour."""
        for week, name in sorted(self._partitions().items()):
            if week + WEEK > now - KEPT:
                break
            if self._is_summed_up(week, name) or self._sum_up_again(week, name):
                self.env.cr.execute(SQL("DROP TABLE %s", SQL.identifier(name)))
            else:
                _logger.error("readings of the week of %s do not fit their hours; kept", week)

    def _is_summed_up(self, week, name):
        """Whether the hours of a week hold as many readings as its partition."""
        [(raw, summed)] = self.env.execute_query(
            SQL(
                """SELECT (SELECT count(*) FROM %s raw
                             JOIN wine_machine machine ON machine.id = raw.machine_id),
                          (SELECT COALESCE(sum(count), 0) FROM wine_machine_reading_hour
                            WHERE hour >= %s AND hour < %s)""",
                SQL.identifier(name),
                week,
                week + WEEK,
            )
        )
        return raw == summed

    def _sum_up_again(self, week, name):
        self._roll(SQL("raw.at >= %s AND raw.at < %s", week, week + WEEK))
        return self._is_summed_up(week, name)
