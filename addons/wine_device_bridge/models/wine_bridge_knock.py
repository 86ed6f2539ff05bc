# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models

from ..core.door import neighbourhood

#: so many wrong secrets or codes in so many seconds from one address
MOST, WINDOW = 20, 60


class WineBridgeKnock(models.Model):
    """Wrong secrets at the HTTPS doors, counted by address and by machine.

    An address that is wrong too often waits until a minute has passed since its first wrong one. A
    machine whose secret was right before is let in all the same, whoever shares its address. What
    is counted for a machine only tells that somebody tries: its name is in the code that consumers
    scan, and whoever knows it must not lock it out.
    """

    _name = "wine.bridge.knock"
    _description = "Wrong secrets at the door"
    _log_access = False
    _order = "since desc"
    _rec_name = "who"

    who = fields.Char(required=True, readonly=True)
    wrong = fields.Integer("Wrong ones", readonly=True)
    since = fields.Datetime(readonly=True)

    _who_unique = models.UniqueIndex("(who)", "Counted already.")

    @api.model
    def _names(self, address, machine=None):
        names = [f"address {neighbourhood(address)}"]
        return [*names, f"machine {machine}"] if machine else names

    @api.model
    def _wait(self, address):
        """Seconds that this address must wait; 0 for most."""
        self.env.cr.execute(
            """SELECT max(%s - extract(epoch FROM now() AT TIME ZONE 'UTC' - since))
                 FROM wine_bridge_knock WHERE who = ANY(%s) AND wrong >= %s""",
            [WINDOW, self._names(address), MOST],
        )
        return max(0, int(self.env.cr.fetchone()[0] or 0))

    @api.model
    def _count(self, address, machine=None):
        """One more wrong one; the caller commits."""
        over = "wine_bridge_knock.since < excluded.since - %s * interval '1 second'"
        self.env.cr.execute(
            f"""INSERT INTO wine_bridge_knock (who, wrong, since)
                SELECT who, 1, now() AT TIME ZONE 'UTC' FROM unnest(%s) AS who ORDER BY who
                ON CONFLICT (who) DO UPDATE
                   SET wrong = CASE WHEN {over} THEN 1 ELSE wine_bridge_knock.wrong + 1 END,
                       since = CASE WHEN {over} THEN excluded.since
                                    ELSE wine_bridge_knock.since END""",  # noqa: S608
            [self._names(address, machine), WINDOW, WINDOW],
        )

    @api.model
    def _lately(self):
        """Who was wrong within a day, the newest first: [{"who", "wrong", "since"}…], ten at most.

        ``wrong`` counts the minute that began at ``since`` (UTC text).
        """
        recent = self.search([("since", ">", fields.Datetime.now() - timedelta(days=1))], limit=10)
        return [
            {"who": one.who, "wrong": one.wrong, "since": fields.Datetime.to_string(one.since)}
            for one in recent
        ]

    @api.autovacuum
    def _gc_old(self):
        """Nobody is remembered for longer than a day."""
        self.env.cr.execute(
            "DELETE FROM wine_bridge_knock "
            "WHERE since < now() AT TIME ZONE 'UTC' - interval '1 day'"
        )
