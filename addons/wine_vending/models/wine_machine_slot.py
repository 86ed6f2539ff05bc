# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

SLOT_STATES = [("ok", "OK"), ("empty", "Empty"), ("jammed", "Jammed"), ("disabled", "Disabled")]


class WineMachineSlot(models.Model):
    """A lane of a machine: what it shall hold (from the published planogram) and what it holds now.

    ``qty`` is the live counter: it falls with every bottle that comes out and is set by every
    count. The stock ledger of the machine's location follows within minutes, and the two are
    compared.
    """

    _name = "wine.machine.slot"
    _description = "Machine slot"
    _order = "machine_id, row, column, id"
    _rec_name = "code"

    machine_id = fields.Many2one("wine.machine", required=True, index=True, ondelete="cascade")
    region_id = fields.Many2one(related="machine_id.region_id", store=True, index=True)
    currency_id = fields.Many2one(related="machine_id.currency_id")
    code = fields.Char(required=True)
    row = fields.Integer(required=True, default=1)
    column = fields.Integer(required=True, default=1)
    capacity = fields.Integer("Lane limit", default=6, help="Bottles that the lane can hold.")
    product_id = fields.Many2one("product.product", readonly=True)
    price = fields.Monetary(readonly=True)
    par = fields.Integer("Par level", readonly=True)
    enabled = fields.Boolean(default=True, readonly=True)
    qty = fields.Integer("Bottles", readonly=True)
    state = fields.Selection(SLOT_STATES, default="ok", required=True, readonly=True)
    counted_epoch = fields.Integer("Newest count, epoch", readonly=True)
    counted_seq = fields.Float("Newest count, number", digits=(16, 0), readonly=True)
    counted_at = fields.Datetime("Newest count", readonly=True)
    counted_by_moment = fields.Boolean(
        "Counted by a person",
        readonly=True,
        help="The newest count is one of a phone; its moment says which sales came after it.",
    )
    said_epoch = fields.Integer("Newest word on the state, epoch", readonly=True)
    said_seq = fields.Float("Newest word on the state, number", digits=(16, 0), readonly=True)
    level = fields.Integer("Filled (%)", compute="_compute_level")

    _code_unique = models.Constraint(
        "UNIQUE(machine_id, code)", "Another slot of this machine has this code."
    )
    _lane = models.Constraint(
        "CHECK(capacity >= 0)", "A lane cannot hold a negative number of bottles."
    )

    @api.depends("qty", "capacity")
    def _compute_level(self):
        for slot in self:
            slot.level = (
                min(100, round(100 * max(slot.qty, 0) / slot.capacity)) if slot.capacity else 0
            )

    def _following_qty(self):
        """Fields that are not stored and follow from the counter."""
        return ["level"]

    def _position(self):
        """(epoch, seq) of the newest count, or None."""
        self.ensure_one()
        return (self.counted_epoch, int(self.counted_seq)) if self.counted_epoch else None

    def _said(self):
        """(epoch, seq) of the machine's newest word on the state, or None."""
        self.ensure_one()
        return (self.said_epoch, int(self.said_seq)) if self.said_epoch else None

    def _take_back(self, vend, qty):
        """Correct the counter by ``qty`` for a vend of long ago, unless a newer count saw it."""
        for slot in self:
            position, counted = vend._position(), slot._position()
            seen = position and counted and position <= counted
            # of what the machine gave no number the moment says whether a count has seen it
            by_moment = slot.counted_by_moment or not position
            if by_moment and slot.counted_at and vend.moment <= slot.counted_at:
                seen = True
            if not seen:
                slot.qty += qty

    @api.depends("code", "machine_id.name")
    @api.depends_context("wine_slot_code")
    def _compute_display_name(self):
        short = self.env.context.get("wine_slot_code")
        for slot in self:
            slot.display_name = slot.code if short else f"{slot.machine_id.name} {slot.code}"
