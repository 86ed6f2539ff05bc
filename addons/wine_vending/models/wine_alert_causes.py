# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ..core.alerting import Cause

#: kinds that are looked at every fifth minute only: they add up all slots, all cash
SLOW = ("stock", "cash")
#: a fault that came and went may have been missed by the last look
PASSING = timedelta(minutes=2)

STANDING = SQL("machine.active AND machine.state IN ('commissioned', 'active', 'suspended')")
SELLING = SQL("machine.active AND machine.state = 'active'")
QUERIES = {
    "fault": """
        SELECT fault.machine_id,
               fault.code || CASE WHEN fault.slot_code > '' THEN '/' || fault.slot_code ELSE '' END,
               fault.raised_at, 0, 0, fault.severity, fault.text, fault.times
          FROM wine_machine_fault fault JOIN wine_machine machine ON machine.id = fault.machine_id
         WHERE %(standing)s AND (fault.active OR fault.write_date >= %(passing)s)""",
    "offline": """
        SELECT id, '', COALESCE(connection_since, last_seen), 0, 0, 'info', NULL, 0
          FROM wine_machine machine
         WHERE connection_state = 'offline' AND machine.active
           AND machine.state IN ('commissioned', 'active')""",
    "temperature": """
        SELECT machine.id, '', climate.side_since, climate.temperature,
               CASE WHEN climate.side > 0 THEN machine.temp_max ELSE machine.temp_min END,
               'info', NULL, 0
          FROM wine_machine_climate climate
          JOIN wine_machine machine ON machine.id = climate.machine_id
         WHERE climate.side <> 0 AND %(standing)s""",
    "humidity": """
        SELECT machine.id, '', climate.humidity_at, climate.humidity, 0, 'info', NULL, 0
          FROM wine_machine_climate climate
          JOIN wine_machine machine ON machine.id = climate.machine_id
         WHERE climate.humidity >= 60 AND %(standing)s""",
    "door": """
        SELECT id, '', door_since, 0, 0, 'info', NULL, 0 FROM wine_machine machine
         WHERE door_state = 'opened' AND %(standing)s""",
    "stock": """
        SELECT machine.id, '', NULL::timestamp, floor(
                   100.0 * sum(GREATEST(slot.qty, 0)) / NULLIF(sum(GREATEST(slot.par, 1)), 0)),
               0, 'info', NULL, 0
          FROM wine_machine_slot slot JOIN wine_machine machine ON machine.id = slot.machine_id
         WHERE slot.product_id IS NOT NULL AND slot.enabled AND %(selling)s
         GROUP BY machine.id""",
    "slot": """
        SELECT machine.id, '', NULL::timestamp, count(*), 0, 'info',
               string_agg(slot.code, ', ' ORDER BY slot.code), 0
          FROM wine_machine_slot slot JOIN wine_machine machine ON machine.id = slot.machine_id
         WHERE slot.state = 'jammed' AND %(selling)s
         GROUP BY machine.id""",
    "price": """
        SELECT machine.id, '', GREATEST(planogram.published_at, machine.connection_since),
               planogram.version, COALESCE(machine.reported_version, 0), 'info', NULL, 0
          FROM wine_machine machine
          JOIN wine_planogram planogram ON planogram.id = machine.planogram_id
         WHERE machine.connection_state = 'online' AND %(selling)s
           AND planogram.version <> COALESCE(machine.reported_version, 0)""",
}


class WineMachineAlert(models.Model):
    """What is wrong with the machines now: one query per kind, whatever their number."""

    _inherit = "wine.machine.alert"

    @api.model
    def _watched_kinds(self, slow=True):
        """Kinds of which the watch knows both when they begin and when they are over."""
        return [kind for kind in (*QUERIES, "cash") if slow or kind not in SLOW]

    @api.model
    def _causes(self, kinds, now):
        """All trouble of these kinds, as a list of :class:`~..core.alerting.Cause`."""
        self.env.flush_all()
        causes = []
        for kind in kinds:
            if kind == "cash":
                causes += self._cash_causes()
                continue
            rows = self.env.execute_query(
                SQL(QUERIES[kind], standing=STANDING, selling=SELLING, passing=now - PASSING)
            )
            causes += [
                Cause(
                    machine,
                    kind,
                    detail,
                    since,
                    float(value or 0),
                    float(threshold or 0),
                    severity or "warning",
                    note or "",
                    times or 0,
                )
                for machine, detail, since, value, threshold, severity, note, times in rows
            ]
        return causes

    @api.model
    def _cash_causes(self):
        """Machines whose cash box fills, by what they have taken since it was last emptied."""
        machines = self.env["wine.machine"].search([("state", "=", "active")])
        return [machine._cash_cause() for machine in machines if machine.cash_percent > 0]
