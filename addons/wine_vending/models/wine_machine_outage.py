# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from ..core.intervals import covered

OUTAGE_KINDS = [
    ("offline", "Offline"),
    ("fault", "Critical fault"),
    ("suspended", "Suspended"),
]


class WineMachineOutage(models.Model):
    """A period in which a machine could not serve.

    Opened and closed by what the machine says (offline, a critical fault) or what people decide
    (suspended). One kind is open once per machine; the same word again changes nothing. Periods of
    different kinds may overlap: :meth:`_downtime` counts the overlap once.
    """

    _name = "wine.machine.outage"
    _description = "Outage of a machine"
    _order = "started_at desc, id desc"
    _rec_name = "kind"

    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one("wine.region", required=True, readonly=True, index=True)
    kind = fields.Selection(OUTAGE_KINDS, required=True, readonly=True)
    started_at = fields.Datetime("From", required=True, readonly=True, index=True)
    ended_at = fields.Datetime("Until", readonly=True)
    state = fields.Selection(
        [("running", "Going on"), ("over", "Over")], "Now", compute="_compute_state"
    )
    minutes = fields.Integer(
        compute="_compute_length", store=True, help="Up to its end; 0 while it goes on."
    )

    _one_open = models.UniqueIndex(
        "(machine_id, kind) WHERE ended_at IS NULL", "This outage is already open."
    )
    _order_of_time = models.Constraint(
        "CHECK(ended_at IS NULL OR ended_at >= started_at)", "An outage ends after it began."
    )

    @api.depends("ended_at")
    def _compute_state(self):
        for outage in self:
            outage.state = "over" if outage.ended_at else "running"

    @api.depends("started_at", "ended_at")
    def _compute_length(self):
        for outage in self:
            spent = (outage.ended_at or outage.started_at) - outage.started_at
            outage.minutes = round(spent.total_seconds() / 60)

    @api.model
    def _switch(self, words):
        """Begin and end outages; what is open stays open, what is not open does not end.

        :param words: [(machine id, kind, whether it begins, naive UTC moment)], in order
        """
        if not words:
            return
        machines = self.env["wine.machine"].browse({word[0] for word in words})
        rows = self.sudo().search([("machine_id", "in", machines.ids), ("ended_at", "=", False)])
        running = {(row.machine_id.id, row.kind): row for row in rows}
        fresh = []
        regions = {machine.id: machine.sudo().region_id.id for machine in machines}
        for machine_id, kind, begins, moment in words:
            key = machine_id, kind
            if begins and key not in running:
                running[key] = {
                    "machine_id": machine_id,
                    "region_id": regions[machine_id],
                    "kind": kind,
                    "started_at": moment,
                }
                fresh.append(running[key])
            elif not begins and key in running:
                self._end(running.pop(key), moment)
        rows.flush_recordset(["ended_at"])  # or one that begins anew would be the second open one
        self.sudo().create(fresh)

    @staticmethod
    def _end(outage, moment):
        """End a record, or values that are still to be created."""
        end = max(moment, outage["started_at"])
        if isinstance(outage, dict):
            outage["ended_at"] = end
        else:
            outage.ended_at = end

    @api.model
    def _downtime(self, machines, start, end):
        """Minutes that each machine could not serve within [start, end), overlaps once.

        :return: dict machine → minutes
        """
        rows = self.sudo().search_fetch(
            [
                ("machine_id", "in", machines.ids),
                ("started_at", "<", end),
                "|",
                ("ended_at", "=", False),
                ("ended_at", ">", start),
            ],
            ["machine_id", "started_at", "ended_at"],
        )
        periods = {}
        for row in rows:
            pair = (row.started_at, row.ended_at or None)
            periods.setdefault(row.machine_id.id, []).append(pair)
        return {
            machine: covered(periods.get(machine.id, ()), start, end).total_seconds() / 60
            for machine in machines
        }
