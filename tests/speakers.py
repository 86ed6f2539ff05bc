# SPDX-License-Identifier: LGPL-3.0-or-later
"""Machines that speak to a real broker by hand: one that keeps the rules, one that floods.

``python -m tests.speakers BROKER_PORT BASE UUID SECONDS PER_SECOND`` floods with the secret in
``SECRET``, and prints how many messages left.
"""

import json
import os
import sys
import threading
import time
from datetime import datetime, timezone
from uuid import uuid4

import paho.mqtt.client as mqtt

HOST = "127.0.0.1"


def event(seq, *, epoch=1, boot=None, kind="door", data=None, **more):
    """An event as a device writes it."""
    return {
        "id": str(uuid4()),
        "epoch": epoch,
        "seq": seq,
        "boot": boot or str(uuid4()),
        "ts": datetime.now(timezone.utc).isoformat(),
        "ts_q": "synced",
        "hist": False,
        "type": kind,
        "data": data or {"state": "opened"},
        **more,
    }


class Speaker:
    """A machine with a journal: says events, remembers when, and hears what is stored."""

    def __init__(self, port, base, uuid, secret):
        self.base, self.uuid = f"{base}/{uuid}", uuid
        self.journal, self.said, self.delays, self.heard = {}, {}, [], 0
        self.lock, self.boot = threading.Lock(), str(uuid4())
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, uuid, protocol=mqtt.MQTTv5)
        client.username_pw_set(uuid, secret)
        client.on_connect = lambda c, *_: c.subscribe(f"{self.base}/down/evt_ack", 1)
        client.on_message = self._heard
        client.max_queued_messages_set(0)
        self.client = client
        client.connect(HOST, port)
        client.loop_start()

    def say(self, channel, payload, qos=1):
        """Publish bytes, or what becomes JSON."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.client.publish(f"{self.base}/up/{channel}", body, qos)

    def tell(self, seq):
        """One event of the journal, now."""
        with self.lock:
            one = self.journal.setdefault(seq, event(seq, boot=self.boot))
            self.said[seq] = time.monotonic()
        self.say("evt", one)

    def knock(self):
        """A birth, which is answered by what the platform has."""
        data = {"fw": "1", "proto": 1, "caps": [], "next_seq": 1, "desired_version": 0, "slots": 1}
        birth = event(1, boot=self.boot, kind="birth", data=data)
        self.say("birth", {key: value for key, value in birth.items() if key != "seq"})

    def waiting(self):
        """Numbers that no acknowledgement covers yet."""
        with self.lock:
            return sorted(self.journal)

    def _heard(self, _client, _userdata, message):
        ack, now = json.loads(message.payload), time.monotonic()
        self.heard += 1
        refused = {entry["seq"] for entry in ack["rejected"]}
        with self.lock:
            held = set(ack["missing"]) - refused
            for seq in [one for one in self.journal if one <= ack["ack_seq"] or one in refused]:
                if seq not in held:
                    del self.journal[seq]
                    if seq in self.said:
                        self.delays.append(now - self.said.pop(seq))

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def flood(port, base, uuid, seconds, per_second):
    """Everything a broken board may say, without ever waiting for an answer."""
    board = Speaker(port, base, uuid, os.environ["SECRET"])
    time.sleep(0.5)
    turns = _turns(board)
    begin, sent = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        while sent < (time.monotonic() - begin) * per_second:
            turns[sent % len(turns)](sent)
            sent += 1
        time.sleep(0.005)
    print(json.dumps({"sent": sent, "seconds": time.monotonic() - begin}))
    board.close()


def _turns(board):
    common = {"epoch": 1, "boot": board.boot, "ts_q": "unset", "hist": False}
    seq = iter(range(10_000, 10_000_000))  # far above: the numbers below are told politely later

    def said(**more):
        return {"id": str(uuid4()), **common, **more}

    births = {"fw": "1", "proto": 1, "caps": [], "next_seq": 1, "desired_version": 0, "slots": 1}
    answer = {"cmd": str(uuid4()), "status": "received"}
    return [
        lambda _n: board.say("evt", event(next(seq))),
        lambda _n: board.say("evt", event(next(seq)), qos=0),
        lambda _n: board.say("evt", [event(next(seq)) for _i in range(50)]),
        lambda n: board.say("evt", event(n % 500 + 5000)),
        lambda n: board.say("evt", b'{"epoch":1,"seq":%d,"id":"rubbish"}' % n),
        lambda n: board.say("evt", b"\xff{" * (n % 5000)),
        lambda _n: board.say("tele", said(type="climate", data={"temperature": 11.5}), qos=0),
        lambda _n: board.say("birth", said(type="birth", data=births)),
        lambda _n: board.say("ack", said(type="ack", data=answer)),
        lambda _n: board.say("state", said(type="state", data={"state": "online"})),
    ]


if __name__ == "__main__":
    flood(int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5]))
