# SPDX-License-Identifier: LGPL-3.0-or-later
"""What an order of a till and one of the website have in common when they become sale lines."""

from decimal import Decimal

from odoo import api, fields, models

from ..core.business_time import business_date
from ..core.channel import Priced, take_off
from ..core.money import from_minor, to_minor
from ..core.sale_line import SaleLine


class AccountTax(models.Model):
    _inherit = "account.tax"

    @api.model
    def _wine_amounts(self, base_lines, company):
        """Net and tax of each line such that the lines add up to their document, cent by cent.

        :param list[dict] base_lines: as ``_prepare_base_line_for_taxes_computation`` makes them
        :return: list of (net, tax) in the currency of the document
        """
        self._add_tax_details_in_base_lines(base_lines, company)
        self._round_base_lines_tax_details(base_lines, company)
        return [self._wine_rounded(base_line) for base_line in base_lines]

    @api.model
    def _wine_rounded(self, base_line):
        """(net, tax) of a base line whose details are rounded."""
        details = base_line["tax_details"]
        net = details["total_excluded_currency"] + details["delta_total_excluded_currency"]
        return net, sum(data["tax_amount_currency"] for data in details["taxes_data"])


class ProductProduct(models.Model):
    _inherit = "product.product"

    @api.model
    def _wine_topups(self):
        """Products that buy stored value: eWallets and gift cards, where loyalty is installed.

        Whoever has other stored value adds its products here.
        """
        if "loyalty.program" not in self.env:
            return self.browse()
        programs = (
            self.env["loyalty.program"]
            .sudo()
            .with_context(active_test=False)
            .search([("program_type", "in", ("ewallet", "gift_card"))])
        )
        return programs.rule_ids.product_ids


class WineRegion(models.Model):
    _inherit = "wine.region"

    @api.model
    def _business_date_of(self, company, moment=None):
        """Business day of a sale in this region, or of one in no region: that of the company.

        :param datetime moment: naive UTC, by default now
        """
        tz = self.tz or company.partner_id.tz or "UTC"
        return business_date(moment or fields.Datetime.now(), tz)


class WineSaleSheet(models.AbstractModel):
    """Order lines of till and website on their way to sale lines: what both have in common."""

    _name = "wine.sale.sheet"
    _description = "Order lines as sale lines"

    def _wine_sale_kind(self):
        """Kind of this line's sale: ``sale``, or ``topup`` where it buys stored value."""
        return "topup" if self.product_id in self.product_id._wine_topups() else "sale"

    def _wine_pays(self):
        """Whether the line is a way of paying: stored value that is spent."""
        reward = self.reward_id if "reward_id" in self._fields else None
        return bool(reward and reward.program_id.is_payment_program)

    @api.model
    def _wine_spread(self, goods, off):
        """Lower the goods of an order by its discount lines; stored value only if alone.

        :param list[tuple] goods: (line, :class:`Priced`)
        :param list[Priced] off: positive amounts
        """
        sales = [priced for line, priced in goods if line._wine_sale_kind() == "sale"]
        take_off(sales or [priced for _line, priced in goods], off)

    def _wine_line_of(self, priced, sign=1, **values):
        """The SaleLine of one order line.

        :param Priced priced: positive amounts; ``sign`` −1 takes them back
        :param values: source, order, channel, date, region_id, currency, qty (signed, in the unit
            of the product), payment_kind and reverses of the line
        """
        self.ensure_one()
        product, company, currency = self.product_id, self.company_id, values.pop("currency")
        digits, qty = currency.decimal_places, values["qty"]
        cost = company.currency_id._convert(
            product.with_company(company).standard_price * float(qty),
            currency,
            company,
            values["date"],
        )
        return SaleLine(
            kind=self._wine_sale_kind(),
            site_id=None,
            machine_id=None,
            vend_id=None,
            product_id=product.id,
            supplier_id=product.seller_ids[:1].partner_id.id or None,
            partner_id=self.order_id.partner_id.id or None,
            ml=int(product.wine_volume_ml * qty),
            gross=from_minor(sign * priced.gross, digits),
            discount=from_minor(sign * max(0, priced.full - priced.gross), digits),
            net=from_minor(sign * priced.net, digits),
            tax=from_minor(sign * priced.tax, digits),
            currency=currency.name,
            company_id=company.id,
            cost=from_minor(to_minor(cost, digits), digits),
            **values,
        )

    def _wine_priced(self, net, tax, digits, full=None):
        """Amounts in minor units, without their sign."""
        net, tax = abs(to_minor(net, digits)), abs(to_minor(tax, digits))
        return Priced(net, tax, net + tax if full is None else abs(to_minor(full, digits)))

    def _wine_full(self, currency, qty):
        """What the line would cost with tax, before its discount; None where it has none."""
        if not self.discount:
            return None
        taxes = (
            self.tax_ids_after_fiscal_position
            if "tax_ids_after_fiscal_position" in self._fields
            else self.tax_ids
        )
        return taxes.compute_all(self.price_unit, currency, qty, product=self.product_id)[
            "total_included"
        ]


def decimal(number):
    """A float quantity of Odoo as an exact number."""
    return Decimal(str(number))
