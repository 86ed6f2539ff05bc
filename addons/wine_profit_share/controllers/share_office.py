# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from .share_desk import download
from .share_lines import XLSX


class ShareOffice(http.Controller):
    """Files for the back office, by the user's own rights."""

    @http.route("/wine/share/statement/<int:statement_id>/xlsx", type="http", auth="user")
    def statement_xlsx(self, statement_id):
        statement = request.env["wine.share.statement"].browse(statement_id).exists()
        if not statement:
            raise request.not_found()
        try:
            statement.check_access("read")
        except AccessError as error:
            raise request.not_found() from error
        return download(*statement._file_xlsx(), XLSX)
