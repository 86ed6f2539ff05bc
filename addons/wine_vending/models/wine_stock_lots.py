# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from odoo import api, models

UNKNOWN = "?"


class StockPicking(models.Model):
    """Which bottle was it? Lots of goods that have moved already, oldest expiry first.

    A machine says what it sold, not which lot: its lanes are filled from behind, so the bottle that
    came out is one of those that expire first. What the ledger cannot tell is said honestly: a sale
    that has happened is never refused, the bottles too many stand in the lot that was filled last
    (or in the lot "?"), below zero, where an inventory shows them.
    """

    _inherit = "stock.picking"

    @api.model
    def _wine_set_done(self, moves):
        """Give each move its full quantity, and lots where the product is tracked by them."""
        plain = moves.filtered(lambda move: move.product_id.tracking == "none")
        for move in plain:
            move.quantity = move.product_uom_qty
        tracked = moves - plain
        if not tracked:
            return
        tracked.move_line_ids.unlink()
        lots = self._wine_lots(
            tracked[0].location_id,
            {move.product_id: move.product_uom_qty for move in tracked},
            back_from=tracked[0].location_dest_id,
        )
        self.env["stock.move.line"].create(
            [
                {
                    "move_id": move.id,
                    "picking_id": move.picking_id.id,
                    "product_id": move.product_id.id,
                    "product_uom_id": move.product_id.uom_id.id,
                    "lot_id": lot.id,
                    "quantity": qty,
                    "location_id": location.id,
                    "location_dest_id": move.location_dest_id.id,
                    "company_id": move.company_id.id,
                }
                for move in tracked
                for lot, location, qty in lots[move.product_id]
            ]
        )

    @api.model
    def _wine_lots(self, source, quantities, back_from=None):
        """Lots that leave ``source``, first expired first out.

        :param dict quantities: tracked product → units
        :param back_from: the machine's location where goods come back from consumers into it
        :return: dict product → [(lot, location, units)]; the units add up to the quantity
        """
        products = self.env["product.product"].union(*quantities)
        if source.usage == "internal":
            offers = self._wine_lots_on_hand(source, products)
        else:
            offers = self._wine_lots_sold(source, back_from, quantities)
        result = {}
        for product, wanted in quantities.items():
            taken, left = [], wanted
            for lot, location, units in offers[product]:
                if left <= 0:
                    break
                part = min(units, left)
                taken.append((lot, location, part))
                left -= part
            if left > 0:
                taken += self._wine_lots_unknown(source, back_from, product, left)
            result[product] = self._wine_merged(taken)
        return result

    def _wine_merged(self, taken):
        """One entry per lot and place."""
        sums = defaultdict(float)
        for lot, location, units in taken:
            sums[lot, location] += units
        return [(lot, location, units) for (lot, location), units in sums.items()]

    def _wine_lots_on_hand(self, source, products):
        """Lots in a place and its bins: free ones first, then what is reserved for others."""
        quants = (
            self.env["stock.quant"]
            .sudo()
            .search(
                [
                    ("location_id", "child_of", source.id),
                    ("product_id", "in", products.ids),
                    ("lot_id", "!=", False),
                    ("quantity", ">", 0),
                ],
                order="removal_date, expiration_date, in_date, id",  # no date comes last
            )
        )
        offers = defaultdict(list)
        for quant in quants:
            free = quant.quantity - max(0, quant.reserved_quantity)
            if free > 0:
                offers[quant.product_id].append((quant.lot_id, quant.location_id, free))
        for quant in quants:
            if quant.reserved_quantity > 0:
                units = min(quant.reserved_quantity, quant.quantity)
                offers[quant.product_id].append((quant.lot_id, quant.location_id, units))
        return offers

    def _wine_lots_sold(self, source, machine_location, quantities):
        """Lots that went to consumers last: those are what comes back."""
        offers = defaultdict(list)
        for product, wanted in quantities.items():
            lines = (
                self.env["stock.move.line"]
                .sudo()
                .search(
                    [
                        ("product_id", "=", product.id),
                        ("location_id", "=", machine_location.id),
                        ("location_dest_id", "=", source.id),
                        ("state", "=", "done"),
                        ("lot_id", "!=", False),
                    ],
                    order="date desc, id desc",
                    limit=max(20, int(wanted)),
                )
            )
            offers[product] = [(line.lot_id, source, line.quantity) for line in lines]
        return offers

    def _wine_lots_unknown(self, source, back_from, product, units):
        """More moved than the ledger has: the lot that came in last, or else the lot "?"."""
        place = source if source.usage == "internal" else back_from
        line = (
            self.env["stock.move.line"]
            .sudo()
            .search(
                [
                    ("product_id", "=", product.id),
                    ("location_dest_id", "child_of", place.id),
                    ("state", "=", "done"),
                    ("lot_id", "!=", False),
                ],
                order="date desc, id desc",
                limit=1,
            )
        )
        if line and product.tracking == "lot":
            return [(line.lot_id, source, units)]
        if product.tracking == "serial":
            numbers = self.env["stock.lot"].sudo()
            return [
                (
                    numbers.create(
                        {
                            "product_id": product.id,
                            "name": numbers.env["ir.sequence"].next_by_code("stock.lot.serial"),
                        }
                    ),
                    source,
                    1,
                )
                for _unit in range(int(units))
            ]
        return [(self._wine_unknown_lot(product), source, units)]

    def _wine_unknown_lot(self, product):
        Lot = self.env["stock.lot"].sudo()
        found = Lot.search([("product_id", "=", product.id), ("name", "=", UNKNOWN)], limit=1)
        return found or Lot.create({"product_id": product.id, "name": UNKNOWN})


class StockScrap(models.Model):
    _inherit = "stock.scrap"

    @api.model
    def _wine_scrap(self, vals_list):
        """Scrap bottles out of machines, those that expire first where lots are kept."""
        Picking, rows = self.env["stock.picking"], []
        for values in vals_list:
            product = self.env["product.product"].browse(values["product_id"])
            if product.tracking == "none" or values.get("lot_id"):
                rows.append(values)
                continue
            source = self.env["stock.location"].browse(values["location_id"])
            lots = Picking._wine_lots(source, {product: values["scrap_qty"]})
            rows += [
                {**values, "lot_id": lot.id, "location_id": place.id, "scrap_qty": qty}
                for lot, place, qty in lots[product]
            ]
        scraps = self.sudo().create(rows)
        for scrap in scraps:
            scrap.do_scrap()
        return scraps


class StockQuant(models.Model):
    _inherit = "stock.quant"

    @api.model
    def _get_removal_strategy(self, product_id, location_id):
        """First expired, first out of what feeds machines, unless the category says otherwise."""
        strategy = super()._get_removal_strategy(product_id, location_id)
        if strategy == "fifo" and product_id.sudo().use_expiration_date:
            location = location_id.sudo()
            if location.wine_machine_id or location.warehouse_id.wine_region_ids:
                return "fefo"
        return strategy
