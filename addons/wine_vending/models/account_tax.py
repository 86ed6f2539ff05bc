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
        twins = every._wine_included_twins(company)
        return {
            product_id: self.browse().union(*(twins[tax.id] for tax in taxes))
            for product_id, taxes in wanted.items()
        }

    def _wine_included_twins(self, company):
        """Tax id → this tax where it is price-included, else its price-included copy.

        All that there are of the company are read at once; one that is missing is made.
        """
        twins = {tax.id: tax for tax in self if tax.price_include or tax.amount_type == "group"}
        wanted = self.filtered(lambda tax: tax.id not in twins)
        if not wanted:
            return twins
        domain = [("company_id", "=", company.id), ("price_include_override", "=", "tax_included")]
        there = {}
        for tax in self.with_context(active_test=False).search(domain, order="id desc"):
            there[tax._wine_kind(tax.name)] = tax
        for tax in wanted:
            name = self.env._("%s (in the price)", tax.name)
            kind = tax._wine_kind(name)
            if kind not in there:
                there[kind] = tax.copy({"name": name, "price_include_override": "tax_included"})
            twins[tax.id] = there[kind]
        return twins

    def _wine_kind(self, name):
        """By what a tax and its twin know each other."""
        return self.type_tax_use, self.amount_type, self.amount, self.tax_group_id.id, name
