# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import http
from odoo.addons.portal.controllers.portal import CustomerPortal, pager
from odoo.http import request

#: lines on one screen; the spreadsheet has all of a month
PAGE = 40
SITE = {"type": "http", "auth": "user", "website": True}


class ShareDesk(CustomerPortal):
    """What every page of a share partner needs: the own accounts, and nobody else's.

    Portal users have no rights on the ledger. Each page asks, as superuser, for accounts of the
    commercial partner to which the user belongs, and reaches everything else through them: a
    foreign id is answered like one that does not exist.
    """

    def _accounts_sudo(self):
        return request.env["wine.share.account"]._of_partner(request.env.user.partner_id)

    def _account_sudo(self, account_id=None):
        """The account asked for, or the first one.

        :raise NotFound: none, or none of the user's
        """
        accounts_sudo = self._accounts_sudo()
        if account_id:
            accounts_sudo = accounts_sudo.filtered(lambda one: one.id == int_or_zero(account_id))
        if not accounts_sudo:
            raise request.not_found()
        return accounts_sudo[0]

    def _products_sudo(self):
        """Goods that the user's company supplies."""
        return request.env["wine.share.goods"]._products(request.env.user.partner_id)

    def _share_own(self, model, record_id):
        """A record, as superuser, of one of the user's accounts.

        :raise NotFound: there is none, or it is somebody else's
        """
        accounts_sudo = self._accounts_sudo()
        record_sudo = (
            request.env[model]
            .sudo()
            .search([("id", "=", record_id), ("account_id", "in", accounts_sudo.ids)])
        )
        if not record_sudo:
            raise request.not_found()
        return record_sudo

    def _share_page(self, template, account_sudo, tab, **values):
        """Render a page with what its frame shows: the tabs and the accounts to choose from."""
        return request.render(
            template,
            {
                **self._prepare_portal_layout_values(),
                "page_name": "wine_share",
                "tab": tab,
                "account": account_sudo,
                "accounts": self._accounts_sudo(),
                "has_goods": bool(self._products_sudo()),
                "money": {"widget": "monetary", "display_currency": account_sudo.currency_id},
                **values,
            },
        )

    def _share_listing(self, model, domain, url, page, order, url_args=None):
        """One page of records as superuser: dict records, pager."""
        records_sudo = request.env[model].sudo()
        pages = pager(
            url=url,
            total=records_sudo.search_count(domain),
            page=page,
            step=PAGE,
            url_args=url_args,
        )
        found = records_sudo.search(domain, order=order, limit=PAGE, offset=pages["offset"])
        return {"records": found, "pager": pages}


def int_or_zero(text):
    """A number from an address, 0 where it is none."""
    text = str(text or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def download(name, content, mimetype):
    """A file to be kept, not shown."""
    return request.make_response(
        content,
        headers=[
            ("Content-Type", mimetype),
            ("Content-Length", len(content)),
            ("Content-Disposition", http.content_disposition(name)),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )
