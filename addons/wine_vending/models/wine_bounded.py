# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, models
from odoo.exceptions import AccessError

#: Odoo's models that belong to regions; rules for them are in security/odoo_rules.xml
BOUNDED = (
    "maintenance.equipment",
    "maintenance.request",
    "purchase.order",
    "purchase.order.line",
    "sale.order",
    "sale.order.line",
    "stock.location",
    "stock.lot",
    "stock.move",
    "stock.move.line",
    "stock.package",
    "stock.picking",
    "stock.picking.batch",
    "stock.picking.type",
    "stock.quant",
    "stock.scrap",
    "stock.warehouse",
    "stock.warehouse.orderpoint",
)


class WineBounded(models.AbstractModel):
    """What a regional administrator changes stays within reach, and ties itself to nothing beyond.

    Odoo looks at record rules before a write, not after it: a transfer of one's own could be turned
    to a place of another region, an own receipt be tied to a foreign purchase. Users without a role
    here, finance, the platform and everything that runs as superuser pass at once.
    """

    _name = "wine.bounded"
    _description = "Stays within reach"

    @api.model_create_multi
    def create(self, vals_list):
        self._wine_check_ties(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        ties = self._wine_check_ties([vals])
        result = super().write(vals)
        if ties:
            self.check_access("write")
        return result

    @api.model
    def default_get(self, fields):
        """Defaults that the caller gives are ties as well."""
        values = super().default_get(fields)
        self._wine_check_ties([values])
        return values

    def _wine_check_ties(self, vals_list):
        """Whether these values tie records to others that belong to regions.

        :raise AccessError: one of those is out of this user's reach
        """
        if self.env.su or not self.env.user._wine_bounded():
            return False
        ties = False
        for name in set().union(*vals_list):
            field = self._fields.get(name)
            if field and field.relational and field.comodel_name in (*BOUNDED, "wine.machine"):
                ties = True
                ids = set().union(*(_tied(vals.get(name)) for vals in vals_list))
                self.env[field.comodel_name].browse(ids).check_access("read")
        return ties


def _tied(value):
    """Ids of existing records that a value written to a relation names."""
    if isinstance(value, models.BaseModel):
        return set(value.ids)
    if not isinstance(value, (list, tuple)):
        return {value} if value else set()
    ids = set()
    for command in value:
        if not isinstance(command, (list, tuple)):
            ids.add(command)
        elif command[0] == Command.SET:
            ids.update(command[2])
        elif command[0] in (Command.UPDATE, Command.LINK):
            ids.add(command[1])
    return ids


class MaintenanceEquipment(models.Model):
    _name = "maintenance.equipment"
    _inherit = ["maintenance.equipment", "wine.bounded"]


class MaintenanceRequest(models.Model):
    _name = "maintenance.request"
    _inherit = ["maintenance.request", "wine.bounded"]


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = ["purchase.order", "wine.bounded"]


class PurchaseOrderLine(models.Model):
    _name = "purchase.order.line"
    _inherit = ["purchase.order.line", "wine.bounded"]


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "wine.bounded"]


class SaleOrderLine(models.Model):
    _name = "sale.order.line"
    _inherit = ["sale.order.line", "wine.bounded"]


class StockLocation(models.Model):
    _name = "stock.location"
    _inherit = ["stock.location", "wine.bounded"]


class StockLot(models.Model):
    _name = "stock.lot"
    _inherit = ["stock.lot", "wine.bounded"]


class StockMove(models.Model):
    _name = "stock.move"
    _inherit = ["stock.move", "wine.bounded"]


class StockMoveLine(models.Model):
    _name = "stock.move.line"
    _inherit = ["stock.move.line", "wine.bounded"]


class StockPackage(models.Model):
    _name = "stock.package"
    _inherit = ["stock.package", "wine.bounded"]


class StockPicking(models.Model):
    _name = "stock.picking"
    _inherit = ["stock.picking", "wine.bounded"]


class StockPickingBatch(models.Model):
    _name = "stock.picking.batch"
    _inherit = ["stock.picking.batch", "wine.bounded"]


class StockPickingType(models.Model):
    _name = "stock.picking.type"
    _inherit = ["stock.picking.type", "wine.bounded"]


class StockQuant(models.Model):
    """A count creates its quant as superuser: whose place it is, is asked before."""

    _name = "stock.quant"
    _inherit = ["stock.quant", "wine.bounded"]

    @api.model_create_multi
    def create(self, vals_list):
        self._wine_check_places(vals_list)
        return super().create(vals_list)

    def _wine_check_places(self, vals_list):
        """:raise AccessError: a place is not in a region that this user manages"""
        if self.env.su or not self.env.user._wine_bounded():
            return
        places = self.env["stock.location"].browse(
            {vals["location_id"] for vals in vals_list if vals.get("location_id")}
        )
        places.check_access("read")
        astray = places - places.filtered_domain(self.env.user._wine_changes_odoo("wine_region_id"))
        if astray:
            raise AccessError(
                self.env._(
                    "%s is not in a region that you manage; its stock is not yours to count.",
                    astray[0].display_name,
                )
            )


class StockScrap(models.Model):
    _name = "stock.scrap"
    _inherit = ["stock.scrap", "wine.bounded"]


class StockWarehouse(models.Model):
    _name = "stock.warehouse"
    _inherit = ["stock.warehouse", "wine.bounded"]


class StockWarehouseOrderpoint(models.Model):
    _name = "stock.warehouse.orderpoint"
    _inherit = ["stock.warehouse.orderpoint", "wine.bounded"]
