# SPDX-License-Identifier: LGPL-3.0-or-later
"""Odoo's own guides stay within reach, too."""

from odoo import models
from odoo.exceptions import AccessError


class ProductReplenish(models.TransientModel):
    """Replenishing runs as superuser: whose warehouse it is, is asked before."""

    _inherit = "product.replenish"

    def launch_replenishment(self):
        user = self.env.user
        if not self.env.su and user._wine_bounded():
            warehouses = self.warehouse_id
            warehouses.check_access("read")
            if warehouses - warehouses.filtered_domain(user._wine_changes_odoo("wine_region_id")):
                raise AccessError(
                    self.env._("You replenish warehouses of regions that you manage, no others.")
                )
        return super().launch_replenishment()


class StockReturnPicking(models.TransientModel):
    _name = "stock.return.picking"
    _inherit = ["stock.return.picking", "wine.bounded"]
