# SPDX-License-Identifier: LGPL-3.0-or-later
"""The kit's own line to the HTTPS door (docs/protocol §10): asks like `line.Line`, by posts."""

import json
import threading
import time
from dataclasses import dataclass

from fleet.asking import PATIENCE
from fleet.conformance.line import Heard, Line
from fleet.door import ASKED, Door

#: statuses with which the door asks to come again, and how long that is obeyed (seconds)
TOO_FAST, PACED = (429, 503), 60.0
POLL = 2.0  # seconds, the pace of §10; while a question is open it is ASKED


@dataclass(frozen=True)
class Reason:
    """What became of knocking, as a broker's reason code says it."""

    status: int

    @property
    def is_failure(self):
        """Whether nobody was let in."""
        return self.status != 200

    def __str__(self):
        return f"status {self.status}"


class DoorLine(Line):
    """One machine at the door; `listener` is called with each Heard."""

    def __init__(self, config, topic, account=(None, None), listener=lambda heard: None):
        """`topic` is the machine's part of the topics, under which the listener hears."""
        self.topic, self.listener = topic, listener
        self.door = Door(config.door, account[0] or "", account[1] or "", config.door_ca)
        self.changed, self.heard = threading.Condition(), []
        self.posting, self.open, self.version = threading.Lock(), False, None
        self.asking, self.asked_until = threading.Event(), 0.0

    def connect(self, seconds=5.0):
        """Knock; polls from now on. OSError: nobody there."""
        reason = Reason(self._post(b"{}"))
        if not reason.is_failure:
            self.open = True
            threading.Thread(target=self._poll, daemon=True).start()
        return reason

    def close(self):
        """Ask no more."""
        self.open = False
        with self.posting:
            self.door.close()

    def subscribe(self, *topics):
        """Everything comes by itself."""
        return []

    subscribe_retained = subscribe

    def say(self, topic, content, qos=1, retain=False, expiry=None):
        """Post a document or raw bytes as one message of its channel."""
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        self._post(b'{"%s":%s}' % (topic.rsplit("/", 1)[-1].encode(), payload))
        if isinstance(content, dict) and content.get("type") == "auth.request":
            self.asked_until = time.monotonic() + PATIENCE
            self.asking.set()

    def _poll(self):
        while self.open:
            self._rest()
            try:
                self._post(b"{}" if self.version is None else b'{"desired_version":%d}'
                           % self.version)  # fmt: skip
            except OSError:
                continue

    def _rest(self):
        """Until the next poll, as §10 allows a device: soon, while somebody waits for an answer."""
        if time.monotonic() < self.asked_until:
            time.sleep(ASKED)
        elif self.asking.wait(POLL):
            self.asking.clear()
            time.sleep(ASKED)

    def _patiently(self, body):
        """As §10 wants it: who is too fast comes again when the door says so."""
        until = time.monotonic() + PACED
        while True:
            with self.posting:
                answer = self.door.post(body)
            if not self.open or answer.status not in TOO_FAST or time.monotonic() > until:
                return answer
            time.sleep(answer.pause or 1)

    def _post(self, body):
        answer = self._patiently(body)
        found = [("evt_ack", ack) for ack in answer.content.get("evt_ack") or ()]
        found += [("cmd", command) for command in answer.content.get("commands") or ()]
        if answer.content.get("desired"):
            self.version = answer.content["desired"].get("version")
            found.append(("desired", answer.content["desired"]))
        for channel, document in found:
            payload = json.dumps(document, ensure_ascii=False).encode()
            heard = Heard(f"{self.topic}/down/{channel}", payload, 1, channel == "desired", None,
                          time.monotonic())  # fmt: skip
            with self.changed:
                self.heard.append(heard)
                self.listener(heard)
                self.changed.notify_all()
        return answer.status
