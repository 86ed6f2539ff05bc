# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    wine_region_ids = fields.Many2many(
        "wine.region",
        "wine_region_manager_rel",
        "user_id",
        "region_id",
        string="Managed regions",
        help="Regions that this user manages, with everything below them.",
    )
    wine_service_region_ids = fields.Many2many(
        "wine.region",
        "wine_region_staff_rel",
        "user_id",
        "region_id",
        string="Serviced regions",
        help="Regions whose machines this user fills and services.",
    )
