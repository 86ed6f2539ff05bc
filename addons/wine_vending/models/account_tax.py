# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models


class AccountTax(models.Model):
    _inherit = "account.tax"

    @api.model
    def _wine_machine_taxes(self, products, company):
        """Sales taxes of products as a machine applies them: always included in the price.

        A machine shows and takes one price. A tax that the books add on top of the price would make
        the total differ from what was paid; its included twin (made once, same accounts and tags)
        keeps the total and splits it exactly.

        :param products: ``product.product`` recordset
        :return: dict product id → ``account.tax`` recordset of ``company``
        """
        wanted = {
            product.id: product.taxes_id.filtered(lambda tax: tax.company_id == company)
            for product in products
        }
        every = self.browse().concat(*wanted.values())
        twins = {tax.id: tax._wine_included_twin() for tax in every}
        return {
            product_id: self.browse().union(*(twins[tax.id] for tax in taxes))
            for product_id, taxes in wanted.items()
        }

    def _wine_included_twin(self):
        """This tax where it is price-included, else its price-included copy."""
        self.ensure_one()
        if self.price_include or self.amount_type == "group":
            return self
        name = self.env._("%s (in the price)", self.name)
        twin = self.with_context(active_test=False).search(
            [
                ("company_id", "=", self.company_id.id),
                ("type_tax_use", "=", self.type_tax_use),
                ("amount_type", "=", self.amount_type),
                ("amount", "=", self.amount),
                ("tax_group_id", "=", self.tax_group_id.id),
                ("price_include_override", "=", "tax_included"),
                ("name", "=", name),
            ],
            limit=1,
        )
        return twin or self.copy({"name": name, "price_include_override": "tax_included"})
