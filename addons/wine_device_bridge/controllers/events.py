# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from psycopg2 import OperationalError

from odoo import http
from odoo.http import request

from ..core import door
from ..models.wine_bridge_door import Closed, TooFast
from .doorway import answer, is_private, not_private, patiently, refusal

_logger = logging.getLogger(__name__)


class DeviceEvents(http.Controller):
    """The door for machines without MQTT (docs/protocol §10)."""

    @http.route(
        "/wine/device/events",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        sitemap=False,
    )
    def events(self, **_form):
        """Messages of one machine → what is stored of them, and what waits for the machine.

        400: not understood; 401: wrong name or secret; 403: suspended or revoked; 411, 413: no
        length, or too much; 426: not by TLS; 429: too fast; 503: the database is busy.
        """
        answered = _answered(request.httprequest)
        if answered.status_code not in (200, 400):  # those are counted with what they store
            _count(answered.status_code)
        return answered


def _answered(asked):
    if not is_private(asked):
        return not_private()
    if asked.content_length is None:
        return refusal(411, "length", "Say how long the body is.")
    if asked.content_length > door.MOST_BYTES:
        text = f"{asked.content_length} bytes; {door.MOST_BYTES} at most. Send fewer events."
        return refusal(413, "too_large", text)
    try:
        return patiently(lambda: _serve(asked))
    except TooFast as fast:
        text = f"Come again in {fast.seconds} s."
        return refusal(429, fast.code, text, Retry_After=fast.seconds)


def _count(status):
    """A figure is worth no refusal of its own: a database that cannot take it goes uncounted."""
    try:
        request.env["wine.bridge.door.count"].sudo()._count(status)
    except OperationalError as error:
        request.env.cr.rollback()
        _logger.info("an answer %s was not counted: %s", status, str(error).partition("\n")[0])


def _serve(asked):
    said = asked.authorization
    if not said or said.type != "basic" or said.username is None or said.password is None:
        return _unknown()
    place = request.env["wine.bridge.door"].sudo()
    try:
        account = place._admit(said.username, said.password, asked.remote_addr)
    except Closed as closed:
        text = "This machine may not speak. Ask its operator."
        return refusal(403, closed.code, text)
    if not account:
        return _unknown()
    raw = asked.get_data()
    try:
        raw = door.opened(raw, asked.headers.get("Content-Encoding"))
        place._check_pace(account, raw)
        return answer(200, place._take(account, door.read(raw)))
    except door.TooLarge as error:
        place._refuse(account, raw)
        return refusal(413, "too_large", f"{error}. Send fewer events.")
    except door.Unreadable as error:
        place._quarantine(account, raw, str(error))
        return refusal(400, "schema", str(error))


def _unknown():
    text = "Name or secret is wrong."
    return refusal(401, "refused", text, WWW_Authenticate='Basic realm="wine-device"')
