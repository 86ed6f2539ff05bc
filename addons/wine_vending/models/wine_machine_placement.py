# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from ..core.placement import Placement


class WineMachinePlacement(models.Model):
    """Where a machine stood, from when to when: what is reported late belongs to where it happened.

    A machine that never moved has no placements; its region and site say it all. The first move
    writes two: the stay that ends, without a beginning, and the one that begins.
    """

    _name = "wine.machine.placement"
    _description = "Placement of a machine"
    _order = "machine_id, id desc"
    _rec_name = "site_id"

    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one("wine.region", required=True, readonly=True, index=True)
    site_id = fields.Many2one("wine.site", required=True, readonly=True, index=True)
    since = fields.Datetime("From", readonly=True, help="Empty: as long as the machine exists.")
    until = fields.Datetime(readonly=True, help="Empty: it stands there now.")
    user_id = fields.Many2one("res.users", "Moved by", readonly=True)
    note = fields.Char(readonly=True)

    _one_now = models.UniqueIndex(
        "(machine_id) WHERE until IS NULL", "A machine stands in one place at a time."
    )
    _in_order = models.Constraint(
        "CHECK(since IS NULL OR until IS NULL OR since <= until)", "A stay ends after it began."
    )

    @api.model
    def _stays(self, machine_ids):
        """dict machine id → list of :class:`Placement`, in one query."""
        stays = {machine_id: [] for machine_id in machine_ids}
        rows = self.sudo().search_fetch(
            [("machine_id", "in", list(machine_ids))],
            ["machine_id", "since", "until", "region_id", "site_id"],
        )
        for row in rows:
            stays[row.machine_id.id].append(
                Placement(row.since or None, row.until or None, row.region_id.id, row.site_id.id)
            )
        return stays
