# SPDX-License-Identifier: LGPL-3.0-or-later
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import format_amount

from ..core.money import from_minor, to_minor
from ..core.price_limit import Limit, Limits


class WinePriceLimit(models.Model):
    """Between which prices a region may sell, decided by the platform.

    Stated for a region and what lies below it, or for all; for one product, a category and what
    lies below it, or all goods. The most particular limit binds, floor, ceiling and margin each on
    its own: goods go before regions, the nearer before the farther (core/price_limit.py).
    Planograms are checked when a line is edited and when they are published; a platform
    administrator may go beyond. A limit that changes later changes no price: the slots beyond it
    are listed among the differences.
    """

    _name = "wine.price.limit"
    _description = "Price limit"
    _inherit = ["mail.thread", "wine.reach"]
    _order = "region_path, categ_id, product_id, id"
    _rec_names_search = ["region_id", "categ_id", "product_id"]

    name = fields.Char(compute="_compute_name")
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        compute="_compute_company",
        store=True,
        readonly=False,
        precompute=True,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    region_id = fields.Many2one(
        "wine.region", index=True, ondelete="cascade", help="With what lies below; empty for all."
    )
    region_path = fields.Char(related="region_id.parent_path", store=True)
    product_id = fields.Many2one(
        "product.product", index=True, ondelete="cascade", help="Empty for all, or a category."
    )
    categ_id = fields.Many2one(
        "product.category",
        "Category",
        ondelete="cascade",
        help="With the categories below it; empty for all goods.",
    )
    floor = fields.Monetary(
        "Lowest price", tracking=True, help="What the consumer pays; 0 for none."
    )
    ceiling = fields.Monetary(
        "Highest price", tracking=True, help="What the consumer pays; 0 for none."
    )
    has_margin = fields.Boolean("States a margin", tracking=True)
    margin = fields.Float(
        "Margin (%)",
        digits=(6, 2),
        tracking=True,
        help="At least this much above the cost of the product, before tax.",
    )
    note = fields.Char("Reason", help="Shown to the regions that it binds.")
    breach_count = fields.Integer("Beyond", compute="_compute_breach_count")

    _goods = models.Constraint(
        "CHECK(product_id IS NULL OR categ_id IS NULL)",
        "A limit is for a product or for a category. Leave one of the two empty.",
    )
    _range = models.Constraint(
        "CHECK(floor >= 0 AND ceiling >= 0 AND (ceiling = 0 OR ceiling >= COALESCE(floor, 0)) "
        "AND margin > -100)",
        "The lowest price lies at 0 or above, the highest not below the lowest, and the margin "
        "above -100 %.",
    )
    _states = models.Constraint(
        "CHECK(COALESCE(floor, 0) > 0 OR COALESCE(ceiling, 0) > 0 OR COALESCE(has_margin, FALSE))",
        "State a lowest price, a highest price or a margin; a limit without any limits nothing.",
    )
    _once = models.UniqueIndex(
        "(company_id, COALESCE(region_id, 0), COALESCE(product_id, 0), COALESCE(categ_id, 0)) "
        "WHERE active",
        "There is a limit for this region and these goods already. Change that one.",
    )

    @api.depends("region_id.complete_name", "product_id", "categ_id.complete_name")
    def _compute_name(self):
        for limit in self:
            goods = limit.product_id.display_name or limit.categ_id.complete_name
            limit.name = self.env._(
                "%(goods)s in %(region)s",
                goods=goods or self.env._("All goods"),
                region=limit.region_id.complete_name or self.env._("all regions"),
            )

    @api.depends("region_id.company_id")
    def _compute_company(self):
        for limit in self:
            limit.company_id = limit.region_id.company_id or limit.company_id or self.env.company

    def _compute_breach_count(self):
        counts = dict(
            self.env["wine.slot.difference"]._read_group(
                [("limit_id", "in", self.ids)], ["limit_id"], ["__count"]
            )
        )
        for limit in self:
            limit.breach_count = counts.get(limit, 0)

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        limits = super().create(vals_list)
        limits._look_again()
        return limits

    def write(self, vals):
        before = self._bound_regions()
        result = super().write(vals)
        self._look_again(before)
        return result

    def unlink(self):
        before = self._bound_regions()
        result = super().unlink()
        self.env["wine.machine"].sudo()._refresh_limits(before)
        return result

    def _bound_regions(self):
        """Regions of machines that these limits may bind."""
        Region = self.env["wine.region"].sudo().with_context(active_test=False)
        if any(not limit.region_id for limit in self):
            return Region.search([("company_id", "in", self.company_id.ids)])
        return Region.search([("id", "child_of", self.region_id.ids)])

    def _look_again(self, also=None):
        """List the slots that lie beyond a limit now; prices stay as they are."""
        regions = self._bound_regions() | (also or self._bound_regions())
        self.env["wine.machine"].sudo()._refresh_limits(regions)

    # === ACTIONS === #

    def action_view_breaches(self):
        """Slots whose published price lies beyond this limit."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_vending.wine_slot_difference_action"
        )
        action["domain"] = [("limit_id", "in", self.ids)]
        return action

    # === BUSINESS === #

    @api.model
    def _bounds(self, pairs):
        """What binds products in regions.

        :param pairs: iterable of (region, product)
        :return: dict (region, product) → :class:`core.price_limit.Bounds`
        """
        pairs = set(pairs)
        regions = self.env["wine.region"].sudo().union(*(region for region, _product in pairs))
        found, nets = {}, {}
        limits = {company: self._limits(company) for company in regions.company_id}
        for region, product in pairs:
            # limits above one's own region bind, costs are not shown
            region, product = region.sudo(), product.sudo()
            company = region.company_id
            digits = company.currency_id.decimal_places
            if (company, product) not in nets:
                nets[company, product] = product._wine_net_share(company)
            found[region.id, product.id] = limits[company].bounds(
                _path(region),
                product.id,
                _path(product.categ_id),
                cost=to_minor(product.with_company(company).standard_price, digits),
                net=nets[company, product],
            )
        return found

    @api.model
    def _limits(self, company):
        digits = company.currency_id.decimal_places
        rows = self.sudo().search([("company_id", "=", company.id)])  # binding, seen or not
        return Limits(
            Limit(
                row.id,
                region=row.region_id.id or None,
                product=row.product_id.id or None,
                category=row.categ_id.id or None,
                floor=to_minor(row.floor, digits),
                ceiling=to_minor(row.ceiling, digits),
                margin=Decimal(str(row.margin)) if row.has_margin else None,
            )
            for row in rows
        )

    @api.model
    def _refusals(self, prices):
        """Which prices lie beyond what binds them, and why.

        :param prices: iterable of (slot, product, price)
        :return: list of (slot, sentence)
        """
        prices = list(prices)
        bounds = self._bounds((slot.region_id, product) for slot, product, _price in prices)
        refusals = []
        for slot, product, price in prices:
            digits = slot.currency_id.decimal_places
            broken = bounds[slot.region_id.id, product.id].broken(to_minor(price, digits))
            if broken:
                refusals.append((slot, self._refusal(slot, product, price, *broken)))
        return refusals

    def _refusal(self, slot, product, price, end, bound):
        currency = slot.currency_id
        amount = float(from_minor(bound.amount, currency.decimal_places))
        limit = self.sudo().browse(bound.limit.id)  # named to whom it binds
        values = {
            "slot": slot.code,
            "machine": slot.machine_id.name,
            "product": product.display_name,
            "price": format_amount(self.env, price, currency),
            "amount": format_amount(self.env, amount, currency),
            "limit": limit.name,
        }
        if end == "floor":
            return self.env._(
                "Slot %(slot)s of %(machine)s: %(product)s at %(price)s lies below the lowest "
                "price of %(amount)s (limit “%(limit)s”). Raise the price, or ask the platform "
                "administrator to change the limit.",
                **values,
            )
        return self.env._(
            "Slot %(slot)s of %(machine)s: %(product)s at %(price)s lies above the highest "
            "price of %(amount)s (limit “%(limit)s”). Lower the price, or ask the platform "
            "administrator to change the limit.",
            **values,
        )


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _wine_net_share(self, company):
        """What remains of one unit of a machine's price after the taxes in it."""
        self.ensure_one()
        taxes = self.taxes_id.filtered(lambda tax: tax.company_id == company)
        whole = 1000.0
        net = taxes.with_context(force_price_include=True).compute_all(
            whole, currency=company.currency_id, product=self
        )["total_excluded"]
        return Decimal(str(net)) / Decimal(str(whole))


def _path(record):
    """Ids from the top of a tree down to the record."""
    return [int(part) for part in (record.parent_path or "").split("/") if part]
