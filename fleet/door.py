# SPDX-License-Identifier: LGPL-3.0-or-later
"""The line of a machine without MQTT: posts at the platform's HTTPS door, docs/protocol §10.

What the device says is posted at once, a poll asks now and then what waits, and often while
somebody stands at the machine and waits for an answer. One post at a time and
machine, in threads beside the fleet's own; whatever came of it is handed over in `turn`.
"""

import gzip
import http.client
import json
import logging
import random
import ssl
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from urllib.parse import urlsplit

from fleet.errors import BadConfig
from fleet.outbox import NEVER

PATH = "/wine/device/events"
PATIENCE = 20.0  # seconds for an answer
MOST, ROOM = 200, 200 * 1024  # messages and bytes in one post
PACKED = 1024  # bytes from which a body is packed
SOON = 0.02  # seconds between looks at a post that is on its way
ASKED = 0.25  # seconds between polls while somebody waits for an answer, §10
BUSY = (429, 503)
SPLIT = (400, 413)  # as a whole: half of it may be taken, §10
log = logging.getLogger(__name__)
_pool = ThreadPoolExecutor(32, "door")


@dataclass(frozen=True)
class Answer:
    """What the door said; `content` is a dict, `pause` how long it asks to wait, seconds."""

    status: int
    content: dict
    pause: float = 0.0

    def __str__(self):
        said = self.content.get("text") or self.content.get("code") or ""
        return f"{self.status} {said}".strip()


class Door:
    """Posts for one account. Each object keeps one connection, used by one thread at a time."""

    def __init__(self, url, username, password, ca=None):
        where = urlsplit(url)
        if where.scheme not in ("http", "https") or not where.hostname:
            raise BadConfig(f"{url} is no address of a door: give https://HOST[:PORT]")
        self.where, self.path = where, where.path.rstrip("/") + PATH
        pair = b64encode(f"{username}:{password}".encode()).decode()
        self.headers = {"Content-Type": "application/json", "Authorization": f"Basic {pair}"}
        self.context = ssl.create_default_context(cafile=ca) if where.scheme == "https" else None
        self.connection = None

    def post(self, body):
        """Post JSON bytes; an Answer. OSError where there is none, which says nothing about it."""
        headers = dict(self.headers)
        if len(body) > PACKED:
            body, headers["Content-Encoding"] = gzip.compress(body, 6), "gzip"
        try:
            connection = self._connection()
            connection.request("POST", self.path, body, headers)
            given = connection.getresponse()
            text = given.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise OSError(f"the door does not answer: {error or type(error).__name__}") from error
        return Answer(given.status, _content(text), _seconds(given.headers.get("Retry-After")))

    def _connection(self):
        if self.connection is None:
            host, port = self.where.hostname, self.where.port
            if self.context:
                made = http.client.HTTPSConnection(
                    host, port, timeout=PATIENCE, context=self.context
                )
            else:
                made = http.client.HTTPConnection(host, port, timeout=PATIENCE)
            self.connection = made
        return self.connection

    def close(self):
        """Hang up; the next post connects anew."""
        connection, self.connection = self.connection, None
        if connection:
            connection.close()


