# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class WineBridgeJournal(models.Model):
    """What has been stored of one machine's journal in one epoch.

    All events up to the highest number, but for the gaps. Written by the bridge in the transaction
    that stores the events; the device is told what stands here.
    """

    _name = "wine.bridge.journal"
    _description = "Received journal of a machine"
    _log_access = False
    _order = "machine_id, epoch desc"

    machine_id = fields.Many2one("wine.machine", readonly=True, required=True, ondelete="cascade")
    region_id = fields.Many2one(related="machine_id.region_id")
    epoch = fields.Integer(readonly=True)
    highest = fields.Float("Highest number", digits=(16, 0), readonly=True)
    gaps = fields.Json("Missing", readonly=True)
    lost = fields.Json("Given up", readonly=True, help="Missing, and not asked for any more.")

    _identity = models.UniqueIndex("(machine_id, epoch)", "This journal is already kept.")
    _open = models.Index("(machine_id, epoch) WHERE gaps IS NOT NULL AND gaps <> '[]'::jsonb")

    @api.model
    def _give_up(self, machine, epoch, first, last):
        """Ask for this range no more: what is not there holds up no acknowledgement."""
        self.env.cr.execute(
            """UPDATE wine_bridge_journal
                  SET lost = coalesce(nullif(lost, 'null'::jsonb), '[]'::jsonb)
                             || jsonb_build_array(jsonb_build_array(%s::bigint, %s::bigint))
                WHERE machine_id = %s AND epoch = %s""",
            [int(first), int(last), machine.id, epoch],
        )
        self.invalidate_model(["lost"])
