# SPDX-License-Identifier: LGPL-3.0-or-later
import ipaddress
import json
import os

from odoo import http
from odoo.http import request

MOST_BYTES = 2048


class DeviceClaim(http.Controller):
    """The door by which a board becomes a machine (docs/protocol §9)."""

    @http.route(
        "/wine/device/claim",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        sitemap=False,
    )
    def claim(self, **_form):
        """``{"serial": …, "code": …}`` → machine, epoch, credential; the code is used up then.

        400: not understood; 403: no such open claim, whatever is wrong with it; 426: not by TLS.
        """
        if not _is_private(request.httprequest):
            return _answer(426, {"code": "tls", "text": "A secret travels by HTTPS only."})
        asked = _read(request.httprequest)
        if asked is None:
            return _answer(400, {"code": "schema", "text": "Send JSON with serial and code."})
        done = request.env["wine.bridge.claim"].sudo()._redeem(asked["serial"], asked["code"])
        if not done:
            text = "Serial number or code is wrong, or the code is used or over."
            return _answer(403, {"code": "refused", "text": text})
        machine, epoch, version, secret = done
        return _answer(
            200,
            {
                "machine": machine.uuid,
                "epoch": epoch,
                "username": machine.uuid,
                "client_id": machine.uuid,
                "password": secret,
                "version": version,
                **_where(request.env.cr.dbname),
            },
        )


def _is_private(asked):
    """Whether nobody reads along: TLS (a proxy says so), or the machine itself."""
    if asked.scheme == "https":
        return True
    try:
        return ipaddress.ip_address(asked.remote_addr or "").is_loopback
    except ValueError:
        return False


def _read(asked):
    if (asked.content_length or 0) > MOST_BYTES:
        return None
    try:
        content = json.loads(asked.get_data(cache=False)[:MOST_BYTES])
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    found = {name: content.get(name) for name in ("serial", "code")}
    fine = all(isinstance(value, str) and "\0" not in value for value in found.values())
    return found if fine else None


def _where(database):
    """Where machines find the broker; it may be another address than the bridge's."""
    environ = os.environ
    tls = environ.get("WINE_DEVICE_MQTT_TLS", "1" if environ.get("WINE_MQTT_CA") else "0")
    return {
        "root": environ.get("WINE_MQTT_ROOT", "wine/v1").strip("/"),
        "tenant": environ.get("WINE_MQTT_TENANT") or database,
        "broker": {
            "host": environ.get("WINE_DEVICE_MQTT_HOST")
            or environ.get("WINE_MQTT_HOST", "127.0.0.1"),
            "port": int(
                environ.get("WINE_DEVICE_MQTT_PORT") or environ.get("WINE_MQTT_PORT") or 1883
            ),
            "tls": tls == "1",
        },
    }


def _answer(status, content):
    return request.make_json_response(content, status=status, headers={"Cache-Control": "no-store"})
