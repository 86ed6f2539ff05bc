# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

#: of these two the last one counts
LOCKS = ("machine.lock", "machine.unlock")
HOLDS = timedelta(days=7)


class WineBridgeCommand(models.Model):
    """Whether machines were told last to stop or to sell."""

    _inherit = "wine.bridge.command"

    _locks = models.Index("(machine_id, id) WHERE type IN ('machine.lock', 'machine.unlock')")


class WineMachine(models.Model):
    """A machine that may not sell is locked, and one that may is unlocked: by its life, or by hand.

    What was said before and not heard is void with the next word: said again after it, it would
    lock a machine that sells. A machine that was away for so long that its word ran out is told
    anew when it is back.
    """

    _inherit = "wine.machine"

    def _lifecycle_changed(self):
        """A suspended machine is told to stop selling, an active one that it may."""
        result = super()._lifecycle_changed()
        if self.state == "active":
            self._lock_command("machine.unlock")
        elif self.state in ("suspended", "retired"):
            self._lock_command("machine.lock")
            self._bridge_connection("offline")
        return result

    def _lock_command(self, command):
        for machine in self:
            machine._send(command, {}, fields.Datetime.now() + HOLDS)

    def _queue_command(self, kind, args, expires, **values):
        if kind in LOCKS:
            self._void_locks()
        return super()._queue_command(kind, args, expires, **values)

    def _void_locks(self):
        """What the machine did not speak of yet is not said again; its late answer still stands."""
        self.env["wine.bridge.command"].sudo().search(
            [
                ("machine_id", "in", self.ids),
                ("type", "in", LOCKS),
                ("state", "in", ("queued", "sent")),
            ]
        ).write({"state": "expired", "code": "superseded"})

    def _lock_again(self):
        """Tell machines that came back whether they may sell, where their word ran out unheard."""
        self.env["wine.bridge.command"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT machine_id FROM (
                        SELECT DISTINCT ON (machine_id) machine_id, state, user_id, answered_at
                          FROM wine_bridge_command
                         WHERE machine_id = ANY(%s) AND type IN ('machine.lock', 'machine.unlock')
                           AND (user_id IS NULL OR state NOT IN ('expired', 'cancelled'))
                         ORDER BY machine_id, id DESC) last
                    WHERE state = 'expired' AND user_id IS NULL AND answered_at IS NULL""",
                self.ids,
            )
        )
        for machine in self.browse(row[0] for row in rows):
            if machine.state == "active":
                machine._lock_command("machine.unlock")
            elif machine.state in ("suspended", "retired"):
                machine._lock_command("machine.lock")
