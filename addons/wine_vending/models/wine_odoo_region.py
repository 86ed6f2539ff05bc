# SPDX-License-Identifier: LGPL-3.0-or-later
"""Of which region Odoo's own records are: stored and indexed, for record rules look at them."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


def region_field(path, label="Region", **values):
    """A stored region that follows from ``path``."""
    return fields.Many2one(
        "wine.region", label, related=path, store=True, index="btree_not_null", **values
    )


def computed_region(**values):
    """A stored region that ``_compute_wine_region_id`` finds, whoever asks."""
    return fields.Many2one(
        "wine.region",
        "Region",
        compute="_compute_wine_region_id",
        compute_sudo=True,
        store=True,
        index="btree_not_null",
        **values,
    )


class StockWarehouse(models.Model):
    """A region has a warehouse of its own; what lies in it, and in its machines, is the region's.

    Several regions fed from one depot are fed by Odoo's resupply between warehouses.
    """

    _inherit = "stock.warehouse"

    wine_region_ids = fields.One2many("wine.region", "warehouse_id", "Regions")
    wine_region_id = computed_region()

    @api.depends("wine_region_ids")
    def _compute_wine_region_id(self):
        for warehouse in self:
            regions = warehouse.with_context(active_test=False).wine_region_ids
            warehouse.wine_region_id = regions[:1]


class WineRegion(models.Model):
    _inherit = "wine.region"

    @api.constrains("warehouse_id")
    def _check_warehouse(self):
        for region in self.filtered("warehouse_id"):
            other = self.with_context(active_test=False).search(
                [("warehouse_id", "=", region.warehouse_id.id), ("id", "!=", region.id)], limit=1
            )
            if other:
                raise ValidationError(
                    self.env._(
                        "Warehouse %(warehouse)s already serves %(other)s. Leave the field empty "
                        "and %(region)s gets one of its own, supplied from there.",
                        warehouse=region.warehouse_id.name,
                        other=other.complete_name,
                        region=region.name,
                    )
                )


class StockLocation(models.Model):
    _inherit = "stock.location"

    wine_region_id = region_field("warehouse_id.wine_region_id")


class StockPickingType(models.Model):
    _inherit = "stock.picking.type"

    wine_region_id = region_field("warehouse_id.wine_region_id")


class StockQuant(models.Model):
    _inherit = "stock.quant"

    wine_region_id = region_field("location_id.wine_region_id")


class StockLot(models.Model):
    _inherit = "stock.lot"

    wine_region_id = region_field("location_id.wine_region_id")


class StockPicking(models.Model):
    """A transfer may leave one region and enter another; both see it, neither changes it alone."""

    _inherit = "stock.picking"

    wine_from_region_id = region_field("location_id.wine_region_id", "From region")
    wine_to_region_id = region_field("location_dest_id.wine_region_id", "To region")


class StockMove(models.Model):
    _inherit = "stock.move"

    wine_from_region_id = region_field("location_id.wine_region_id", "From region")
    wine_to_region_id = region_field("location_dest_id.wine_region_id", "To region")


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    wine_from_region_id = region_field("location_id.wine_region_id", "From region")
    wine_to_region_id = region_field("location_dest_id.wine_region_id", "To region")


class StockScrap(models.Model):
    _inherit = "stock.scrap"

    wine_region_id = region_field("location_id.wine_region_id")


class PurchaseOrder(models.Model):
    _inherit = "purchase.order"

    wine_region_id = region_field("picking_type_id.wine_region_id")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    wine_region_id = region_field("warehouse_id.wine_region_id")


class PosPaymentMethod(models.Model):
    """Cash lies in the machines of one region; every other way of paying is the company's."""

    _inherit = "pos.payment.method"

    wine_region_id = computed_region()

    @api.depends("wine_kind", "config_ids.wine_region_id")
    def _compute_wine_region_id(self):
        for method in self:
            regions = method.config_ids.wine_region_id
            method.wine_region_id = (
                regions if len(regions) == 1 and method._wine_is_cash() else None
            )

    def _wine_is_cash(self):
        return self.wine_kind == "cash"


class AccountJournal(models.Model):
    _inherit = "account.journal"

    wine_region_id = computed_region(
        readonly=False, help="The region whose cash this journal keeps."
    )

    @api.depends("pos_payment_method_ids.wine_region_id")
    def _compute_wine_region_id(self):
        for journal in self:
            regions = journal.pos_payment_method_ids.wine_region_id
            journal.wine_region_id = regions if len(regions) == 1 else journal.wine_region_id
