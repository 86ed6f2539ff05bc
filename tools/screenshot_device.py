# SPDX-License-Identifier: LGPL-3.0-or-later
"""A device for pictures of the bridge: it claims its machine at the HTTPS door and misbehaves.

What it says is refused, missing, asked, told twice, as devices in the field do it; the platform
makes of it what it makes of theirs.
"""

import base64
import json
import urllib.error
import urllib.request
from datetime import datetime, timezone
from uuid import uuid4

SERIAL, NAME = "WORKSHOP-1", "Workshop machine"
#: what people told it, and what it answers
TOLD = (
    ("log.request", "The display stays dark", "succeeded", None),
    ("machine.reboot", "After the log", "failed", "busy"),
    ("counter.request", "Before the visit", "received", None),
)


class Device:
    """The board of one machine, without a journal and without shame."""

    def __init__(self, url, machine, code):
        self.url = url
        claim = {"serial": SERIAL, "code": code}
        given = self._post("/wine/device/claim", claim, {})
        pair = f"{given['username']}:{given['password']}".encode()
        self.headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        self.epoch, self.seq, self.boot = given["epoch"], 0, str(uuid4())
        self.machine = machine

    def _post(self, path, content, headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, body, headers)  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)

    def say(self, **channels):
        """Post messages by channel; returns the platform's answer, None where it is refused."""
        return self.send(channels)

    def send(self, content):
        try:
            return self._post("/wine/device/events", content, self.headers)
        except urllib.error.HTTPError as error:
            if error.code != 400:
                raise
            return None

    def message(self, kind, data, **values):
        return {
            **{"id": str(uuid4()), "epoch": self.epoch, "boot": self.boot, "type": kind},
            **{"ts": datetime.now(timezone.utc).isoformat(), "ts_q": "synced", "hist": False},
            **{"data": data, **values},
        }

    def event(self, kind, data, **values):
        self.seq += 1
        return self.message(kind, data, seq=self.seq, **values)

    # === STORIES === #

    def begin(self):
        """Two boards with one secret: their power-ups alternate."""
        data = {"fw": "2.4.0", "proto": 1, "caps": [], "next_seq": 1, "desired_version": 0}
        boots = [self.boot, str(uuid4())] * 2
        births = [self.message("birth", {**data, "slots": 60}, boot=boot) for boot in boots]
        self.say(birth=births, state=self.message("state", {"state": "online"}))

    def break_the_protocol(self):
        """One refused message of each kind that a device can bring about."""
        opened = self.event("door", {"state": "opened", "by": "key"})
        sale = {
            **{"vend_id": str(uuid4()), "slot": "A1", "sku": "X", "qty": 1, "price": "twelve"},
            **{"currency": "USD", "pay": "cash", "price_version": 1, "outcome": "success"},
            "sensor": "confirmed",
        }
        self.say(evt=[opened, self.event("vend.local", sale)])
        self.say(evt={**opened, "data": {"state": "closed", "by": "key"}})
        self.say(evt=self.event("door", {"state": "closed"}, epoch=self.epoch + 8))
        self.send(b'{"evt": {"id": "half')

    def leave_out(self, count=3):
        """Numbers that never come."""
        self.seq += count
        money = {"coins": "12.50", "notes": "40.00", "tubes": "3.20"}
        self.say(evt=self.event("cash.level", money))

    def ask(self):
        """Somebody shows a card, and a pickup code."""
        for kind, token in (("member", "M-2207"), ("pickup", "PK-81734")):
            data = {"request_id": str(uuid4()), "kind": kind, "token": token}
            self.say(evt=self.event("auth.request", data))

    def measure(self):
        self.say(tele=self.message("tele", {"temperature": 12.4, "humidity": 61}))

    def answer(self):
        """Report what became of the commands that wait here."""
        answers = {kind: (status, code) for kind, _why, status, code in TOLD}
        for command in self.say()["commands"]:
            status, code = answers.get(command["type"], ("succeeded", None))
            data = {"cmd": command["id"], "status": status, **({"code": code} if code else {})}
            self.say(ack=self.message("ack", data))


def speak(url, platform):
    """Let the workshop's machine be claimed, and its device say everything, once.

    :param platform: ``Client`` of the platform administrator
    """
    machine = _machine(platform)
    refused = [("machine_id", "=", machine), ("code", "!=", False)]
    if platform.call("wine.bridge.event", "search_count", refused):
        return
    shown = platform.call("wine.machine", "action_claim_code", [machine])
    device = Device(url, machine, shown["context"]["default_secret"])
    device.begin()
    device.break_the_protocol()
    device.leave_out()
    device.ask()
    device.measure()
    for kind, why, _status, _code in TOLD:
        values = {"machine_id": machine, "kind": kind, "reason": why}
        guide = platform.call("wine.command.new", "create", [values])
        platform.call("wine.command.new", "action_send", guide)
    device.answer()


def _machine(platform):
    """Id of the machine in the workshop: of the demo's model and site, commissioned."""
    known = platform.call("wine.machine", "search", [("serial", "=", SERIAL)])
    if known:
        return known[0]
    like = platform.call(
        "wine.machine", "search_read", [("state", "=", "active")], ["model_id", "site_id"], limit=1
    )[0]
    values = {"name": NAME, "serial": SERIAL}
    values |= {name: like[name][0] for name in ("model_id", "site_id")}
    (machine,) = platform.call("wine.machine", "create", [values])
    platform.call("wine.machine", "action_commission", [machine])
    return machine
