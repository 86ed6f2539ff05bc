# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.tools import SQL

from .wine_bridge_process import SILENT

#: what is counted one by one; above that the number of waiting messages is estimated
EXACT = 10_000


class WineBridgeFigures(models.AbstractModel):
    """What the tables say of the bridge, cheaply however long the inbox is.

    Each figure is one look into an index that holds nothing but what is looked for: waiting
    messages, open quarantine, births, journals with gaps, waiting commands. Nothing here reads the
    inbox itself.
    """

    _name = "wine.bridge.figures"
    _description = "Figures of the bridge"

    @api.model
    def _figures(self):
        """All figures at this moment.

        :return: dict; times in seconds, None where there is nothing to measure
        """
        return {
            **self._waiting(),
            **self._refused(),
            **self._journals(),
            **self._commands(),
            "door": self.env["wine.bridge.door.count"]._figures(),
            "births": self._one(
                """SELECT count(*) FROM wine_bridge_event
                    WHERE channel = 'birth'
                      AND received_at > (now() AT TIME ZONE 'UTC') - interval '1 hour'"""
            )[0],
        }

    def _one(self, query, *args):
        return self.env.execute_query(SQL(query, *args))[0]

    def _waiting(self):
        """Messages that are stored and not yet used, and how old the oldest is."""
        oldest = self.env.execute_query(
            SQL(
                """SELECT extract(epoch FROM (now() AT TIME ZONE 'UTC') - received_at)::float
                     FROM wine_bridge_event WHERE state = 'new' ORDER BY id LIMIT 1"""
            )
        )
        (count,) = self._one(
            """SELECT count(*) FROM (SELECT FROM wine_bridge_event
                                      WHERE state = 'new' LIMIT %s) waiting""",
            EXACT,
        )
        estimated = count == EXACT
        if estimated:
            (known,) = self._one(
                """SELECT coalesce(max(reltuples), 0)::bigint FROM pg_class
                    WHERE oid = to_regclass('wine_bridge_event_pending')"""
            )
            count = max(EXACT, known)
        return {
            "waiting": count,
            "waiting_estimated": estimated,
            "lag": max(oldest[0][0] or 0.0, 0.0) if oldest else 0.0,
        }

    def _refused(self):
        """Quarantine by code: what came within a day, and what nobody has settled."""
        day = self.env.execute_query(
            SQL(
                """SELECT code, count(*) FROM wine_bridge_event
                    WHERE code IS NOT NULL
                      AND received_at > (now() AT TIME ZONE 'UTC') - interval '24 hours'
                    GROUP BY code"""
            )
        )
        still = self.env.execute_query(
            SQL(
                """SELECT code, count(*) FROM wine_bridge_event
                    WHERE state = 'quarantined' GROUP BY code"""
            )
        )
        (hour,) = self._one(
            """SELECT count(*) FROM wine_bridge_event
                WHERE code IS NOT NULL
                  AND received_at > (now() AT TIME ZONE 'UTC') - interval '1 hour'"""
        )
        return {
            "quarantine_day": dict(day),
            "quarantine_open": {code or "other": count for code, count in still},
            "quarantine_hour": hour,
        }

    def _journals(self):
        """Machines of whose present journal something is missing, and how much."""
        machines, missing = self._one(
            """SELECT count(*), coalesce(sum(missing.events), 0)::bigint
                 FROM wine_bridge_journal journal
                 JOIN wine_machine machine ON machine.id = journal.machine_id
                                          AND machine.bridge_epoch = journal.epoch
                 CROSS JOIN LATERAL (
                     SELECT sum((gap->>1)::numeric - (gap->>0)::numeric + 1) AS events
                       FROM jsonb_array_elements(journal.gaps) AS gap) missing
                WHERE journal.gaps IS NOT NULL AND journal.gaps <> '[]'::jsonb"""
        )
        return {"gap_machines": machines, "gap_events": missing}

    def _commands(self):
        """Commands that the bridge has not sent yet, and since when the oldest one waits.

        One that is sent again waits since then: nothing else is written while it waits.
        """
        waiting, age = self._one(
            """SELECT count(*), coalesce(extract(
                          epoch FROM (now() AT TIME ZONE 'UTC') - min(write_date)), 0)::float
                 FROM wine_bridge_command WHERE state = 'queued'"""
        )
        return {"commands": waiting, "command_age": max(age, 0.0)}

    @api.model
    def _processes(self):
        """All bridges that are remembered, as plain values; ages by the database's clock.

        :return: list of dicts; ``alive``: running and heard of within 30 s
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT id, name, role, host, pid, version, state, connected, figures, started_at,
                          seen_at,
                          extract(epoch FROM (now() AT TIME ZONE 'UTC') - seen_at)::float,
                          extract(epoch FROM (now() AT TIME ZONE 'UTC') - connection_at)::float
                     FROM wine_bridge_process ORDER BY name"""
            )
        )
        names = (
            *("id", "name", "role", "host", "pid", "version", "state", "connected", "figures"),
            *("started_at", "seen_at", "silence", "connection_age"),
        )
        found = [dict(zip(names, row, strict=True)) for row in rows]
        for process in found:
            process["silence"] = max(process["silence"] or 0.0, 0.0)
            running = process["state"] == "running"
            process["alive"] = running and process["silence"] < SILENT
            process["silent"] = running and not process["alive"]
        return found
