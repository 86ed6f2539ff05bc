# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineRegion(models.Model):
    """How a region is replenished: how well stocked, how often visited, from where."""

    _inherit = "wine.region"

    service_level = fields.Float(
        "Service level (%)",
        default=95,
        digits=(5, 2),
        help="Probability that a product lasts from one visit to the next.",
    )
    review_days = fields.Float(
        "Days between visits", default=4, digits=(5, 1), help="How often a machine is come to."
    )
    lead_days = fields.Float(
        "Days from plan to shelf",
        default=1,
        digits=(5, 1),
        help="From the planning of a route until the bottles lie in the machine.",
    )
    need_min_amount = fields.Monetary(
        "Money worth a visit", default=20, help="Less money at risk than this calls for nobody."
    )
    visit_max_days = fields.Integer(
        "Longest time without a visit (days)", default=14, help="0: no limit."
    )
    cash_box_full = fields.Monetary(
        "Cash box holds",
        default=500,
        help="Where the machine does not say. How full calls for a visit, and for an alert, is in "
        "the alert rule “Cash box full”. 0: not known, nobody is called.",
    )
    van_bottles = fields.Integer("Bottles in a van", default=400)
    route_max_stops = fields.Integer("Stops of a route", default=15)
    minutes_per_stop = fields.Integer("Minutes at a machine", default=20)
    road_speed = fields.Float("Speed on the road (km/h)", default=35, digits=(5, 1))
    depot_latitude = fields.Float("Warehouse latitude", digits=(10, 7))
    depot_longitude = fields.Float("Warehouse longitude", digits=(10, 7))

    _replenish = models.Constraint(
        "CHECK(service_level >= 50 AND service_level < 100 AND review_days > 0 AND lead_days >= 0 "
        "AND road_speed > 0 AND minutes_per_stop >= 0 AND van_bottles > 0 AND route_max_stops > 0)",
        "A service level lies between 50 and 99.99 %; days, speed, bottles and stops are positive.",
    )


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    wine_refill_type_id = fields.Many2one(
        "stock.picking.type",
        "Machine refills",
        check_company=True,
        copy=False,
        help="Operation type of the pre-kits that routes bring to machines.",
    )

    def _wine_refill_type(self):
        """The operation type of pre-kits, made when it is first needed.

        One of its own, so that refills have their own numbers and card, and are never swept into
        somebody's automatic batch.
        """
        self.ensure_one()
        warehouse = self.sudo()
        if not warehouse.wine_refill_type_id:
            warehouse.wine_refill_type_id = (
                self.env["stock.picking.type"]
                .sudo()
                .create(
                    {
                        "name": self.env._("Machine refills"),
                        "code": "internal",
                        "sequence_code": "REFILL",
                        "warehouse_id": self.id,
                        "company_id": self.company_id.id,
                        "default_location_src_id": self.lot_stock_id.id,
                        "default_location_dest_id": self.lot_stock_id.id,
                        "reservation_method": "manual",
                        "use_create_lots": False,
                        "use_existing_lots": True,
                    }
                )
            )
        return warehouse.wine_refill_type_id
