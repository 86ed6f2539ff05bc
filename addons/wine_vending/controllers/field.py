# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request
from odoo.tools import file_open
from odoo.tools.json import scriptsafe

SCOPE = "/wine/field"
#: entries of one request; a phone with more sends again
MOST = 50


class FieldApp(http.Controller):
    """The page of field staff: a shell that works without a connection, and two calls behind it."""

    @http.route(SCOPE, type="http", auth="user", methods=["GET"], sitemap=False)
    def shell(self):
        """The page itself: assets, words and who it is for; the route comes by a call."""
        if not request.env.user.has_group("wine_vending.group_wine_service"):
            return request.redirect("/odoo")
        return request.render(
            "wine_vending.field_shell",
            {"boot": scriptsafe.dumps(self._boot())},
            headers={"Cache-Control": "no-store"},
        )

    def _boot(self):
        user = request.env.user
        lang = user.lang or "en_US"
        words, _parameters = request.env["ir.http"]._get_translations_for_webclient(
            ["wine_vending"], lang
        )
        return {
            "uid": user.id,
            "name": user.name,
            "lang": lang.replace("_", "-"),
            "db": request.env.cr.dbname,
            "words": {
                message["id"]: message["string"]
                for module in words.values()
                for message in module["messages"]
            },
        }

    @http.route(
        f"{SCOPE}/service-worker.js", type="http", auth="public", methods=["GET"], sitemap=False
    )
    def service_worker(self):
        with file_open("wine_vending/static/src/field_worker/service_worker.js") as file:
            body = file.read()
        return request.make_response(
            body,
            [
                ("Content-Type", "text/javascript"),
                ("Service-Worker-Allowed", SCOPE),
                ("Cache-Control", "no-cache"),
            ],
        )

    @http.route(
        f"{SCOPE}/manifest.webmanifest", type="http", auth="public", methods=["GET"], sitemap=False
    )
    def manifest(self):
        icon = "/wine_vending/static/description/icon.png"
        return request.make_json_response(
            {
                "name": request.env._("My route"),
                "short_name": request.env._("My route"),
                "scope": SCOPE,
                "start_url": SCOPE,
                "display": "standalone",
                "background_color": "#ffffff",
                "theme_color": "#5b1a36",
                "icons": [{"src": icon, "sizes": "128x128", "type": "image/png"}],
            },
            {"Content-Type": "application/manifest+json"},
        )

    @http.route(f"{SCOPE}/route", type="jsonrpc", auth="user", readonly=True)
    def route(self, uid=None):
        """Today's stops with everything needed offline."""
        self._check_user(uid)
        return request.env["wine.visit"]._field_route()

    @http.route(f"{SCOPE}/sync", type="jsonrpc", auth="user")
    def sync(self, uid, entries, sent_at=None):
        """Take in what the phone kept; each entry is answered for itself.

        :param int uid: whose entries they are; the phone may have changed hands since
        """
        self._check_user(uid)
        if not isinstance(entries, list) or len(entries) > MOST:
            raise AccessError(request.env._("Send at most %s entries at a time.", MOST))
        results = request.env["wine.visit.entry"]._sync(
            [entry for entry in entries if isinstance(entry, dict)], sent_at
        )
        return {"results": results}

    def _check_user(self, uid):
        user = request.env.user
        if not user.has_group("wine_vending.group_wine_service"):
            raise AccessError(request.env._("Field visits are for service staff."))
        if uid != user.id:
            raise AccessError(
                request.env._(
                    "These entries were made by somebody else on this phone. They wait until that "
                    "person logs in."
                )
            )
