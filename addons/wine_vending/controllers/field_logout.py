# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import http
from odoo.addons.web.controllers.session import Session
from odoo.http import request


class FieldLogout(Session):
    """Who logs out leaves no route on the phone: not the stops, not what lies in the machines."""

    @http.route()
    def logout(self, redirect="/odoo"):
        store = self._wine_field_store()
        response = super().logout(redirect)
        if not store:
            return response
        return request.make_response(
            request.env["ir.qweb"]._render(
                "wine_vending.field_logout", {"store": store, "next": response.location}
            ),
            [("Cache-Control", "no-store"), ("Content-Type", "text/html; charset=utf-8")],
        )

    def _wine_field_store(self):
        """Name of the database on the phone of a member of the field staff, None for others."""
        uid = request.session.uid
        if not request.db or not uid:
            return None
        user = request.env["res.users"].sudo().browse(uid).exists()
        if not user.has_group("wine_vending.group_wine_service"):
            return None
        return f"wine-field-{request.db}-{uid}"
