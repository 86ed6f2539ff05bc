# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..core.route import length, tour

OPEN = ("planned", "started")


class StockPickingBatch(models.Model):
    """A route: one driver, one day, one warehouse, and a pre-kit transfer for each machine.

    **draft** → **in progress** (planned: bottles reserved, first expired first out, crate by crate)
    → **done** when each stop is done or called off. The stops are ``wine.visit`` in driving order.
    What is not filled at a machine stays in the warehouse's books, for only filled bottles are
    moved. Cancelling a route frees what it had reserved and cancels the visits not yet begun; what
    was filled already stays filled.
    """

    _inherit = "stock.picking.batch"

    wine_is_route = fields.Boolean("Route", readonly=True, copy=False, index="btree_not_null")
    wine_region_id = fields.Many2one("wine.region", "Region", readonly=True, copy=False, index=True)
    wine_date = fields.Date("Day of the route", readonly=True, copy=False, index=True)
    wine_km = fields.Float("Way (km)", digits=(8, 1), readonly=True, copy=False)
    wine_minutes = fields.Integer("Time (min)", compute="_compute_wine_minutes")
    wine_bottle_count = fields.Integer("Bottles", compute="_compute_wine_counts")
    wine_stop_count = fields.Integer("Number of stops", compute="_compute_wine_counts")
    wine_stops_done = fields.Integer("Stops done", compute="_compute_wine_counts")
    wine_progress = fields.Char("Progress", compute="_compute_wine_counts")
    wine_currency_id = fields.Many2one(related="company_id.currency_id")
    visit_ids = fields.One2many("wine.visit", "batch_id", "Stops")
    shortage_ids = fields.One2many("wine.route.shortage", "batch_id", "Not packed")
    wine_missing_count = fields.Integer("Missing bottles", compute="_compute_wine_missing")
    wine_missing_amount = fields.Monetary(
        "Sales at risk by it", compute="_compute_wine_missing", currency_field="wine_currency_id"
    )

    _route_has_region = models.Constraint(
        "CHECK(wine_is_route IS NOT TRUE OR wine_region_id IS NOT NULL)",
        "A route belongs to a region.",
    )

    # === COMPUTE === #

    @api.depends("visit_ids.state", "visit_ids.line_ids.planned")
    def _compute_wine_counts(self):
        for route in self:
            stops = route.visit_ids.filtered(lambda visit: visit.state != "cancelled")
            done = stops.filtered(lambda visit: visit.state == "done")
            route.wine_stop_count, route.wine_stops_done = len(stops), len(done)
            route.wine_bottle_count = sum(stops.line_ids.mapped("planned"))
            route.wine_progress = self.env._("%(done)s of %(all)s", done=len(done), all=len(stops))

    @api.depends("wine_km", "wine_stop_count", "wine_region_id.road_speed")
    def _compute_wine_minutes(self):
        for route in self:
            region = route.wine_region_id
            driving = 60 * route.wine_km / (region.road_speed or 35)
            route.wine_minutes = round(driving + route.wine_stop_count * region.minutes_per_stop)

    @api.depends("shortage_ids.missing", "shortage_ids.lost_amount")
    def _compute_wine_missing(self):
        for route in self:
            route.wine_missing_count = sum(route.shortage_ids.mapped("missing"))
            route.wine_missing_amount = sum(route.shortage_ids.mapped("lost_amount"))

    # === DRIVING ORDER === #

    def action_wine_optimise(self):
        """Put the stops that are still ahead into the shortest order, from and to the warehouse."""
        self._check_route()
        for route in self:
            ahead = route.visit_ids.filtered(lambda visit: visit.state in OPEN).sorted("sequence")
            behind = route.visit_ids - ahead
            order, _km = tour(route._wine_depot(), [visit._position() for visit in ahead])
            for place, visit in enumerate([*behind.sorted("sequence"), *(ahead[n] for n in order)]):
                visit.sudo().sequence = 10 * (place + 1)
            route._wine_measure()
        return True

    def _wine_measure(self):
        """Length of the way in the order of the stops; crates are numbered by it too."""
        for route in self.sudo():
            stops = route.visit_ids.filtered(lambda visit: visit.state != "cancelled")
            stops = stops.sorted(lambda visit: (visit.sequence, visit.id))
            route.wine_km = round(
                length(route._wine_depot(), [visit._position() for visit in stops]), 1
            )
            for place, visit in enumerate(stops):
                visit.picking_id.batch_sequence = place + 1

    def _wine_depot(self):
        self.ensure_one()
        region = self.wine_region_id
        return region.depot_latitude, region.depot_longitude

    # === STOPS === #

    def action_wine_add_stops(self):
        """Choose more machines for this route."""
        self._check_route()
        self.ensure_one()
        return self.env["wine.route.plan"]._open(self.wine_region_id, route=self)

    def _check_route(self):
        self.check_access("write")
        for route in self:
            if not route.wine_is_route:
                raise UserError(self.env._("%s is a batch transfer, not a route.", route.name))
            if route.state in ("done", "cancel"):
                raise UserError(
                    self.env._("The route %s is over; plan a new one.", route.display_name)
                )

    def _wine_progress(self):
        """A route is over when every stop is."""
        for route in self.sudo().filtered(lambda r: r.wine_is_route and r.state != "cancel"):
            states = set(route.visit_ids.mapped("state"))
            if states and states <= {"done", "cancelled"} and route.state != "done":
                route._wine_free(route.visit_ids)
                route.state = "done" if "done" in states else "cancel"

    def _wine_free(self, visits):
        """Give back what is reserved for these stops."""
        pickings = visits.sudo().picking_id
        pickings.filtered(lambda p: p.state not in ("done", "cancel")).action_cancel()

    # === ACTIONS === #

    def action_cancel(self):
        """Cancelling a route calls its open visits off and frees their bottles."""
        routes = self.filtered(lambda route: route.wine_is_route and route.state != "cancel")
        if not routes:
            return super().action_cancel()
        routes.check_access("write")
        ahead = routes.sudo().visit_ids.filtered(lambda visit: visit.state == "planned")
        under_way = routes.sudo().visit_ids.filtered(lambda visit: visit.state == "started")
        if under_way:
            raise UserError(
                self.env._(
                    "%s is under way. Let the stop be finished first, or call it off.",
                    ", ".join(under_way.mapped("display_name")),
                )
            )
        ahead._set_state("cancelled")
        routes._wine_free(ahead)
        ahead.machine_id._refresh_needs()
        for route in routes.sudo():
            route.state = "done" if "done" in route.visit_ids.mapped("state") else "cancel"
        others = self - routes
        return super(StockPickingBatch, others).action_cancel() if others else True

    def action_wine_pick_list(self):
        """Print what to pick in the warehouse, and what goes into which crate."""
        self.check_access("read")
        return self.env.ref("wine_vending.action_report_pick_list").report_action(self)

    # === FOR THE PICK LIST === #

    def _wine_pick_rows(self):
        """[(bin, product, lot, bottles)] of the whole route, in the order of the bins."""
        self.ensure_one()
        sums = {}
        lines = self.sudo().visit_ids.picking_id.move_line_ids
        for line in lines.filtered(lambda line: line.state not in ("done", "cancel")):
            key = line.location_id, line.product_id, line.lot_id
            sums[key] = sums.get(key, 0) + line.quantity
        return sorted(
            ((*key, int(units)) for key, units in sums.items()),
            key=lambda row: (row[0].complete_name, row[1].default_code or "", row[2].name or ""),
        )

    def _wine_stops(self):
        """The stops that are still ahead, in driving order."""
        self.ensure_one()
        return self.visit_ids.filtered(lambda visit: visit.state in OPEN).sorted(
            lambda visit: (visit.sequence, visit.id)
        )


