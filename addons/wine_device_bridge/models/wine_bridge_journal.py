# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


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

    _identity = models.UniqueIndex("(machine_id, epoch)", "This journal is already kept.")
    _open = models.Index("(machine_id, epoch) WHERE gaps IS NOT NULL AND gaps <> '[]'::jsonb")