class DoorLink:
    """The same as `fleet.transport.Link`, by posts. States: down, connecting, up."""

    def __init__(self, config, machine, owner, poll):
        self.config, self.machine, self.owner, self.poll = config, machine, owner, poll
        self.state = "down"
        self.door, self.post = None, None
        self.waiting, self.saying, self.owed = [], [], []
        self.most = MOST
        self.next_at = 0.0

    # from the owner

    def connect(self, _will):
        """Knock with an empty post; nobody speaks a last will here, silence does."""
        self.drop()
        self.most, machine = MOST, self.machine
        self.door = Door(self.config.door, machine.username, machine.password, self.config.door_ca)
        self.state = "connecting"
        self._start([])

    def publish(self, message):
        """Take a Message along with the next post; False where there is no session.

        Events wait each by itself: an array is no message that has to stay whole.
        """
        if self.state != "up":
            return False
        channel = message.suffix.rsplit("/", 1)[-1]
        parts = getattr(message.payload, "parts", (message.payload,))
        self.waiting += [(channel, text) for text in parts]
        self.next_at = 0.0
        return True

    def drop(self):
        """Lose the line: what was on its way is not heard of any more."""
        self.state, self.post, self.door, self.waiting = "down", None, None, []

    def leave(self):
        """Say what is left, and wait for it a little."""
        end = time.monotonic() + 3.0
        while self.state == "up" and (self.post or self.waiting) and time.monotonic() < end:
            if not self.post:
                self._start(self._some())
            wait_for([self.post], max(end - time.monotonic(), 0))
            self._finish(0.0)
        self.drop()

    # from the loop

    def turn(self, now):
        """Hear what came of the last post; begin the next one when it is time."""
        self._finish(now)
        if self.state == "up" and not self.post and now >= self.next_at:
            self._start(self._some())

    def _finish(self, now):
        if self.post and self.post.done():
            post, self.post = self.post, None
            self._ended(post, now)

    def wake(self, now):
        """When `turn` is to be called again."""
        if self.state == "down":
            return NEVER
        return now + SOON if self.post else self.next_at

    def _some(self):
        """As much of what waits as fits into one post."""
        room, count = ROOM, 0
        while count < min(len(self.waiting), self.most) and (room > 0 or not count):
            room -= len(self.waiting[count][1].encode())
            count += bool(room > 0 or not count)
        some, self.waiting = self.waiting[:count], self.waiting[count:]
        return some

    def _start(self, some):
        self.saying = some
        self.post = _pool.submit(self.door.post, body(some, self.owner.version))

    def _ended(self, post, now):
        try:
            answer = post.result()
        except OSError as error:
            return self._lost(str(error))
        if answer.status in BUSY and self.state == "up":
            self.waiting = self.saying + self.waiting
            self.next_at = now + (answer.pause or 1.0) * random.uniform(1.0, 1.2)
            return None
        if answer.status in SPLIT and self.state == "up" and self.saying:
            return self._apart(answer, now)
        if answer.status != 200:
            return self._lost(f"the door answers {answer}")
        self.most = self.most if self.waiting else MOST
        self.saying, self.next_at = [], self._next(now)
        if self.state == "connecting":
            self.state = "up"
            self.waiting, self.owed = self.owed, []
            self.owner.on_up()
        self._heard(answer.content)
        return None

    def _apart(self, answer, now):
        """Post the halves of what is refused as a whole; what is refused by itself is given up."""
        said, self.saying, self.next_at = self.saying, [], now
        if len(said) > 1:
            self.waiting, self.most = said + self.waiting, len(said) // 2
            return
        self.most = MOST
        self.owner.on_refused(*said[0], f"the door answers {answer}")

    def _next(self, now):
        """When to post again: at once where something was said meanwhile, soon for who waits."""
        if self.waiting:
            return now
        return now + (min(self.poll, ASKED) if self.owner.asked else self.poll)

    def _lost(self, why):
        """Events are the journal's business; what else was said is owed to the next session."""
        said = self.saying + self.waiting
        self.owed += [one for one in said if one[0] == "ack"]
        log.warning("%s: %s", self.machine.serial, why)
        self.drop()
        self.owner.on_down()

    def _heard(self, content):
        for ack in content.get("evt_ack") or ():
            self.owner.on_message("evt_ack", json.dumps(ack))
        if content.get("desired"):
            self.owner.on_message("desired", json.dumps(content["desired"]))
        for command in content.get("commands") or ():
            self.owner.on_message("cmd", json.dumps(command))


def body(said, version=None):
    """The bytes of one post: [(channel, JSON text of a message or of an array)]."""
    channels = {}
    for channel, text in said:
        text = text.strip()
        channels.setdefault(channel, []).append(text[1:-1] if text.startswith("[") else text)
    parts = [f'"{channel}":[{",".join(texts)}]' for channel, texts in channels.items()]
    parts += [f'"desired_version":{version}'] if version else []
    return f"{{{','.join(parts)}}}".encode()


def _content(text):
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(text):
    return float(text) if text and text.isdigit() else 0.0
