# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class StockPickingBatch(models.Model):
    """A route: one driver, one day, one warehouse, and a pre-kit transfer for each machine.

    **draft** → **in progress** (planned: bottles reserved, oldest expiry first, crate by crate) →
    **done** when each stop's transfer is done or called off. The stops are ``wine.visit`` in driving
    order. What is not filled at a machine stays in the warehouse's books, for only filled bottles
    are moved. Cancelling a route frees what it had reserved and cancels the visits not yet begun.
    """

    _inherit = "stock.picking.batch"

    wine_is_route = fields.Boolean("Route", readonly=True, copy=False, index="btree_not_null")
    wine_region_id = fields.Many2one("wine.region", "Region", readonly=True, copy=False, index=True)
    wine_date = fields.Date("Day of the route", copy=False, index=True)
    wine_km = fields.Float("Way (km)", digits=(8, 1), readonly=True, copy=False)
    wine_minutes = fields.Integer("Time (min)", readonly=True, copy=False)
    wine_bottle_count = fields.Integer("Bottles", readonly=True, copy=False)
