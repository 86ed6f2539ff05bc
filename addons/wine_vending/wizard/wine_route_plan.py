# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import datetime, time

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.order_up_to import Want, allocate, beyond
from ..core.visit_plan import Candidate, choose, pack


class WineRoutePlan(models.TransientModel):
    """Where to drive on a day, and with what: proposed by the machines' needs, decided by a person.

    The proposal takes the machines of a region with most money at risk, as many as the day and the
    van hold. Bottles that the warehouse is short of go to where they earn most; what could not be
    packed is shown before the route is made. Making it reserves the bottles, first expired first
    out, and puts the stops into driving order.
    """

    _name = "wine.route.plan"
    _description = "Plan visits"
    _inherit = ["wine.guide"]

    region_id = fields.Many2one("wine.region", required=True)
    company_id = fields.Many2one(related="region_id.company_id")
    currency_id = fields.Many2one(related="region_id.currency_id")
    batch_id = fields.Many2one("stock.picking.batch", "Route to extend", readonly=True)
    date = fields.Date("Day", required=True, default=fields.Date.context_today)
    user_id = fields.Many2one("res.users", "Driver", domain="[('share', '=', False)]")
    van_bottles = fields.Integer("Bottles in the van", required=True)
    max_stops = fields.Integer("Stops at most", required=True)
    line_ids = fields.One2many("wine.route.plan.line", "plan_id", "Machines")
    shortage_ids = fields.One2many("wine.route.plan.shortage", "plan_id", "Not packed")
    stop_count = fields.Integer("Stops", compute="_compute_totals")
    bottle_count = fields.Integer("Bottles to pack", compute="_compute_totals")
    amount = fields.Monetary("Money at risk there", compute="_compute_totals")

    @api.depends("line_ids.chosen", "line_ids.packed", "line_ids.amount")
    def _compute_totals(self):
        for plan in self:
            chosen = plan.line_ids.filtered("chosen")
            plan.stop_count = len(chosen)
            plan.bottle_count = sum(chosen.mapped("packed"))
            plan.amount = sum(chosen.mapped("amount"))

    @api.depends("region_id", "date")
    def _compute_display_name(self):
        for plan in self:
            plan.display_name = self.env._(
                "Visits %(region)s, %(day)s", region=plan.region_id.name or "", day=plan.date or ""
            )

    # === PROPOSING === #

    @api.model
    def _open(self, region, machines=None, route=None):
        """The plan of a region as a form; ``machines`` are chosen, or else the needy ones."""
        region.check_access("write")
        plan = self.create(
            {
                "region_id": region.id,
                "batch_id": route.id if route else False,
                "date": (route and route.wine_date) or region._business_today(),
                "user_id": route.user_id.id if route else False,
                "van_bottles": region.van_bottles - (route.wine_bottle_count if route else 0),
                "max_stops": region.route_max_stops - (route.wine_stop_count if route else 0),
            }
        )
        plan._propose(machines)
        return plan._reopen()

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Plan visits"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "current",
        }

    @api.model
    def action_open_mine(self):
        """The plan of the region of this user where most money is at risk."""
        rows = self.env["wine.machine"]._read_group(
            [("need_text", "!=", False), ("region_id", "in", self._regions().ids)],
            ["region_id"],
            ["need_amount:sum"],
            order="need_amount:sum desc",
            limit=1,
        )
        region = rows[0][0] if rows else self._regions()[:1]
        if not region:
            raise UserError(self.env._("No region of yours has machines that sell."))
        return self._open(region)

    @api.model
    def _regions(self):
        """Regions with machines in which this user plans."""
        regions = self.env["wine.region"].search([("machine_ids.state", "=", "active")])
        return regions._filtered_access("write")

    def _propose(self, machines=None):
        """Fill the list: every active machine of the region, those that fit best chosen."""
        for plan in self:
            there = plan._machines_there()
            if machines is None:
                needy = [
                    Candidate(m.id, m.need_amount, m.to_fill, m.need_since)
                    for m in there
                    if m.need_text and not plan._snoozed(m)
                ]
                chosen = set(choose(needy, plan.max_stops, plan.van_bottles))
            else:
                chosen = set(machines.ids)
            ordered = there.sorted(
                lambda m, chosen=chosen: (m.id not in chosen, -m.need_amount, m.id)
            )
            plan.line_ids = [Command.clear()] + [
                Command.create({"machine_id": machine.id, "chosen": machine.id in chosen})
                for machine in ordered
            ]
            plan._allocate()

    def _machines_there(self):
        """Active machines of the region that no route of that day visits yet."""
        self.ensure_one()
        machines = self.env["wine.machine"].search(
            [("region_id", "=", self.region_id.id), ("state", "=", "active")]
        )
        planned = (
            self.env["wine.visit"]
            .sudo()
            .search(
                [
                    ("machine_id", "in", machines.ids),
                    ("state", "in", ("planned", "started")),
                    ("date", "=", self.date),
                ]
            )
        )
        return machines - planned.machine_id.with_env(self.env)

    def _snoozed(self, machine):
        return bool(machine.need_snooze_until and machine.need_snooze_until > self.date)

    # === BOTTLES === #

    def _allocate(self):
        """Divide what the warehouse has free over the chosen machines; show what is missing."""
        self.ensure_one()
        wants, rooms = self._wants()
        stock = self._free_stock({want.product for want in wants})
        given = allocate(wants, stock, max(0, self.van_bottles))
        packed, wanted = defaultdict(int), defaultdict(int)
        for want in wants:
            packed[want.key[0]] += given[want.key]
            wanted[want.key[0]] += len(want.gains)
        for line in self.line_ids:
            line.packed = packed[line.machine_id.id]
            line.wanted = wanted[line.machine_id.id] if line.chosen else line.machine_id.to_fill
        self.shortage_ids = [Command.clear()] + [
            Command.create(values) for values in self._missing(wants, given, stock)
        ]
        return {key: pack(units, rooms[key]) for key, units in given.items() if units}

    def _wants(self):
        """([Want], dict (machine id, product id) → [(slot, bottles that fit)])."""
        machines = self.line_ids.filtered("chosen").machine_id
        rooms, prices, stock = defaultdict(list), {}, defaultdict(int)
        for slot in machines.slot_ids.sorted(lambda slot: (slot.row, slot.column, slot.id)):
            key = slot.machine_id.id, slot.product_id.id
            stock[key] += max(slot.qty, 0)
            if slot.to_fill > 0:
                rooms[key].append((slot, slot.to_fill))
                prices[key] = max(prices.get(key, 0), slot.price)
        forecasts = {
            (one.machine_id.id, one.product_id.id): one._demand()
            for one in self.env["wine.forecast"].sudo().search([("machine_id", "in", machines.ids)])
        }
        days = self.region_id.review_days + self.region_id.lead_days
        wants = []
        for key, lanes in rooms.items():
            count, have = sum(room for _slot, room in lanes), stock[key]
            demand = forecasts[key].demand(self.date, days) if key in forecasts else (0, 0)
            chances = beyond(*demand, have + count)[have:] if any(demand) else [0.0] * count
            # where nothing is forecast a bottle is still worth bringing, after all others
            gains = tuple(prices[key] * (chance + 1e-6) for chance in chances)
            wants.append(Want(key, key[1], gains))
        return wants, rooms

    def _free_stock(self, product_ids):
        """dict product id → free bottles in the region's warehouse that are fresh on that day."""
        warehouse = self.region_id.sudo().warehouse_id
        fresh = datetime.combine(self.date, time.max)
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT quant.product_id, sum(quant.quantity - quant.reserved_quantity)
                     FROM stock_quant quant
                     JOIN stock_location location ON location.id = quant.location_id
                    WHERE location.parent_path LIKE %s AND quant.product_id = ANY(%s)
                      AND (quant.removal_date IS NULL OR quant.removal_date > %s)
                 GROUP BY quant.product_id""",
                f"{warehouse.lot_stock_id.parent_path}%",
                list(product_ids),
                fresh,
            )
        )
        return {product: max(0, int(units)) for product, units in rows}

    def _missing(self, wants, given, stock):
        """Values of shortages, by product: wanted, packed, and what the rest would have sold."""
        sums = defaultdict(lambda: [0, 0, 0.0])
        for want in wants:
            row, units = sums[want.product], given[want.key]
            row[0] += len(want.gains)
            row[1] += units
            row[2] += sum(want.gains[units:])
        return [
            {
                "product_id": product,
                "wanted": wanted,
                "packed": packed,
                "missing": wanted - packed,
                "lost_amount": self.currency_id.round(lost),
                "why": "stock" if packed >= stock.get(product, 0) else "van",
            }
            for product, (wanted, packed, lost) in sums.items()
            if wanted > packed
        ]

    # === ACTIONS === #

    def action_refresh(self):
        """Reckon again after the day, the region, the van or the machines were changed."""
        self.region_id.check_access("write")
        there = self._machines_there()
        if self.line_ids.machine_id - there or not self.line_ids:
            self._propose()
        else:
            self._allocate()
        return self._reopen()

    def action_propose(self):
        """Forget the choice and propose again."""
        self.region_id.check_access("write")
        self._propose()
        return self._reopen()

    def action_create_route(self):
        """Make the route: pre-kits reserved, stops in driving order."""
        self.ensure_one()
        self.region_id.check_access("write")
        self.line_ids.machine_id.check_access("write")
        if self.batch_id:
            self.batch_id._check_route()
            if self.batch_id.wine_region_id != self.region_id:
                raise UserError(
                    self.env._("%s is a route of another region.", self.batch_id.display_name)
                )
        route = self.sudo()._make_route().with_env(self.env)
        action = self.env["ir.actions.act_window"]._for_xml_id("wine_vending.wine_route_action")
        action.update(res_id=route.id, views=[(False, "form")])
        return action

    def _make_route(self):
        """Route, visits and pre-kits of the chosen machines, from the stock as it is now."""
        self.ensure_one()
        chosen = self.line_ids.filtered("chosen").machine_id
        self._check_chosen(chosen)
        packed = self._allocate()
        refill_type = self.region_id.warehouse_id._wine_refill_type()
        route = self.batch_id or self._create_batch(refill_type)
        visits = self._create_visits(route, chosen, packed)
        self._create_prekits(route, visits, packed, refill_type)
        route.shortage_ids = [
            Command.create({"region_id": self.region_id.id, **one._values()})
            for one in self.shortage_ids
        ]
        if self.user_id:
            chosen.need_user_id = self.user_id
        route.action_wine_optimise()
        return route

    def _check_chosen(self, chosen):
        if not chosen:
            raise UserError(self.env._("Choose at least one machine to visit."))
        taken = chosen - self._machines_there()
        if taken:
            raise UserError(
                self.env._(
                    "%s: another route of this day goes there already, or the machine does not "
                    "sell. Take it off the list.",
                    ", ".join(taken.mapped("name")),
                )
            )
        foreign = chosen.filtered(lambda machine: machine.region_id != self.region_id)
        if foreign:
            raise UserError(
                self.env._(
                    "%(machines)s: not in %(region)s, whose warehouse this route is packed from.",
                    machines=", ".join(foreign.mapped("name")),
                    region=self.region_id.complete_name,
                )
            )

    def _create_batch(self, refill_type):
        return self.env["stock.picking.batch"].create(
            {
                "wine_is_route": True,
                "wine_region_id": self.region_id.id,
                "wine_date": self.date,
                "user_id": self.user_id.id,
                "company_id": refill_type.company_id.id,
                "picking_type_id": refill_type.id,
                "description": f"{self.region_id.name} {self.date}",
            }
        )

    def _create_visits(self, route, chosen, packed):
        planned = defaultdict(list)
        for (machine, product), lanes in packed.items():
            planned[machine] += [
                Command.create({"slot_id": slot.id, "product_id": product, "planned": units})
                for slot, units in lanes.items()
            ]
        return self.env["wine.visit"].create(
            [
                {
                    "machine_id": machine.id,
                    "batch_id": route.id,
                    "user_id": self.user_id.id,
                    "date": self.date,
                    "reason": machine.need_text,
                    "sequence": 10 * (place + 1),
                    "line_ids": planned[machine.id],
                }
                for place, machine in enumerate(chosen)
            ]
        )

    def _create_prekits(self, route, visits, packed, refill_type):
        """One transfer per stop that gets bottles, reserved at once."""
        Picking, Product = self.env["stock.picking"], self.env["product.product"]
        bottles = defaultdict(dict)
        for (machine, product), lanes in packed.items():
            if Product.browse(product).type == "consu":
                bottles[machine][Product.browse(product)] = sum(lanes.values())
        stops = visits.filtered(lambda visit: bottles[visit.machine_id.id])
        day = datetime.combine(self.date, time(12))
        pickings = Picking.create(
            [
                Picking._wine_prekit_values(visit, bottles[visit.machine_id.id], refill_type, day)
                for visit in stops
            ]
        )
        for visit, picking in zip(stops, pickings, strict=True):
            visit.picking_id = picking
        if pickings:
            pickings.action_confirm()
            pickings.action_assign()
            pickings.batch_id = route
            if route.state == "draft":
                route.action_confirm()
