# SPDX-License-Identifier: LGPL-3.0-or-later
import hmac

from odoo import http
from odoo.http import request

from ..core.exposition import CONTENT_TYPE, Exposition
from ..models.wine_bridge_health import PARAMETER, hashed

#: who may ask by the session of a browser
MAY = "wine_vending.group_wine_admin"
DOOR = {
    "type": "http",
    "auth": "public",
    "methods": ["GET"],
    "save_session": False,
    "readonly": True,
    "sitemap": False,
}
#: status of the answer by status of the bridge: only what is down is an error to a watcher
HTTP = {"ok": 200, "degraded": 200, "down": 503}
GAUGES = {
    "waiting": ("waiting_messages", "Messages that are stored and not yet used"),
    "lag": ("lag_seconds", "Age of the oldest message that is stored and not yet used"),
    "gap_machines": ("gap_machines", "Machines of whose journal something is missing"),
    "gap_events": ("gap_events", "Events that are missing in journals"),
    "births": ("machine_births_last_hour", "Sessions that machines began within an hour"),
    "commands": ("commands_waiting", "Commands that are not sent yet"),
    "command_age": ("command_age_seconds", "Age of the oldest command that is not sent yet"),
}


class Health(http.Controller):
    """What a watcher asks from outside: is it well, and in figures, how well."""

    @http.route("/wine/health/live", **{**DOOR, "auth": "none"})
    def live(self):
        """For load balancers: this process answers. Says nothing else, asks nobody."""
        return request.make_json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})

    @http.route("/wine/health", **DOOR)
    def health(self):
        """``status`` (ok, degraded, down), ``reasons`` in words, ``figures``; 503 where down.

        401 without a token or a session, 403 with a wrong one.
        """
        if refusal := _refusal():
            return refusal
        health = request.env["wine.bridge.health"].sudo()
        state = health._state()
        content = {
            "status": state["status"],
            "reasons": [
                {"key": reason.key, "level": reason.level, "text": health._words(reason)}
                for reason in state["reasons"]
            ],
            "figures": state["figures"],
            "bridges": [
                {
                    "name": process["name"],
                    "alive": process["alive"],
                    "state": process["state"],
                    "connected": process["connected"],
                    "silent_seconds": round(process["silence"], 1),
                }
                for process in state["processes"]
            ],
        }
        return request.make_json_response(
            content, status=HTTP[state["status"]], headers={"Cache-Control": "no-store"}
        )

    @http.route("/wine/metrics", **DOOR)
    def metrics(self):
        """The same in Prometheus' text format 0.0.4; 200 also where the bridge is down."""
        if refusal := _refusal():
            return refusal
        text = _exposition(request.env["wine.bridge.health"].sudo()._state()).text()
        headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return request.make_response(text, headers=headers)


def _refusal():
    """The answer to whoever may not ask, before anything is looked up; else None."""
    scheme, _space, token = request.httprequest.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return None if _is_token(token.strip()) else _denied(403, "This token is not the one.")
    if not request.session.uid:
        return _denied(401, "Send the token: Authorization: Bearer …, or log in.")
    if request.env.user.has_group(MAY):
        return None
    return _denied(403, "Only the platform administrator looks at the bridge.")


def _is_token(token):
    """Compared as hashes in constant time; without a parameter no token is right."""
    wanted = request.env["ir.config_parameter"].sudo().get_param(PARAMETER) or ""
    return bool(wanted) and hmac.compare_digest(hashed(token).encode(), wanted.encode())


def _denied(status, text):
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="wine"'
    return request.make_json_response({"text": text}, status=status, headers=headers)


def _exposition(state):
    exposition = Exposition()
    order = ("down", "degraded", "ok")
    exposition.gauge("health", order.index(state["status"]), "2 ok, 1 degraded, 0 down")
    figures = state["figures"]
    for key, (name, text) in GAUGES.items():
        exposition.gauge(name, figures[key], text)
    for code, count in sorted(figures["quarantine_open"].items()):
        text = "Refused messages that nobody has settled"
        exposition.gauge("quarantine_open", count, text, code=code)
    for code, count in sorted(figures["quarantine_day"].items()):
        text = "Messages refused within 24 hours"
        exposition.gauge("quarantine_last_day", count, text, code=code)
    _door(exposition, figures["door"]["total"])
    for process in state["processes"]:
        _process(exposition, process)
    return exposition


def _door(exposition, total):
    """Of all workers together: they are kept in the database, and begin anew with it only."""
    for status, count in total["posts"].items():
        text = "Posts at the HTTPS door, by the status of the answer"
        exposition.counter("door_posts", count, text, status=status)
    exposition.counter("door_stored", total["stored"], "Messages that the HTTPS door stored")
    text = "Messages that came to the HTTPS door again"
    exposition.counter("door_duplicates", total["duplicates"], text)
    text = "Messages that the HTTPS door put in quarantine"
    exposition.counter("door_quarantined", total["quarantined"], text)


def _process(exposition, process):
    name = process["name"]
    labels = {"bridge": name}
    text = "Whether the bridge was heard of within 30 s, or said goodbye"
    exposition.gauge("up", int(process["alive"]), text, **labels)
    exposition.gauge("silent", int(process["silent"]), "Running and not heard of", **labels)
    exposition.gauge("seen_seconds_ago", process["silence"], "Since its last word", **labels)
    if process["alive"]:
        exposition.process(process["figures"] or {}, bridge=name)
