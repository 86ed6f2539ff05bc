# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class MaintenanceEquipment(models.Model):
    """The equipment of a machine; made when its first request is."""

    _inherit = "maintenance.equipment"

    wine_machine_id = fields.Many2one("wine.machine", "Wine machine", readonly=True, copy=False)
    wine_region_id = fields.Many2one(
        related="wine_machine_id.region_id", string="Region", store=True, index="btree_not_null"
    )

    _wine_machine_unique = models.UniqueIndex(
        "(wine_machine_id) WHERE wine_machine_id IS NOT NULL", "This machine has its equipment."
    )


class MaintenanceRequest(models.Model):
    _inherit = "maintenance.request"

    wine_machine_id = fields.Many2one(
        related="equipment_id.wine_machine_id", store=True, index="btree_not_null"
    )
    wine_region_id = fields.Many2one(
        "wine.region",
        "Region",
        compute="_compute_wine_region_id",
        compute_sudo=True,
        store=True,
        index="btree_not_null",
        help="Where it was repaired; a machine that moves takes its open requests along.",
    )
    wine_alert_ids = fields.One2many("wine.machine.alert", "request_id", "Alerts")

    @api.depends("equipment_id")
    def _compute_wine_region_id(self):
        for request in self:
            request.wine_region_id = request.equipment_id.wine_region_id
