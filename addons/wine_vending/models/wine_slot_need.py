# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from ..core.slot_counter import out_of_stock

#: no lane lasts longer than this, for a screen; a slot that sells nothing never runs out
LONG = 999


class WineMachineSlot(models.Model):
    """What a slot sells, how long it lasts, and up to how many bottles it is filled.

    Rate and order-up-to level are written by the nightly forecast; the days left and the bottles to
    bring follow from them and the live counter whenever they are looked at. Slots with the same
    product share its rate by the bottles they can hold.
    """

    _inherit = "wine.machine.slot"

    rate_per_day = fields.Float(
        "Bottles a day", digits=(16, 3), readonly=True, copy=False, aggregator="sum"
    )
    order_up_to = fields.Integer(
        "Fill up to",
        readonly=True,
        copy=False,
        help="Bottles after filling that last until the next visit, at the region's service level.",
    )
    days_left = fields.Float("Days left", digits=(8, 1), compute="_compute_need")
    to_fill = fields.Integer("To bring", compute="_compute_need")

    @api.depends("qty", "state", "enabled", "product_id", "rate_per_day", "order_up_to")
    def _compute_need(self):
        for slot in self:
            left = max(slot.qty, 0)
            slot.days_left = min(LONG, left / slot.rate_per_day) if slot.rate_per_day else LONG
            wanted = slot.order_up_to if slot.product_id and slot.enabled else 0
            slot.to_fill = max(0, min(wanted, slot.capacity) - left)

    def _following_qty(self):
        return [*super()._following_qty(), "days_left", "to_fill"]

    # === STOCK-OUTS === #

    def _out_of_stock(self):
        """(kind or None, product): why this slot cannot sell, and what."""
        self.ensure_one()
        if not self.product_id or not self.enabled:
            return None, self.product_id
        return out_of_stock(self.qty, self.state), self.product_id

    def write(self, vals):
        """Counters that are set outside of a batch open and close stock-outs too."""
        if not vals.keys() & {"qty", "state", "product_id", "enabled"}:
            return super().write(vals)
        before = {slot: slot._out_of_stock() for slot in self}
        result = super().write(vals)
        now, turns = fields.Datetime.now(), []
        for slot, (kind, product) in before.items():
            turned, holds = slot._out_of_stock()
            if (kind, product) == (turned, holds):
                continue
            changes = [(now, None)] if kind and (not turned or product != holds) else []
            if turned and (not kind or product != holds):
                changes.append((now, turned))
            if changes and slot.machine_id.state == "active":
                turns.append((slot, changes))
        if turns:
            self.env["wine.slot.stockout"].sudo()._record_turns(turns)
        return result
