# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class StockLocation(models.Model):
    _inherit = "stock.location"

    wine_machine_id = fields.Many2one("wine.machine", "Machine", index="btree_not_null")
