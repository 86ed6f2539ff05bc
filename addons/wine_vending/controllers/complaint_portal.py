# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import http
from odoo.addons.portal.controllers.portal import CustomerPortal, pager
from odoo.http import request

from .complaint_input import FORM_BYTES, Refused
from .help import Help

PAGE = 20


class ComplaintPortal(CustomerPortal):
    """``/my``: a consumer's own purchases and complaints; a host files for the own site.

    Portal users have no rights on vends and complaints. Each page asks, as superuser, for those of
    the user's own partner and of nobody else.
    """

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "wine_complaint_count" in counters:
            values["wine_complaint_count"] = self._complaints_sudo().search_count(
                self._own_domain()
            )
        if "wine_vend_count" in counters:
            values["wine_vend_count"] = (
                request.env["wine.vend"].sudo().search_count(self._own_domain())
            )
        return values

    def _complaints_sudo(self):
        return request.env["wine.complaint"].sudo()

    def _own_domain(self):
        return [("partner_id", "=", request.env.user.partner_id.id)]

    def _machines_sudo(self):
        """Machines on sites that the user's partner, or that partner's company, hosts."""
        partner = request.env.user.partner_id
        hosts = partner | partner.commercial_partner_id
        return (
            request.env["wine.machine"]
            .sudo()
            .search([("site_id.host_partner_id", "in", hosts.ids), ("state", "!=", "draft")])
        )

    def _listing(self, model_sudo, url, page, template, name, **values):
        domain = self._own_domain()
        pages = pager(url=url, total=model_sudo.search_count(domain), page=page, step=PAGE)
        records = model_sudo.search(domain, limit=PAGE, offset=pages["offset"], order="id desc")
        return request.render(
            template, {"page_name": name, "pager": pages, "records": records, **values}
        )

    @http.route(
        ["/my/complaints", "/my/complaints/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def my_complaints(self, page=1, **_query):
        return self._listing(
            self._complaints_sudo(),
            "/my/complaints",
            page,
            "wine_vending.portal_my_complaints",
            "wine_complaints",
            is_host=bool(self._machines_sudo()),
        )

    @http.route(["/my/vends", "/my/vends/page/<int:page>"], type="http", auth="user", website=True)
    def my_vends(self, page=1, **_query):
        return self._listing(
            request.env["wine.vend"].sudo(),
            "/my/vends",
            page,
            "wine_vending.portal_my_vends",
            "wine_vends",
        )

    @http.route("/my/complaints/new", type="http", auth="user", website=True, methods=["GET"])
    def site_machines(self, **_query):
        """The machines of the own sites; each leads to its form."""
        machines_sudo = self._machines_sudo()
        if not machines_sudo:
            raise request.not_found()
        return request.render(
            "wine_vending.portal_site_machines",
            {"page_name": "wine_complaints", "machines": machines_sudo},
        )


class SiteHelp(Help):
    """The same form for a site host, who tells of guests that came to the counter."""

    @http.route(
        "/my/complaints/new/<int:machine_id>",
        type="http",
        auth="user",
        website=True,
        methods=["GET", "POST"],
        max_content_length=FORM_BYTES,
    )
    def for_site(self, machine_id, **form):
        machine_sudo = ComplaintPortal()._machines_sudo().filtered(lambda m: m.id == machine_id)
        if not machine_sudo:
            raise request.not_found()
        if request.httprequest.method == "GET":
            return self._page(machine_sudo)
        if request.env["wine.complaint"]._too_many(self._source(), machine_sudo):
            return request.render("wine_vending.help_too_many", status=429)
        try:
            return self._file(machine_sudo, form, {"machine_id": machine_sudo.id})
        except Refused as error:
            return self._page(machine_sudo, form, str(error), status=400)

    def _filed_by(self):
        if request.httprequest.path.startswith("/my/"):
            return {"channel": "site", "partner_id": request.env.user.partner_id.id}
        return super()._filed_by()
