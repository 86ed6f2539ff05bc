# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineSlotStockout(models.Model):
    """A time in which a slot could not sell what the planogram wants there.

    **open** when the live counter reaches 0 (kind *empty*), or when the machine says that the lane
    is jammed or disabled while bottles lie in it (kind *blocked*); **closed** when it can sell
    again. A slot has one open stock-out at most. What it costs follows from the forecast: the
    bottles that the product would have sold in those hours, none as long as another slot of the
    machine still has it. An open one is reckoned up to now every quarter of an hour; a closed one
    once more, then it is *settled* and stays.
    """

    _name = "wine.slot.stockout"
    _inherit = ["wine.reach"]
    _description = "Stock-out"
    _order = "started_at desc, id desc"
    _rec_name = "slot_id"

    slot_id = fields.Many2one(
        "wine.machine.slot", required=True, readonly=True, index=True, ondelete="cascade"
    )
    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one("wine.region", required=True, readonly=True, index=True)
    product_id = fields.Many2one("product.product", required=True, readonly=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    kind = fields.Selection(
        [("empty", "Empty"), ("blocked", "Blocked")], required=True, readonly=True, default="empty"
    )
    started_at = fields.Datetime("Since", required=True, readonly=True, index=True)
    ended_at = fields.Datetime("Until", readonly=True)
    rate_per_day = fields.Float("Bottles a day", digits=(16, 3), readonly=True, aggregator="avg")
    price = fields.Monetary(readonly=True, aggregator=None)
    hours = fields.Float(compute="_compute_hours")
    lost_units = fields.Float("Lost bottles", digits=(16, 2), readonly=True)
    lost_amount = fields.Monetary("Lost sales", readonly=True)
    settled = fields.Boolean(readonly=True, help="Closed, and its loss reckoned for good.")

    _one_open = models.UniqueIndex(
        "(slot_id) WHERE ended_at IS NULL", "A slot is out of stock once at a time."
    )
    _unsettled = models.Index("(machine_id) WHERE settled IS NOT TRUE")

    def _compute_hours(self):
        now = fields.Datetime.now()
        for stockout in self:
            end = stockout.ended_at or now
            stockout.hours = max(0.0, (end - stockout.started_at).total_seconds() / 3600)