class WineVisit(models.Model):
    _inherit = "wine.visit"

    need_amount = fields.Monetary(related="machine_id.need_amount", currency_field="currency_id")
    currency_id = fields.Many2one(related="machine_id.currency_id")
    bottle_count = fields.Integer("Bottles", compute="_compute_bottle_count")

    @api.depends("line_ids.planned")
    def _compute_bottle_count(self):
        for visit in self:
            visit.bottle_count = sum(visit.line_ids.mapped("planned"))

    def _position(self):
        site = self.machine_id.site_id
        return site.latitude, site.longitude

    def write(self, vals):
        """A stop that is dragged to another place changes the length of the way."""
        result = super().write(vals)
        if "sequence" in vals and not self.env.context.get("wine_measured"):
            self.batch_id.filtered("wine_is_route").with_context(wine_measured=True)._wine_measure()
        return result

    def _set_state(self, target, **values):
        """After a visit its machine is looked at anew; a stop called off gives its bottles back."""
        changed = super()._set_state(target, **values)
        if changed and target in ("done", "cancelled"):
            if target == "cancelled":
                changed.batch_id._wine_free(changed)
            changed.machine_id._refresh_needs()
            routes = changed.batch_id.filtered("wine_is_route")
            routes._wine_progress()
            routes._wine_measure()
        return changed


