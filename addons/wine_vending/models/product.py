# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ProductTemplate(models.Model):
    """A drink: what the label says and how it wants to be kept."""

    _inherit = "product.template"

    wine_is_drink = fields.Boolean("Wine or drink", help="Sold by machines; shows the wine fields.")
    wine_vintage = fields.Integer("Vintage", help="Year of harvest; 0 for non-vintage.")
    wine_abv = fields.Float("Alcohol (% vol)", digits=(4, 1))
    wine_volume_ml = fields.Integer("Volume (ml)")
    wine_grape = fields.Char("Grape varieties", translate=True)
    wine_appellation = fields.Char("Appellation", translate=True)
    wine_producer = fields.Char("Producer")
    wine_serving_temp = fields.Float("Serving temperature (°C)", digits=(4, 1))
    wine_storage_temp_min = fields.Float("Storage from (°C)", digits=(4, 1))
    wine_storage_temp_max = fields.Float("Storage to (°C)", digits=(4, 1))
    wine_age_restricted = fields.Boolean("Age-restricted")

    @api.constrains("wine_abv", "wine_volume_ml", "wine_vintage")
    def _check_wine_label(self):
        for product in self:
            if not 0 <= product.wine_abv <= 100:
                raise ValidationError(
                    self.env._(
                        "%(product)s: %(abv)s %% is no alcohol content. Enter the percentage by "
                        "volume on the label, between 0 and 100.",
                        product=product.display_name,
                        abv=product.wine_abv,
                    )
                )
            if product.wine_volume_ml < 0:
                raise ValidationError(
                    self.env._(
                        "%s: the volume is negative. Enter the millilitres of one bottle.",
                        product.display_name,
                    )
                )
            if product.wine_vintage and not 1800 <= product.wine_vintage <= 2200:
                raise ValidationError(
                    self.env._(
                        "%(product)s: %(year)s is no vintage. Enter the year of the harvest, or 0 "
                        "for a non-vintage drink.",
                        product=product.display_name,
                        year=product.wine_vintage,
                    )
                )
