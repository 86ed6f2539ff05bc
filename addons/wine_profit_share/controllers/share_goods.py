# SPDX-License-Identifier: LGPL-3.0-or-later
import re
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import fields, http
from odoo.http import request

from .share_desk import SITE, ShareDesk

MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


class ShareGoods(ShareDesk):
    """``/my/goods``: what a supplier delivers, where it stands, how it sells.

    A supplier sees bottles and turnover of the own goods only: not what others sell, and not what
    the company earns by them.
    """

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "wine_goods_count" in counters:
            values["wine_goods_count"] = len(self._products_sudo())
        return values

    def _goods_page(self, template, tab, **values):
        return request.render(
            template,
            {
                **self._prepare_portal_layout_values(),
                "page_name": "wine_goods",
                "tab": tab,
                "account": self._accounts_sudo()[:1],
                "has_goods": True,
                **values,
            },
        )

    @http.route("/my/goods", **SITE)
    def my_goods(self, **_query):
        """Stock in machines, by region, and the orders that wait for a word."""
        products_sudo = self._products_sudo()
        if not products_sudo:
            raise request.not_found()
        return self._goods_page(
            "wine_profit_share.portal_goods",
            "goods",
            regions=request.env["wine.share.goods"]._stock(products_sudo),
            asked=self._share_orders("sent"),
            unconfirmed=self._share_orders("purchase"),
        )

    def _share_orders(self, state):
        """Orders that the supplier has not answered yet, by the user's own rights."""
        orders = request.env["purchase.order"]
        if not orders.has_access("read"):
            return orders
        domain = [
            ("partner_id", "child_of", request.env.user.partner_id.commercial_partner_id.id),
            ("state", "=", state),
            ("acknowledged", "=", False),
        ]
        return orders.search(domain, limit=20, order="date_planned, id")

    @http.route("/my/goods/sales", **SITE)
    def my_sales(self, month=None, **_query):
        if not self._products_sudo():
            raise request.not_found()
        goods, partner = request.env["wine.share.goods"], request.env.user.partner_id
        today = fields.Date.context_today(goods)
        found = MONTH.fullmatch(month or "")
        first = date(int(found[1]), int(found[2]), 1) if found else today.replace(day=1)
        last = first + relativedelta(months=1, days=-1)
        sold = goods._days(partner, first, last)
        days = [first + relativedelta(days=number) for number in range(last.day)]
        after = first + relativedelta(months=1)
        return self._goods_page(
            "wine_profit_share.portal_goods_sales",
            "sales",
            first=first,
            days=[(day, sold.get(day, 0)) for day in days],
            most=max([1, *sold.values()]),
            units=sum(sold.values()),
            regions=goods._sales(partner, first, last),
            before=first - relativedelta(months=1),
            after=after if after <= today else None,
        )
