# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from datetime import datetime
from ipaddress import ip_network
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from psycopg2.errors import UniqueViolation

from odoo import http
from odoo.http import request
from odoo.tools import consteq
from odoo.tools.misc import hmac

from ..models.wine_complaint import KINDS
from .complaint_input import FORM_BYTES, Refused, read_form, read_photos

_logger = logging.getLogger(__name__)

#: what somebody may still write to an open complaint
NOTES, NOTE_LENGTH = 10, 2000
ICONS = {
    "nothing": "fa-ban",
    "wrong": "fa-random",
    "bad": "fa-thumbs-o-down",
    "overcharged": "fa-money",
    "other": "fa-comment-o",
}


class Help(http.Controller):
    """``/wine/help``: where the QR code on a machine leads somebody who got nothing.

    No login. Nothing is told of what others bought: what the consumer knows is matched in silence,
    and every answer looks the same. Who sends the same page twice gets the same complaint.
    """

    @http.route(
        ["/wine/help", "/wine/help/<string:machine_uuid>"],
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["GET"],
    )
    def ask(self, machine_uuid=None, **_query):
        return self._page(self._machine(machine_uuid))

    @http.route(
        ["/wine/help", "/wine/help/<string:machine_uuid>"],
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["POST"],
        max_content_length=FORM_BYTES,
    )
    def file(self, machine_uuid=None, **form):
        machine_sudo = self._machine(machine_uuid)
        if form.get("homepage"):  # a field that no human sees
            return request.render("wine_vending.help_thanks")
        try:
            if not machine_sudo:
                said = self._machine_by_plate(form.get("plate"))
                machine = request.env["wine.machine"].sudo().browse(said["machine_id"])
            else:
                said, machine = {"machine_id": machine_sudo.id}, machine_sudo
            if request.env["wine.complaint"]._too_many(self._source(), machine):
                return request.render("wine_vending.help_too_many", status=429)
            return self._file(machine_sudo, form, said)
        except Refused as error:
            return self._page(machine_sudo, form, str(error), status=400)

    def _file(self, machine_sudo, form, said):
        complaint_uuid = self._identity(form)
        status = f"/wine/help/status/{self._token(complaint_uuid)}"
        known = (
            request.env["wine.complaint"]
            .sudo()
            .search_count([("uuid", "=", complaint_uuid)], limit=1)
        )
        if known:  # photos are not read again for nothing
            return request.redirect(status, code=303)
        zone = machine_sudo.region_id.tz or form.get("tz") or "UTC"
        values = read_form(request.env, form, zone)
        photos = read_photos(request.env, request.httprequest.files.getlist("photo"))
        values.update(self._filed_by(), **said)
        values.update(
            uuid=complaint_uuid,
            access_token=self._token(complaint_uuid),
            source_hash=self._source(),
            lang=request.env.lang,
        )
        self._store(values, photos)
        return request.redirect(status, code=303)

    def _store(self, values, photos):
        """Store once; where another request with this identity was faster, that one counts."""
        try:
            with request.env.cr.savepoint():
                request.env["wine.complaint"]._file(values, photos)
        except UniqueViolation:
            _logger.info("complaint %s was filed twice at once", values["uuid"])

    def _filed_by(self):
        user = request.env.user
        if user._is_public():
            return {"channel": "web"}
        return {"channel": "portal", "partner_id": user.partner_id.id}

    # === WHICH MACHINE === #

    def _machine(self, machine_uuid):
        """The machine of a QR code as superuser, for its name and region only; else nothing."""
        Machine = request.env["wine.machine"].sudo()
        try:
            canonical = str(UUID(machine_uuid or ""))
        except ValueError:
            return Machine
        return Machine.search([("uuid", "=", canonical)])

    def _machine_by_plate(self, plate):
        """A number typed in: looked up in silence, so that nobody can try numbers out."""
        plate = (plate or "").strip()[:64]
        if not plate:
            raise Refused(request.env._("Write the number that is printed on the machine."))
        machine_sudo = (
            request.env["wine.machine"].sudo().search([("serial", "=ilike", _literal(plate))])
        )
        found = machine_sudo if len(machine_sudo) == 1 else machine_sudo.browse()
        return {"machine_id": found.id, "machine_said": plate}

    # === IDENTITY OF A FORM === #

    def _identity(self, form):
        """The identity that our own page gave this form; a made-up one is replaced."""
        given, seal = form.get("ref") or "", form.get("seal") or ""
        return given if consteq(self._seal(given), seal) else str(uuid4())

    def _seal(self, complaint_uuid):
        return hmac(request.env(su=True), "wine-complaint-form", complaint_uuid)

    def _token(self, complaint_uuid):
        """The key of the status page: follows from the identity, for who sends the form twice."""
        return hmac(request.env(su=True), "wine-complaint-token", complaint_uuid)

    def _source(self):
        """Where a request comes from, so that it can be counted and not be read."""
        address = request.httprequest.remote_addr or ""
        if ":" in address:  # who has one IPv6 address has 2⁶⁴ of them
            network = ip_network(f"{address.split('%')[0]}/64", strict=False)
            address = str(network.network_address)
        return hmac(request.env(su=True), "wine-complaint-source", address)

    # === PAGES === #

    def _page(self, machine_sudo, form=None, error=None, status=200):
        form = form or {}
        complaint_uuid = self._identity(form)
        zone = ZoneInfo(machine_sudo.region_id.tz or "UTC")
        values = {
            "machine": machine_sudo,
            "kinds": self._kinds(),
            "icons": ICONS,
            "form": {
                "happened_at": datetime.now(zone).strftime("%Y-%m-%dT%H:%M"),
                **self._known_contact(),
                **form,
            },
            "error": error,
            "ref": complaint_uuid,
            "seal": self._seal(complaint_uuid),
            "action": request.httprequest.path,
        }
        return request.render("wine_vending.help_form", values, status=status)

    def _kinds(self):
        field = request.env["wine.complaint"]._fields["kind"]
        return field._description_selection(request.env) or KINDS

    def _known_contact(self):
        partner = request.env.user.partner_id
        if request.env.user._is_public():
            return {}
        return {"contact_name": partner.name, "email": partner.email, "phone": partner.phone}

    # === STATUS === #

    @http.route(
        "/wine/help/status/<string:token>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["GET"],
    )
    def status(self, token, **_query):
        complaint_sudo = self._by_token(token)
        response = request.render(
            "wine_vending.help_status",
            {"complaint": complaint_sudo, "notes": self._notes(complaint_sudo)},
        )
        response.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        return response

    @http.route(
        "/wine/help/status/<string:token>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["POST"],
    )
    def add(self, token, note="", **_form):
        """The consumer adds something; a rejected complaint is looked at again by who reads it."""
        complaint_sudo = self._by_token(token)
        note = note.replace("\x00", "").strip()[:NOTE_LENGTH]
        if note and len(self._notes(complaint_sudo)) < NOTES:
            complaint_sudo.message_post(
                body=note,
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                author_id=complaint_sudo.partner_id.id or None,
                email_from=complaint_sudo.email or complaint_sudo.contact_name or None,
            )
        return request.redirect(f"/wine/help/status/{token}", code=303)

    def _by_token(self, token):
        complaint_sudo = request.env["wine.complaint"].sudo()
        if len(token) >= 32:
            complaint_sudo = complaint_sudo.search([("access_token", "=", token)], limit=1)
        if not complaint_sudo:
            raise request.not_found()
        return complaint_sudo

    def _notes(self, complaint_sudo):
        """What was said openly: the consumer's words and our public answers, no internal notes."""
        return complaint_sudo.message_ids.filtered(
            lambda message: message.message_type == "comment" and not message.subtype_id.internal
        ).sorted("id")


def _literal(text):
    """Text for ``=ilike`` in which nothing is a wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
