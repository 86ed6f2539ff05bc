# SPDX-License-Identifier: LGPL-3.0-or-later
import json
import os

from odoo import http
from odoo.http import request

from .doorway import answer, is_private, not_private, patiently, refusal

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

        400: not understood; 403: no such open claim, whatever is wrong with it; 426: not by TLS;
        429: too many wrong ones from this address.
        """
        asked = request.httprequest
        if not is_private(asked):
            return not_private()
        content = _read(asked)
        if content is None:
            return refusal(400, "schema", "Send JSON with serial and code.")
        return patiently(lambda: _claim(content, asked.remote_addr))


def _claim(asked, address):
    Knock = request.env["wine.bridge.knock"].sudo()
    if wait := Knock._wait(address):
        return refusal(429, "locked", f"Come again in {wait} s.", Retry_After=wait)
    done = request.env["wine.bridge.claim"].sudo()._redeem(asked["serial"], asked["code"])
    if not done:
        Knock._count(address)
        text = "Serial number or code is wrong, or the code is used or over."
        return refusal(403, "refused", text)
    machine, epoch, version, secret = done
    return answer(
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


def _read(asked):
    if not 0 < (asked.content_length or 0) <= MOST_BYTES:
        return None
    try:
        content = json.loads(asked.get_data())
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    found = {name: content.get(name) for name in ("serial", "code")}
    return found if all(map(_storable, found.values())) else None


def _storable(value):
    """Whether it is a text that a database can be asked for: no NUL, no half character."""
    return isinstance(value, str) and "\0" not in value and value.isprintable()


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
