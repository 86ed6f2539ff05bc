# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from .share_desk import SITE, ShareDesk, download

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: an objection is a few sentences
DISPUTE_LENGTH = 2000
#: of the newest lines on the first screen
NEWEST = 8


class ShareLines(ShareDesk):
    """``/my/share``: from the balance to the month, from the month to the line, to the vend."""

    @http.route()
    def home(self, **query):
        """The first screen of the portal answers a share partner's question at once."""
        response = super().home(**query)
        accounts_sudo = self._accounts_sudo()
        response.qcontext.update(share_accounts=accounts_sudo)
        return response

    @http.route("/my/share", **SITE)
    def my_share(self, account=None, **_query):
        account_sudo = self._account_sudo(account)
        entries_sudo = request.env["wine.share.entry"].sudo()
        statements_sudo = request.env["wine.share.statement"].sudo()
        return self._share_page(
            "wine_profit_share.portal_share_home",
            account_sudo,
            "home",
            coming=account_sudo._coming(),
            since=account_sudo._since_statement(),
            newest=entries_sudo.search(
                [("account_id", "=", account_sudo.id), ("kind", "!=", "split")],
                order="date desc, id desc",
                limit=NEWEST,
            ),
            statements=statements_sudo.search([("account_id", "=", account_sudo.id)], limit=6),
        )

    @http.route(["/my/share/lines", "/my/share/lines/page/<int:page>"], **SITE)
    def my_lines(self, page=1, account=None, **_query):
        """What came since the last statement."""
        account_sudo = self._account_sudo(account)
        return self._share_page(
            "wine_profit_share.portal_share_lines",
            account_sudo,
            "lines",
            since=account_sudo._since_statement(),
            **self._share_listing(
                "wine.share.entry",
                [
                    ("account_id", "=", account_sudo.id),
                    ("statement_id", "=", False),
                    ("kind", "!=", "split"),
                ],
                "/my/share/lines",
                page,
                "date desc, id desc",
                {"account": account_sudo.id},
            ),
        )

    @http.route("/my/share/line/<int:entry_id>", **SITE)
    def my_line(self, entry_id, sent=None, **_query):
        return self._line_page(self._share_own("wine.share.entry", entry_id), sent=bool(sent))

    def _line_page(self, entry_sudo, status=200, **values):
        response = self._share_page(
            "wine_profit_share.portal_share_line",
            entry_sudo.account_id,
            "statements" if entry_sudo.statement_id else "lines",
            entry=entry_sudo,
            steps=entry_sudo._steps_for_partner(),
            **values,
        )
        response.status_code = status
        return response

    @http.route("/my/share/line/<int:entry_id>/dispute", methods=["POST"], **SITE)
    def dispute_line(self, entry_id, text="", **_form):
        entry_sudo = self._share_own("wine.share.entry", entry_id)
        text = text.replace("\x00", "").strip()[:DISPUTE_LENGTH]
        if not text:
            error = request.env._("Say in a few words what is wrong with this line.")
            return self._line_page(entry_sudo, status=400, error=error)
        try:
            with request.env.cr.savepoint():
                entry_sudo._dispute(text)
        except UserError as refused:
            return self._line_page(entry_sudo, status=400, error=str(refused), text=text)
        return request.redirect(f"/my/share/line/{entry_sudo.id}?sent=1")

    # === STATEMENTS === #

    @http.route(["/my/share/statements", "/my/share/statements/page/<int:page>"], **SITE)
    def my_statements(self, page=1, account=None, **_query):
        account_sudo = self._account_sudo(account)
        return self._share_page(
            "wine_profit_share.portal_share_statements",
            account_sudo,
            "statements",
            since=account_sudo._since_statement(),
            **self._share_listing(
                "wine.share.statement",
                [("account_id", "=", account_sudo.id)],
                "/my/share/statements",
                page,
                "date_from desc",
                {"account": account_sudo.id},
            ),
        )

    @http.route(
        [
            "/my/share/statement/<int:statement_id>",
            "/my/share/statement/<int:statement_id>/page/<int:page>",
        ],
        **SITE,
    )
    def my_statement(self, statement_id, page=1, **_query):
        statement_sudo = self._share_own("wine.share.statement", statement_id)
        return self._share_page(
            "wine_profit_share.portal_share_statement",
            statement_sudo.account_id,
            "statements",
            statement=statement_sudo,
            **self._share_listing(
                "wine.share.entry",
                [("statement_id", "=", statement_sudo.id), ("kind", "!=", "split")],
                f"/my/share/statement/{statement_sudo.id}",
                page,
                "date desc, id desc",
            ),
        )

    @http.route("/my/share/statement/<int:statement_id>/pdf", **SITE)
    def statement_pdf(self, statement_id, **_query):
        statement_sudo = self._share_own("wine.share.statement", statement_id)
        return download(*statement_sudo._file_pdf(), "application/pdf")

    @http.route("/my/share/statement/<int:statement_id>/xlsx", **SITE)
    def statement_xlsx(self, statement_id, **_query):
        statement_sudo = self._share_own("wine.share.statement", statement_id)
        return download(*statement_sudo._file_xlsx(), XLSX)
