# SPDX-License-Identifier: LGPL-3.0-or-later
"""Messages as no honest device writes them: good ones, spoilt in every way that comes to mind.

Drawn from one seed, so that a run can be repeated: ``Fuzzer(7).messages(1000)`` is always the same.
"""

import copy
import json
import random
import struct
from itertools import islice
from pathlib import Path

from fleet.ids import Ids

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "protocol" / "examples.json"
UP = ("birth", "state", "evt", "ack", "reported", "tele")
#: what stands where something else is expected
NUMBERS = (0, -1, 1, 2, 49, 51, 2**31 - 1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**30,
           -(10**30), 1.0, 0.1, -0.0, 1e308, 1e999, 5e-324, 10**400)  # fmt: skip
TEXTS = (
    "", " ", "\0", "a\0b", "\ud800", "\udfff", "\U0001f377", "../../etc/passwd",
    "\u202e\u0645\u0631\u062d\u0628\u0627", "'; DROP TABLE wine_machine; --", "%s%n%(x)s{0}",
    "<script>alert(1)</script>", "A" * 300, "null", "NaN", "1e999", "12,50", "-0.00", "00.10",
    "1_000.00", "\uff11\uff12.00", "9" * 40 + ".00", "2026-02-30T25:61:61Z",
    "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00",
    "2026-03-10T12:00:00", "2026-03-10T12:00:60Z", "00000000-0000-0000-0000-000000000000",
    "{00000000-0000-7000-8000-000000000000}", "\x1b[2J\r\n2026-01-01 ERROR forged",
    "e\u0301" * 20, "\ufeff", "\x7f", "a/b/#", "+",
)  # fmt: skip
OTHERS = (None, True, False, [], {}, [[]], {"": ""}, [None] * 60, {"a": {"b": {"c": {}}}})
TOKENS = (b"null", b"{}", b"[]", b'""', b"0", b"-", b"1e999", b"NaN", b"Infinity", b"\\u0000",
          b"\\ud800", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\0", b",", b":", b"{", b"[", b'"',
          b"/*x*/", b"\xef\xbb\xbf", b"\r\n", b"true", b"1" * 5000)  # fmt: skip


class Fuzzer:
    """Draws messages. :param int seed: the same one, the same messages"""

    def __init__(self, seed, base="wine/v1/fuzz", machines=()):
        """:param machines: UUIDs of the topics"""
        self.random, self.ids = random.Random(seed), Ids(f"fuzz-{seed}")
        self.base, self.machines = base, machines or (self.uuid(),)
        self.examples = [
            (one["channel"], one["message"])
            for one in json.loads(EXAMPLES.read_text(encoding="utf-8"))
            if one["channel"] in UP
        ]
        self.number = 0
        self.spoilt = False  #: whether the last message differs from what a device would say

    def uuid(self, version=7):
        return self.ids.uuid7(1_760_000_000) if version == 7 else self.ids.uuid4()

    def messages(self, count):
        """[(topic, payload)], each spoilt once to thrice, some of them not at all."""
        return [self.message() for _n in range(count)]

    def message(self):
        channel, content = self.random.choice(self.examples)
        machine = self.random.choice(self.machines)
        content = self.fresh(content)
        plain, right = self.written(content), f"{self.base}/{machine}/up/{channel}"
        for _turn in range(self.random.choice((0, 1, 1, 1, 2, 3))):
            content = self.random.choice(MUTATIONS)(self, content)
        if channel == "evt" and not isinstance(content, bytes) and self.random.random() < 0.1:
            content = self.array(content)
        payload = content if isinstance(content, bytes) else self.written(content)
        if self.random.random() < 0.25:
            payload = self.random.choice(BYTES)(self, payload)
        topic = self.topic(machine, channel)
        self.spoilt = topic != right or payload != plain
        return topic, payload

    def spoilt_messages(self, count):
        """(topic, payload, whether spoilt) until ``count`` were spoilt."""
        while count > 0:
            topic, payload = self.message()
            count -= self.spoilt
            yield topic, payload, self.spoilt

    def fresh(self, content):
        """Another identity, so that not everything is a duplicate of everything."""
        content = json.loads(json.dumps(content))
        self.number += 1
        if self.random.random() < 0.95:
            content["id"] = self.uuid()
            if "seq" in content:
                content["seq"] = self.number
        return content

    def topic(self, machine, channel):
        """Nearly always the right one; the broker lets hardly anything else through."""
        draw = self.random.random()
        if draw < 0.94:
            return f"{self.base}/{machine}/up/{channel}"
        wrong = self.random.choice(
            (
                lambda: f"{self.base}/{self.uuid(4)}/up/{channel}",
                lambda: f"{self.base}/{machine.upper()}/up/{channel}",
                lambda: f"{self.base}/{machine}/up/{channel}/more",
                lambda: f"{self.base}/{machine}/down/cmd",
                lambda: f"{self.base}/{machine}/up/",
                lambda: f"{self.base}//up/{channel}",
                lambda: f"{self.base}2/{machine}/up/{channel}",
                lambda: f"wine/v1/other/{machine}/up/{channel}",
                lambda: f"$share/bridge/{self.base}/{machine}/up/{channel}",
                lambda: "$SYS/broker/version",
                lambda: "$CONTROL/dynamic-security/v1",
                lambda: "",
                lambda: "/",
                lambda: f"{self.base}/{machine}/up/{self.random.choice(TEXTS)}",
                lambda: f"{self.base}/{self.random.choice(TEXTS)}/up/{channel}",
                lambda: f"{self.base}/{machine}/up/{channel}\\xff\\xfe",
            )
        )
        return wrong()

    def array(self, content):
        count = self.random.choice((0, 1, 2, 5, 50, 51))
        return [self.fresh(content) if isinstance(content, dict) else content for _ in range(count)]

    @staticmethod
    def written(content):
        return json.dumps(content, ensure_ascii=True).encode()

    def value(self):
        """Something hostile."""
        kind = self.random.choice((NUMBERS, TEXTS, OTHERS))
        return copy.deepcopy(self.random.choice(kind))


# === MUTATIONS OF CONTENT === #


def places(content, path=()):
    """Paths of all values, envelope first."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def _parent(content, path):
    for key in path[:-1]:
        content = content[key]
    return content


def _somewhere(fuzzer, content):
    return fuzzer.random.choice(list(islice(places(content), 100))) if content else None


def _replaced(fuzzer, content):
    path = isinstance(content, dict) and _somewhere(fuzzer, content)
    if path:
        _parent(content, path)[path[-1]] = fuzzer.value()
    return content


def _removed(fuzzer, content):
    path = isinstance(content, dict) and _somewhere(fuzzer, content)
    if path:
        del _parent(content, path)[path[-1]]
    return content


def _added(fuzzer, content):
    if isinstance(content, dict):
        where = content["data"] if fuzzer.random.random() < 0.5 else content
        if isinstance(where, dict):
            where[fuzzer.random.choice(("x", "machine", "epoch", "qty", "__proto__", "", "\0"))] = (
                fuzzer.value()
            )
    return content if isinstance(content, dict) and "data" in content else {}


def _deep(fuzzer, content):
    """More levels than anybody asks for, or so many that a reader falls over."""
    depth = fuzzer.random.choice((7, 8, 9, 100, 5000))
    if depth == 5000:
        return b"[" * 5000 + b"]" * 5000
    nested = []
    for _level in range(depth):
        nested = [nested] if fuzzer.random.random() < 0.5 else {"a": nested}
    if isinstance(content, dict):
        content["data"] = {"nested": nested}
    return content


def _giant(fuzzer, content):
    size = fuzzer.random.choice((31_000, 33_000, 70_000))
    if isinstance(content, dict):
        content["pad"] = "x" * size if fuzzer.random.random() < 0.5 else [0] * (size // 3)
    return content


def _type_of_another(fuzzer, content):
    if isinstance(content, dict):
        content["type"] = fuzzer.random.choice(fuzzer.examples)[1].get("type")
    return content


def _epoch(fuzzer, content):
    if isinstance(content, dict):
        content["epoch"] = fuzzer.random.choice((0, 2, 1000, 2**53, -1, "1", 1.0, None))
    return content


def _named(fuzzer, content):
    if isinstance(content, dict):
        content["machine"] = fuzzer.random.choice((fuzzer.uuid(), "", None, 7, fuzzer.machines[0]))
    return content


def _scalar(fuzzer, _content):
    return fuzzer.value()


def _guarded(mutation):
    """A mutation of what an earlier one left over may have nothing to hold on to."""

    def safe(fuzzer, content):
        try:
            return mutation(fuzzer, content)
        except (KeyError, IndexError, TypeError):
            return content

    return safe


MUTATIONS = [
    _guarded(each)
    for each in (
        _replaced,
        _replaced,
        _replaced,
        _removed,
        _added,
        _deep,
        _giant,
        _type_of_another,
        _epoch,
        _named,
        _scalar,
    )  # fmt: skip
]


# === MUTATIONS OF BYTES === #


def _flipped(fuzzer, payload):
    body = bytearray(payload)
    for _n in range(fuzzer.random.randint(1, 8)):
        if body:
            body[fuzzer.random.randrange(len(body))] ^= 1 << fuzzer.random.randrange(8)
    return bytes(body)


def _cut(fuzzer, payload):
    return payload[: fuzzer.random.randint(0, len(payload))]


def _stuffed(fuzzer, payload):
    at = fuzzer.random.randint(0, len(payload))
    return payload[:at] + fuzzer.random.choice(TOKENS) + payload[at:]


def _twice(fuzzer, payload):
    """A key twice: JSON does not say which one counts."""
    key = fuzzer.random.choice((b'"seq"', b'"id"', b'"data"', b'"epoch"', b'"machine"'))
    extra = key + b":" + fuzzer.random.choice(TOKENS) + b","
    return payload.replace(b"{", b"{" + extra, 1)


def _encoded(fuzzer, payload):
    return payload.decode("utf-8", "replace").encode(
        fuzzer.random.choice(("utf-16", "utf-32", "utf-8-sig", "latin-1", "utf-7")), "replace"
    )


def _noise(fuzzer, _payload):
    return fuzzer.random.randbytes(fuzzer.random.choice((0, 1, 10, 1000, 40_000)))


def _chained(fuzzer, payload):
    return payload + fuzzer.random.choice((b"\n", b"", b",")) + payload


BYTES = (_flipped, _flipped, _cut, _stuffed, _twice, _encoded, _noise, _chained)


def mqtt_packets(fuzzer, count):
    """Streams of publish packets, spoilt, as a broken broker may send them."""
    for _n in range(count):
        topic, payload = fuzzer.message()
        name = topic.encode("utf-8", "replace")
        body = struct.pack("!H", len(name)) + name + struct.pack("!H", 7) + b"\0" + payload
        length, head = len(body), bytearray(b"\x32")
        while True:
            length, low = length >> 7, length & 127
            head.append(low | 128 if length else low)
            if not length:
                break
        packet = bytes(head) + body
        yield (
            packet
            if fuzzer.random.random() < 0.5
            else fuzzer.random.choice(BYTES)(fuzzer, packet[:300])
        )
