# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from odoo import api, fields, models


class PosSession(models.Model):
    """Stock leaves the machines in grouped moves that carry the session."""

    _inherit = "pos.session"

    @api.model
    def _cron_wine_flush_stock(self):
        """Bring the stock ledger up to the sales of the open sessions, one session at a time."""
        rows = (
            self.env["pos.order"]
            .sudo()
            ._read_group(
                [("wine_stock_state", "=", "pending"), ("session_id.state", "=", "opened")],
                ["session_id"],
            )
        )
        self.env["ir.cron"]._commit_progress(remaining=len(rows))
        for (session,) in rows:
            session._wine_flush_stock()
            self.env["ir.cron"]._commit_progress(1)

    def _wine_flush_stock(self):
        """Move what was sold (or given back) since the last time, one picking per machine.

        Reversals are netted against sales of the same machine and product; what is left negative
        comes back in a picking of its own. Orders are marked, so that nothing moves twice.

        :return: ``stock.picking`` made
        """
        self.ensure_one()
        orders = (
            self.env["pos.order"]
            .sudo()
            .search([("session_id", "=", self.id), ("wine_stock_state", "=", "pending")])
        )
        quantities = orders._wine_quantities_by_machine()
        orders.wine_stock_state = "done"
        pickings = self.env["stock.picking"].sudo()
        for machine, by_product in quantities.items():
            out = {product: qty for product, qty in by_product.items() if qty > 0}
            back = {product: -qty for product, qty in by_product.items() if qty < 0}
            for wanted, returned in ((out, False), (back, True)):
                if wanted:
                    pickings |= self._wine_move(machine, wanted, returned)
        return pickings

    def _wine_move(self, machine, quantities, returned):
        """One picking between a machine and its consumers.

        :param dict quantities: product → positive number of units
        :param bool returned: from the consumers back into the machine
        """
        picking_type = self.config_id.picking_type_id
        consumers = (
            picking_type.default_location_dest_id
            or self.env["stock.warehouse"]._get_partner_locations()[0]
        )
        source, target = machine.location_id, consumers
        if returned:
            source, target = target, source
        picking = self.env["stock.picking"]._wine_make_done(
            picking_type if not returned else picking_type.return_picking_type_id or picking_type,
            source,
            target,
            quantities,
            origin=self.name,
            pos_session_id=self.id,
        )
        return picking


class StockPicking(models.Model):
    _inherit = "stock.picking"

    @api.model
    def _wine_make_done(self, picking_type, source, target, quantities, **values):
        """A picking with one move per product, done at once: the goods have moved already.

        :param dict quantities: product → units
        """
        picking = self.sudo().create(
            {
                "picking_type_id": picking_type.id,
                "location_id": source.id,
                "location_dest_id": target.id,
                "move_type": "direct",
                "company_id": picking_type.company_id.id,
                **values,
            }
        )
        moves = (
            self.env["stock.move"]
            .sudo()
            .create(
                [
                    {
                        "product_id": product.id,
                        "product_uom": product.uom_id.id,
                        "product_uom_qty": qty,
                        "picking_id": picking.id,
                        "picking_type_id": picking_type.id,
                        "location_id": source.id,
                        "location_dest_id": target.id,
                        "company_id": picking_type.company_id.id,
                    }
                    for product, qty in quantities.items()
                    if product.type == "consu"
                ]
            )
        )
        moves._action_confirm(merge=False)
        self._wine_set_done(moves)
        moves.picked = True
        picking.with_context(cancel_backorder=True)._action_done()
        return picking


class PosOrder(models.Model):
    _inherit = "pos.order"

    wine_stock_state = fields.Selection(
        [("none", "Nothing to move"), ("pending", "To move"), ("done", "Moved")],
        "Stock of the machine",
        readonly=True,
        copy=False,
        help="Whether the goods of this order have left the machine's stock location.",
    )

    _wine_stock_pending = models.Index("(session_id) WHERE wine_stock_state = 'pending'")

    def _wine_quantities_by_machine(self):
        """dict machine → dict product → net units sold, in one query."""
        self.env["pos.order.line"].flush_model()
        rows = self.env["pos.order.line"]._read_group(
            [("order_id", "in", self.ids)],
            ["order_id", "product_id"],
            ["qty:sum"],
        )
        result = defaultdict(lambda: defaultdict(float))
        for order, product, qty in rows:
            if product.is_storable:
                result[order.wine_machine_id][product] += qty
        return result
