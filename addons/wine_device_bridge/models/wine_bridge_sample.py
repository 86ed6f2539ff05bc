# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

#: columns that are added up within a minute, and those of which the highest value is kept
COUNTED = ("stored", "duplicates", "quarantined", "projected", "sent", "reconnects")
HIGHEST = ("depth", "lag")
KEEP = "24 hours"


class WineBridgeSample(models.Model):
    """One minute of one bridge, for the short history on the bridge page; kept for a day."""

    _name = "wine.bridge.sample"
    _description = "Minute of a bridge"
    _log_access = False
    _order = "minute desc, id desc"
    _rec_name = "minute"

    process_id = fields.Many2one(
        "wine.bridge.process", "Bridge", required=True, readonly=True, ondelete="cascade"
    )
    minute = fields.Datetime(required=True, readonly=True)
    stored = fields.Integer(readonly=True)
    duplicates = fields.Integer(readonly=True)
    quarantined = fields.Integer(readonly=True)
    projected = fields.Integer("Used", readonly=True)
    sent = fields.Integer("Commands sent", readonly=True)
    reconnects = fields.Integer(readonly=True)
    depth = fields.Integer("Most messages waiting in the process", readonly=True)
    lag = fields.Float("Oldest message that waited (s)", readonly=True)

    _minute_unique = models.UniqueIndex("(minute, process_id)", "This minute is already kept.")

    @api.model
    def _add(self, process_id, counted):
        """Add what a bridge has counted to the present minute.

        :param dict counted: by ``COUNTED`` and ``HIGHEST``; what is missing is 0
        """
        names = (*COUNTED, *HIGHEST)
        old, new = SQL.identifier("old"), SQL.identifier("excluded")
        sets = [
            SQL("%s = %s.%s + %s.%s", _named(name), old, _named(name), new, _named(name))
            for name in COUNTED
        ] + [
            SQL("%s = greatest(%s.%s, %s.%s)", _named(name), old, _named(name), new, _named(name))
            for name in HIGHEST
        ]
        self.env.cr.execute(
            SQL(
                """INSERT INTO wine_bridge_sample AS old (process_id, minute, %s)
                   VALUES (%s, date_trunc('minute', now() AT TIME ZONE 'UTC'), %s)
                   ON CONFLICT (minute, process_id) DO UPDATE SET %s""",
                SQL(", ").join(map(_named, names)),
                process_id,
                SQL(", ").join(SQL("%s", counted.get(name, 0)) for name in names),
                SQL(", ").join(sets),
            )
        )

    @api.model
    def _history(self, minutes=60):
        """The last minutes of all bridges together, the oldest first, none left out.

        :return: [{"minute": UTC text, **by column}…]
        """
        sums = [SQL("coalesce(sum(%s), 0)::bigint", _named(name)) for name in COUNTED]
        tops = [SQL("coalesce(max(%s), 0)", _named(name)) for name in HIGHEST]
        rows = self.env.execute_query(
            SQL(
                """SELECT minutes.at, %s
                     FROM generate_series(
                              date_trunc('minute', now() AT TIME ZONE 'UTC')
                              - (%s - 1) * interval '1 minute',
                              now() AT TIME ZONE 'UTC', interval '1 minute') AS minutes (at)
                     LEFT JOIN wine_bridge_sample sample ON sample.minute = minutes.at
                    GROUP BY minutes.at ORDER BY minutes.at""",
                SQL(", ").join(sums + tops),
                minutes,
            )
        )
        names = (*COUNTED, *HIGHEST)
        return [
            {"minute": fields.Datetime.to_string(at), **dict(zip(names, values, strict=True))}
            for at, *values in rows
        ]

    @api.autovacuum
    def _gc_old(self):
        self.env.cr.execute(
            SQL(
                """DELETE FROM wine_bridge_sample
                    WHERE minute < (now() AT TIME ZONE 'UTC') - %s::interval""",
                KEEP,
            )
        )
        self.invalidate_model()


def _named(name):
    return SQL.identifier(name)
