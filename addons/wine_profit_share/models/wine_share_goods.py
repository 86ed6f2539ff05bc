# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models


class WineShareGoods(models.AbstractModel):
    """A supplier's own goods: where they stand now, and how they sold.

    Whose goods a product is, is said by its first vendor, as in the sales that are shared. What is
    read here is for the eyes of one partner: callers pass the partner that they checked.
    """

    _name = "wine.share.goods"
    _description = "Goods of a supplier in machines"

    @api.model
    def _products(self, partner):
        """Products, as superuser, whose first vendor belongs to the partner's company."""
        family = partner.commercial_partner_id
        offers_sudo = (
            self.env["product.supplierinfo"]
            .sudo()
            .search([("partner_id.commercial_partner_id", "=", family.id)])
        )
        products_sudo = offers_sudo.product_id | offers_sudo.product_tmpl_id.product_variant_ids
        return products_sudo.filtered(
            lambda product: product.seller_ids[:1].partner_id.commercial_partner_id == family
        )

    @api.model
    def _stock(self, products):
        """Bottles in the machines that sell, by region.

        :return: list of (region, total, rows); a row is a dict product, qty, machines, empty, rate
        """
        groups = (
            self.env["wine.machine.slot"]
            .sudo()
            ._read_group(
                [("product_id", "in", products.ids), ("machine_id.state", "=", "active")],
                ["region_id", "product_id"],
                ["qty:sum", "rate_per_day:sum", "machine_id:recordset", "qty:array_agg"],
            )
        )
        regions = {}
        for region, product, qty, rate, machines, slots in groups:
            regions.setdefault(region, []).append(
                {
                    "product": product,
                    "qty": max(qty, 0),
                    "machines": len(machines),
                    "slots": len(slots),
                    "empty": sum(left <= 0 for left in slots),
                    "rate": rate or 0.0,
                }
            )
        return [
            (region, sum(row["qty"] for row in rows), sorted(rows, key=_least_first))
            for region, rows in sorted(regions.items(), key=lambda item: item[0].complete_name)
        ]

    @api.model
    def _sales(self, partner, first, last):
        """What machines sold of the partner's goods from ``first`` to ``last``, refunds off.

        :return: list of (region, units, gross, rows); a row is a dict product, units, gross
        """
        groups = (
            self.env["wine.report.sales"]
            .sudo()
            ._read_group(
                self._sold(partner, first, last),
                ["region_id", "product_id"],
                ["units:sum", "gross:sum"],
            )
        )
        regions = {}
        for region, product, units, gross in groups:
            row = {"product": product, "units": units, "gross": gross}
            regions.setdefault(region, []).append(row)
        return [
            (
                region,
                sum(row["units"] for row in rows),
                sum(row["gross"] for row in rows),
                sorted(rows, key=lambda row: (-row["units"], row["product"].display_name)),
            )
            for region, rows in sorted(regions.items(), key=lambda item: item[0].complete_name)
        ]

    @api.model
    def _days(self, partner, first, last):
        """dict date → bottles sold."""
        groups = (
            self.env["wine.report.sales"]
            .sudo()
            ._read_group(self._sold(partner, first, last), ["business_date:day"], ["units:sum"])
        )
        return dict(groups)

    def _sold(self, partner, first, last):
        return [
            ("supplier_id.commercial_partner_id", "=", partner.commercial_partner_id.id),
            ("business_date", ">=", first),
            ("business_date", "<=", last),
        ]


def _least_first(row):
    """What runs out first comes first."""
    return (-row["empty"], row["qty"] / row["rate"] if row["rate"] else 1e9, row["qty"])
