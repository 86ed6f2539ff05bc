# SPDX-License-Identifier: LGPL-3.0-or-later
"""Kit of the access tests: what a region has in Odoo's own models."""

from odoo import Command

#: second groups; none of them may open what a region closes
HATS = (
    "stock.group_stock_manager",
    "purchase.group_purchase_manager",
    "sales_team.group_sale_manager",
    "maintenance.group_equipment_manager",
    "point_of_sale.group_pos_manager",
)


class Furniture:
    """One record of each of Odoo's models, in the region of ``world``."""

    def __init__(self, test, world):
        self.test, self.env, self.world = test, test.env, world
        self.region, self.machine = world.region, world.machine
        self.warehouse = world.region.warehouse_id
        self.vendors = test.env.ref("stock.stock_location_suppliers")
        self.customers = test.env.ref("stock.stock_location_customers")
        self.partner = test.env["res.partner"].create({"name": "Grower"})

    def records(self):
        """dict model → one record."""
        lot, quant = self.lot()
        picking = self.picking()
        found = (
            self.warehouse,
            self.machine.location_id,
            self.warehouse.in_type_id,
            lot,
            quant,
            picking,
            picking.move_ids,
            picking.move_ids.move_line_ids,
            self.scrap(),
            self.batch(),
            self.orderpoint(),
            self.purchase(),
            self.sale(),
            self.cash_method(),
            self.cash_method().journal_id,
        )
        records = {record._name: record for record in found}
        for order in ("purchase.order", "sale.order"):
            records[f"{order}.line"] = records[order].order_line
        return records

    def lot(self):
        product = self.test.make_wine(f"LOT-{self.region.code}", 10.0, tracking="lot")
        lot = self.env["stock.lot"].create({"name": "L1", "product_id": product.id})
        self.env["stock.quant"]._update_available_quantity(
            product, self.machine.location_id, 5, lot_id=lot
        )
        return lot, lot.quant_ids

    def transfer(self, picking_type, source, target, user=None):
        picking = (
            self.env["stock.picking"]
            .with_user(user or self.env.user)
            .create(
                {
                    "picking_type_id": picking_type.id,
                    "location_id": source.id,
                    "location_dest_id": target.id,
                    "move_ids": [
                        Command.create(
                            {
                                "product_id": self.test.soda.id,
                                "product_uom_qty": 3,
                                "location_id": source.id,
                                "location_dest_id": target.id,
                            }
                        )
                    ],
                }
            )
        )
        picking.action_confirm()
        return picking

    def picking(self, user=None):
        """A receipt, confirmed, its quantity set."""
        types = self.warehouse.in_type_id
        picking = self.transfer(types, self.vendors, self.warehouse.lot_stock_id, user)
        picking.move_ids.quantity = 3
        return picking

    def scrap(self):
        return self.env["stock.scrap"].create(
            {
                "product_id": self.test.soda.id,
                "scrap_qty": 1,
                "location_id": self.machine.location_id.id,
            }
        )

    def batch(self):
        return self.env["stock.picking.batch"].create(
            {"picking_ids": [Command.set(self.picking().ids)]}
        )

    def orderpoint(self):
        return self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": self.test.soda.id,
                "warehouse_id": self.warehouse.id,
                "location_id": self.warehouse.lot_stock_id.id,
                "product_min_qty": 1,
                "product_max_qty": 2,
            }
        )

    def purchase(self, user=None):
        return (
            self.env["purchase.order"]
            .with_user(user or self.env.user)
            .create(
                {
                    "partner_id": self.partner.id,
                    "picking_type_id": self.warehouse.in_type_id.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.test.soda.id,
                                "product_qty": 2,
                                "price_unit": 1,
                            }
                        )
                    ],
                }
            )
        )

    def sale(self, user=None):
        return (
            self.env["sale.order"]
            .with_user(user or self.env.user)
            .create(
                {
                    "partner_id": self.partner.id,
                    "warehouse_id": self.warehouse.id,
                    "user_id": False,
                    "order_line": [
                        Command.create({"product_id": self.test.soda.id, "product_uom_qty": 1})
                    ],
                }
            )
        )

    def cash_method(self):
        return self.region._payment_methods()["cash"]
