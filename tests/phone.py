# SPDX-License-Identifier: LGPL-3.0-or-later
"""The phone of a field person, without its screen: the calls that the field app makes."""

from datetime import datetime, timezone
from uuid import uuid4

from tests.browserless import Visitor


class Phone(Visitor):
    """Logged in as one person; keeps entries until they are sent, as the app does."""

    def __init__(self, address, login):
        super().__init__(address, login)
        self.outbox = []
        self.route = None
        self.uid = self.rpc("/web/session/get_session_info", {})["uid"]

    def load(self):
        """Take today's route along; returns its stops in driving order."""
        self.route = self.rpc("/wine/field/route", {"uid": self.uid})
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
        results = self.rpc("/wine/field/sync", params)["results"]
        if not keep:
            self.outbox = []
        return results


def _now():
    return datetime.now(timezone.utc).isoformat()