class WineRouteShortage(models.Model):
    """What a route needed and the warehouse, or the van, did not have.

    Written when the route is planned. *Buy* asks Odoo's own replenishment for the bottles that the
    warehouse is short of: they come into the open request for quotation of the product's supplier.
    """

    _name = "wine.route.shortage"
    _description = "Shortage of a route"
    _inherit = ["wine.reach"]
    _order = "lost_amount desc, id"
    _rec_name = "product_id"

    batch_id = fields.Many2one(
        "stock.picking.batch", "Route", required=True, readonly=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one("wine.region", required=True, readonly=True, index=True)
    product_id = fields.Many2one("product.product", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="region_id.currency_id")
    wanted = fields.Integer("Wanted bottles", readonly=True)
    packed = fields.Integer("Packed bottles", readonly=True)
    missing = fields.Integer("Missing bottles", readonly=True)
    why = fields.Selection(
        [("stock", "Not in the warehouse"), ("van", "No room in the van")], readonly=True
    )
    lost_amount = fields.Monetary(
        "Sales at risk", readonly=True, help="Expected sales that the missing bottles would make."
    )
    purchase_at = fields.Datetime("Ordered at", readonly=True)

    def action_buy(self):
        """Ask for the missing bottles through Odoo's replenishment, once."""
        self.region_id.check_access("write")
        Rule = self.env["stock.rule"].sudo()
        todo = self.sudo().filtered(lambda one: one.why == "stock" and not one.purchase_at)
        orphans = todo.product_id.filtered(lambda product: not product.seller_ids)
        if orphans:
            raise UserError(
                self.env._(
                    "%s: no supplier is known. Enter one on the product, under Purchase.",
                    ", ".join(orphans.mapped("display_name")),
                )
            )
        for one in todo:
            warehouse = one.region_id.warehouse_id
            Rule.run(
                [
                    Rule.Procurement(
                        one.product_id,
                        one.missing,
                        one.product_id.uom_id,
                        warehouse.lot_stock_id,
                        one.batch_id.name,
                        one.batch_id.name,
                        one.region_id.company_id,
                        {
                            "warehouse_id": warehouse,
                            "date_planned": fields.Datetime.now(),
                            "route_ids": warehouse.buy_pull_id.route_id,
                        },
                    )
                ]
            )
        todo.purchase_at = fields.Datetime.now()
        return True


class StockPicking(models.Model):
    _inherit = "stock.picking"

    wine_visit_ids = fields.One2many("wine.visit", "picking_id", "Visits")

    @api.model
    def _wine_prekit_values(self, visit, bottles, refill_type, date):
        """Values of the transfer that carries ``bottles`` (product → units) to a machine."""
        machine = visit.machine_id
        source, target = refill_type.warehouse_id.lot_stock_id, machine.location_id
        return {
            "picking_type_id": refill_type.id,
            "location_id": source.id,
            "location_dest_id": target.id,
            "company_id": refill_type.company_id.id,
            "origin": visit.batch_id.name,
            "scheduled_date": date,
            "user_id": visit.user_id.id,
            "move_ids": [
                Command.create(
                    {
                        "product_id": product.id,
                        "product_uom": product.uom_id.id,
                        "product_uom_qty": units,
                        "location_id": source.id,
                        "location_dest_id": target.id,
                        "picking_type_id": refill_type.id,
                        "company_id": refill_type.company_id.id,
                    }
                )
                for product, units in bottles.items()
            ],
        }
