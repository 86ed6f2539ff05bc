# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, fields, models
from odoo.exceptions import UserError

#: only code of this addon holds this object; a context that comes from outside cannot
_MOVE = object()


class WineMachine(models.Model):
    """A machine moves to another site, perhaps of another region.

    What happened stays where it happened: vends, orders, visits, cases and collections keep their
    region, and so does a vend from before the move that is reported after it (its money goes into
    the old region's session). What is in the machine goes with it: sales not yet taken from stock
    are taken first, then everything leaves the old stock location, which is closed for good, for a
    new one under the new region's warehouse; the company's stock is worth the same before and
    after. The published planogram and the counters stay. Staff of its own are let go, planned
    visits and what was packed for them are called off. A bottle of a late vend leaves the new
    location, for there the ledger has carried it.
    """

    _inherit = "wine.machine"

    placement_ids = fields.One2many("wine.machine.placement", "machine_id", "Placements")
    moved_at = fields.Datetime("Moved here", readonly=True, copy=False)

    def write(self, vals):
        self._check_no_silent_move(vals)
        return super().write(vals)

    def _check_no_silent_move(self, vals):
        """:raise UserError: a region changes otherwise than by moving the machine"""
        if self.env.context.get("wine_move") is _MOVE or not vals.keys() & {"site_id", "region_id"}:
            return
        site = self.env["wine.site"].browse(vals.get("site_id"))
        region = site.region_id or self.env["wine.region"].browse(vals.get("region_id"))
        region.check_access("read")
        for machine in self:
            if region and machine.region_id != region:
                raise UserError(
                    self.env._(
                        "%(machine)s belongs to %(region)s. Its stock, staff and visits go or end "
                        "with a move: use “Move” on the machine.",
                        machine=machine.name,
                        region=machine.region_id.complete_name,
                    )
                )

    def action_move(self):
        """Open the guide that moves a machine."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Move %s", self.name),
            "res_model": "wine.machine.move",
            "view_mode": "form",
            "target": "new",
            "context": {"default_machine_id": self.id},
        }

    # === MOVING === #

    def _move_to(self, site, note=""):
        """Move to ``site``; already there, nothing happens.

        :raise UserError: somebody is at the machine, or the site is of another company
        """
        self.ensure_one()
        machine, old = self.sudo(), self.sudo().region_id
        machine.lock_for_update()
        if machine.site_id == site:
            return
        machine._check_movable(site)
        machine._end_stay(site, note, self.env.user)
        if site.region_id != old:
            machine._leave_region(old)
        machine.with_context(wine_move=_MOVE).site_id = site
        if site.region_id != old:
            machine._enter_region(old)
        machine._moved(old)
        machine._publish_desired()

    def _check_movable(self, site):
        visit = self.env["wine.visit"].search(
            [("machine_id", "=", self.id), ("state", "=", "started")], limit=1
        )
        if visit:
            raise UserError(
                self.env._(
                    "%(user)s is at %(machine)s now (visit %(visit)s). Finish or cancel the visit "
                    "first.",
                    user=visit.user_id.name,
                    machine=self.name,
                    visit=visit.display_name,
                )
            )
        if site.company_id != self.company_id:
            raise UserError(
                self.env._(
                    "%(site)s belongs to %(other)s, %(machine)s and what is in it to %(company)s. "
                    "Between companies a machine is sold: retire it here, enter it there.",
                    site=site.name,
                    other=site.company_id.name,
                    machine=self.name,
                    company=self.company_id.name,
                )
            )

    def _end_stay(self, site, note, user):
        now = fields.Datetime.now()
        Placement = self.env["wine.machine.placement"]
        stay = Placement.search([("machine_id", "=", self.id), ("until", "=", False)])
        here = {"machine_id": self.id, "region_id": self.region_id.id, "site_id": self.site_id.id}
        stay = stay or Placement.create(here)
        stay.until = now
        Placement.flush_model()  # one open stay per machine
        there = {"region_id": site.region_id.id, "site_id": site.id, "since": now}
        Placement.create({**here, **there, "user_id": user.id, "note": note})
        self.moved_at = now

    def _leave_region(self, old):
        """Sales leave the stock of the old region; what was planned there is called off."""
        sessions = self.env["pos.session"].search(
            [("config_id", "=", old.pos_config_id.id), ("state", "!=", "closed")]
        )
        for session in sessions:
            session._wine_flush_stock()
        visits = self.env["wine.visit"].search(
            [("machine_id", "=", self.id), ("state", "=", "planned")]
        )
        visits._set_state("cancelled")
        places = self.location_id.ids
        open_moves = self.env["stock.move"].search(
            [
                ("state", "not in", ("done", "cancel")),
                "|",
                ("location_id", "in", places),
                ("location_dest_id", "in", places),
            ]
        )
        open_moves._action_cancel()

    def _enter_region(self, old):
        """A location under the new region's warehouse; what is in the machine goes there."""
        source = self.location_id
        self.staff_ids = [Command.clear()]
        self._make_locations()
        self._carry_stock(source, self.location_id)
        source.active = False
        self.env.registry.clear_cache()

    def _carry_stock(self, source, target):
        """One transfer of everything; what is owed to the ledger (negative) is carried as well."""
        quants = self.env["stock.quant"].search([("location_id", "=", source.id)])
        quants = quants.filtered(lambda q: not q.product_uom_id.is_zero(q.quantity))
        for wanted, start, end in (
            (quants.filtered(lambda q: q.quantity > 0), source, target),
            (quants.filtered(lambda q: q.quantity < 0), target, source),
        ):
            if not wanted:
                continue
            picking = self.env["stock.picking"].create(
                {
                    "picking_type_id": self.region_id.warehouse_id.int_type_id.id,
                    "location_id": start.id,
                    "location_dest_id": end.id,
                    "origin": self.env._("Move of %s", self.name),
                }
            )
            moves = self.env["stock.move"].create(
                [self._carry_values(quant, picking) for quant in wanted]
            )
            moves._action_confirm(merge=False)
            moves.move_line_ids.unlink()
            for move, quant in zip(moves, wanted, strict=True):
                move.move_line_ids = [Command.create(self._carry_line(move, quant))]
            moves.picked = True
            moves._action_done()

    def _carry_values(self, quant, picking):
        return {
            "product_id": quant.product_id.id,
            "product_uom": quant.product_uom_id.id,
            "product_uom_qty": abs(quant.quantity),
            "picking_id": picking.id,
            "picking_type_id": picking.picking_type_id.id,
            "location_id": picking.location_id.id,
            "location_dest_id": picking.location_dest_id.id,
            "company_id": self.company_id.id,
        }

    def _carry_line(self, move, quant):
        return {
            "picking_id": move.picking_id.id,
            "product_id": quant.product_id.id,
            "product_uom_id": quant.product_uom_id.id,
            "quantity": abs(quant.quantity),
            "lot_id": quant.lot_id.id,
            "owner_id": quant.owner_id.id,
            "package_id": quant.package_id.id,
            "result_package_id": quant.package_id.id,
            "location_id": move.location_id.id,
            "location_dest_id": move.location_dest_id.id,
        }

    # === HOOK === #

    def _moved(self, old):
        """Called after one machine moved; what is open and of the present goes with it.

        :param old: ``wine.region`` that it left, perhaps the same
        """
        alerts = self.env["wine.machine.alert"].search(
            [("machine_id", "=", self.id), ("state", "!=", "closed")]
        )
        alerts.region_id = self.region_id
        requests = self.env["maintenance.request"].search(
            [("wine_machine_id", "=", self.id), ("stage_id.done", "=", False)]
        )
        requests.wine_region_id = self.region_id
        for model in ("wine.machine.outage", "wine.slot.stockout"):
            running = [("machine_id", "=", self.id), ("ended_at", "=", False)]
            self.env[model].search(running).region_id = self.region_id
        self._refresh_differences()  # other price limits bind here
