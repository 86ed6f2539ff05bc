# SPDX-License-Identifier: LGPL-3.0-or-later
"""The phone of a field person, without its screen: the calls that the field app makes."""

import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from uuid import uuid4


class Phone:
    """Logged in as one person; keeps entries until they are sent, as the app does."""

    def __init__(self, address, login):
        self.address = address
        self.outbox = []
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        page = self.opener.open(f"{address}/web/login", timeout=60).read().decode()
        token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
        form = {"csrf_token": token, "login": login, "password": login}
        self.opener.open(f"{address}/web/login", urllib.parse.urlencode(form).encode()).read()
        self.route = None
        self.uid = self._call("/web/session/get_session_info", {})["uid"]

    def _call(self, path, params):
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.address + path,
            body,
            {"Content-Type": "application/json"},
        )
        answer = json.load(self.opener.open(request, timeout=60))
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def load(self):
        """Take today's route along; returns its stops in driving order."""
        self.route = self._call("/wine/field/route", {"uid": self.uid})
        return self.route["stops"]

    def note(self, stop, kind, payload):
        """Keep one entry of a visit."""
        self.outbox.append(
            {
                "uuid": str(uuid4()),
                "kind": kind,
                "visit": stop["uuid"],
                "machine": stop["machine"],
                "moment": _now(),
                "payload": payload,
            }
        )

    def send(self, keep=False):
        """Send what was kept; ``keep`` is a connection that broke before the answer came."""
        params = {"uid": self.uid, "entries": self.outbox, "sent_at": _now()}
        results = self._call("/wine/field/sync", params)["results"]
        if not keep:
            self.outbox = []
        return results


def _now():
    return datetime.now(timezone.utc).isoformat()
