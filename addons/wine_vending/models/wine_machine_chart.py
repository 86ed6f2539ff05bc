# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.readings import DOOR

HOUR, DAY = 3600, 86400
#: hours shown → (seconds of one temperature point, seconds of one bar of sales)
RANGES = {24: (600, HOUR), 7 * 24: (HOUR, 6 * HOUR), 90 * 24: (6 * HOUR, DAY)}
#: so far back the raw readings are drawn; before that, the hours
RAW = timedelta(hours=48)


class WineMachine(models.Model):
    """The chart of a machine: its temperature against the band, and what it sold meanwhile."""

    _inherit = "wine.machine"

    def watch_chart(self, hours):
        """What the chart of one machine shows; its reader must be allowed to read the machine.

        :param int hours: 24, 168 or 2160
        :return: dict; moments in whole seconds since 1970 (UTC): ``start``, ``end``, ``low`` and
            ``high`` of the band (°C), ``temperature`` [[moment, average, lowest, highest]],
            ``sales`` [[moment, bottles, amount]], ``doors`` [moment of each opening], ``point`` and
            ``bar`` (seconds), ``currency_id``
        """
        self.ensure_one()
        self.check_access("read")
        if hours not in RANGES:
            raise UserError(self.env._("The chart shows 24 hours, 7 days or 90 days."))
        point, bar = RANGES[hours]
        end = fields.Datetime.now()
        start = end - timedelta(hours=hours)
        return {
            "start": _seconds(start),
            "end": _seconds(end),
            "low": self.temp_min,
            "high": self.temp_max,
            "point": point,
            "bar": bar,
            "temperature": self._chart_temperature(start, end, point),
            "sales": self._chart_sales(start, bar),
            "doors": self._chart_doors(start) if hours <= 7 * 24 else [],
            "currency_id": self.currency_id.id,
        }

    def _chart_temperature(self, start, end, point):
        edge = max((end - RAW).replace(minute=0, second=0, microsecond=0), start)
        rows = self.env.execute_query(
            SQL(
                """SELECT floor(extract(epoch FROM at) / %(point)s)::bigint * %(point)s AS moment,
                          sum(value * count) / sum(count), min(lowest), max(highest)
                     FROM (SELECT hour AS at, average AS value, lowest, highest, count
                             FROM wine_machine_reading_hour
                            WHERE machine_id = %(machine)s AND kind = 'temperature'
                              AND hour >= %(start)s AND hour < %(edge)s
                           UNION ALL
                           SELECT at, value, value, value, 1
                             FROM wine_machine_reading_raw
                            WHERE machine_id = %(machine)s AND kind = 'temperature'
                              AND at >= %(edge)s AND at <= %(end)s) reading
                    GROUP BY 1 ORDER BY 1""",
                point=point,
                machine=self.id,
                start=start,
                edge=edge,
                end=end,
            )
        )
        return [
            [int(moment), *(round(float(value), 2) for value in values)] for moment, *values in rows
        ]

    def _chart_sales(self, start, bar):
        self.env["wine.vend"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT floor(extract(epoch FROM moment) / %s)::bigint * %s AS moment,
                          sum(qty_done), sum(amount_captured)
                     FROM wine_vend
                    WHERE machine_id = %s AND moment >= %s AND qty_done > 0
                    GROUP BY 1 ORDER BY 1""",
                bar,
                bar,
                self.id,
                start,
            )
        )
        return [[int(moment), int(qty), float(amount or 0)] for moment, qty, amount in rows]

    def _chart_doors(self, start):
        rows = self.env.execute_query(
            SQL(
                """SELECT extract(epoch FROM at)::bigint FROM wine_machine_reading_raw
                    WHERE machine_id = %s AND kind = %s AND at >= %s AND value > 0 ORDER BY at""",
                self.id,
                DOOR,
                start,
            )
        )
        return [int(moment) for (moment,) in rows]


def _seconds(moment):
    return int((moment - fields.Datetime.to_datetime("1970-01-01")).total_seconds())
