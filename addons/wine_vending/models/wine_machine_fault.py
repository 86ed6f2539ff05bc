# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models

from ..core.business_time import OLDEST
from .wine_alert_rule import SEVERITIES


class WineMachineFault(models.Model):
    """A fault that the machine has raised, once per code and slot.

    Raised it is active; cleared it is kept, out of sight, for as long as a late message may still
    speak of it: a raising that arrives after its own clearing must not raise it again.
    """

    _name = "wine.machine.fault"
    _description = "Machine fault"
    _order = "raised_at desc"
    _rec_name = "code"

    machine_id = fields.Many2one("wine.machine", required=True, index=True, ondelete="cascade")
    region_id = fields.Many2one(related="machine_id.region_id", store=True, index=True)
    active = fields.Boolean("Raised", default=True)
    code = fields.Char(required=True)
    slot_code = fields.Char("Slot")
    severity = fields.Selection(SEVERITIES, default="warning")
    text = fields.Char()
    raised_at = fields.Datetime(required=True)
    cleared_at = fields.Datetime()
    times = fields.Integer("Times raised", default=1)
    device_epoch = fields.Integer("Newest word, epoch")
    device_seq = fields.Float("Newest word, number", digits=(16, 0))

    _once = models.UniqueIndex(
        "(machine_id, code, COALESCE(slot_code, ''))", "This fault of the machine is known."
    )

    def _position(self):
        """(epoch, seq) of the machine's newest word on it, or None."""
        self.ensure_one()
        return (self.device_epoch, int(self.device_seq)) if self.device_epoch else None

    @api.autovacuum
    def _gc_cleared(self):
        """Forget what was cleared before anything that may still arrive."""
        edge = fields.Datetime.now() - OLDEST - timedelta(days=1)
        self.with_context(active_test=False).search(
            [("active", "=", False), ("cleared_at", "<", edge)], limit=10_000
        ).unlink()
