# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

#: what is counted of a post
COUNTED = ("posts", "stored", "duplicates", "quarantined")
#: after so long the connections of a minute become one row, and a minute a part of the sum
FOLD_SLOTS, FOLD_MINUTES = "10 minutes", "25 hours"
#: the "minute" of the sum of all that is older; the slot of what is folded
LONG_AGO, FOLDED = "1970-01-01", 0
#: answers after which nothing is lost with the last second before a power cut but a figure
_DURABLE = (200, 400)
_NOW = SQL("(now() AT TIME ZONE 'UTC')")
_SUMS = SQL(", ").join(SQL("sum(%s)", SQL.identifier(name)) for name in COUNTED)
_NAMES = SQL(", ").join(map(SQL.identifier, COUNTED))
_ADDED = SQL(", ").join(
    SQL("%(one)s = old.%(one)s + excluded.%(one)s", one=SQL.identifier(name)) for name in COUNTED
)


class WineBridgeDoorCount(models.Model):
    """What went on at the HTTPS door within a minute, by the status of the answer.

    Each connection to the database counts in rows of its own (the *slot* is its process in
    PostgreSQL), in the transaction of the post: so workers on any number of hosts never wait for
    each other, what is rolled back is not counted, and a killed worker takes no figure along. The
    figure is the sum over slots. A cron folds the slots of past minutes into one row and minutes of
    the day before into one sum, which never falls. Hardest path: a post whose transaction is older
    than the fold; its row is folded the next time.
    """

    _name = "wine.bridge.door.count"
    _description = "Minute at the HTTPS door"
    _log_access = False
    _order = "minute desc, status, slot"
    _rec_name = "minute"

    minute = fields.Datetime(required=True, readonly=True)
    status = fields.Integer("Status of the answer", required=True, readonly=True)
    slot = fields.Integer("Connection", required=True, readonly=True)
    posts = fields.Float(digits=(16, 0), readonly=True, default=0)
    stored = fields.Float("Messages stored", digits=(16, 0), readonly=True, default=0)
    duplicates = fields.Float("Sent again", digits=(16, 0), readonly=True, default=0)
    quarantined = fields.Float("Refused messages", digits=(16, 0), readonly=True, default=0)

    _place_unique = models.UniqueIndex("(minute, status, slot)", "This minute is already counted.")

    @api.model
    def _count(self, status, result=None):
        """Count one post; the caller commits.

        :param int status: of the answer
        :param result: :class:`~..process.store.Stored` of what it carried
        """
        if status not in _DURABLE:
            self.env.cr.execute("SET LOCAL synchronous_commit TO off")
        self.env.cr.execute(
            SQL(
                """INSERT INTO wine_bridge_door_count AS old (minute, status, slot, %s)
                   VALUES (date_trunc('minute', %s), %s, pg_backend_pid(), 1, %s, %s, %s)
                   ON CONFLICT (minute, status, slot) DO UPDATE SET %s""",
                _NAMES,
                _NOW,
                status,
                *(getattr(result, name, 0) for name in COUNTED[1:]),
                _ADDED,
            )
        )

    @api.model
    def _figures(self):
        """Sums since ever (``total``), of a ``day`` and of an ``hour``.

        :return: {span: {"posts": {status text: posts}, "stored", "duplicates", "quarantined"}}
        """
        found = {}
        for span, since in (("total", None), ("day", "24 hours"), ("hour", "1 hour")):
            found[span] = {"posts": {}, **dict.fromkeys(COUNTED[1:], 0)}
            for status, posts, *others in self._sums("status", since):
                found[span]["posts"][str(status)] = int(posts)
                for name, value in zip(COUNTED[1:], others, strict=True):
                    found[span][name] += int(value)
        return found

    @api.model
    def _minutes(self):
        """The minutes of the last hour: {UTC text: {"stored", "duplicates", "quarantined"}}."""
        return {
            fields.Datetime.to_string(minute): dict(zip(COUNTED[1:], map(int, values), strict=True))
            for minute, _posts, *values in self._sums("minute", "1 hour")
        }

    def _sums(self, column, since):
        by = SQL.identifier(column)
        when = SQL("minute > %s - %s::interval", _NOW, since) if since else SQL("true")
        query = "SELECT %s, %s FROM wine_bridge_door_count WHERE %s GROUP BY %s ORDER BY %s"
        return self.env.execute_query(SQL(query, by, _SUMS, when, by, by))

    # === FOLDING === #

    @api.model
    def _cron_fold(self):
        """Few rows however many workers there are, and for however long; no sum changes."""
        self.flush_model()
        self._fold(FOLD_MINUTES, SQL("%s::timestamp", LONG_AGO))
        self._fold(FOLD_SLOTS, SQL("minute"))
        self.invalidate_model()

    def _fold(self, age, minute):
        """Rows older than ``age`` become one per status and ``minute``."""
        self.env.cr.execute(
            SQL(
                """WITH gone AS (
                       DELETE FROM wine_bridge_door_count
                        WHERE minute < date_trunc('minute', %(now)s) - %(age)s::interval
                          AND (minute, slot) <> (%(minute)s, %(folded)s)
                    RETURNING *)
                   INSERT INTO wine_bridge_door_count AS old (minute, status, slot, %(names)s)
                   SELECT %(minute)s, status, %(folded)s, %(sums)s FROM gone GROUP BY 1, 2
                   ON CONFLICT (minute, status, slot) DO UPDATE SET %(added)s""",
                now=_NOW,
                age=age,
                minute=minute,
                folded=FOLDED,
                names=_NAMES,
                sums=_SUMS,
                added=_ADDED,
            )
        )
