# SPDX-License-Identifier: LGPL-3.0-or-later
"""One message at a time, held against docs/protocol: what is wrong with it, by rule.

Shapes are those of the published schemas (`fleet.schema`); here is what a schema cannot say.
"""

import json
import uuid

from fleet import schema

MAX_BYTES, MAX_DEPTH, MAX_EVENTS = 32 * 1024, 8, 50
CHANNELS = {"birth": (1, False), "state": (1, True), "evt": (1, False), "tele": (0, False),
            "ack": (1, False), "reported": (1, True)}  # fmt: skip
FIELDS = {"id": "2.id", "epoch": "2.epoch", "seq": "2.seq", "ts": "2.time", "ts_q": "2.time",
          "type": "2.type"}  # fmt: skip
DATA = {"birth": "4.birth", "state": "4.online", "tele": "2.readings", "ack": "7.life",
        "reported": "8.applied"}  # fmt: skip


def load(payload):
    """The document of a payload. ValueError says what is wrong with it (§1)."""
    if len(payload) > MAX_BYTES:
        raise ValueError(f"{len(payload)} bytes")
    document = json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    if not isinstance(document, dict | list):
        raise ValueError("neither object nor array")
    if depth(document) > MAX_DEPTH + isinstance(document, list):
        raise ValueError(f"{depth(document)} levels deep")
    return document


def _no_constant(name):
    raise ValueError(f"{name} is no JSON number")


def depth(value):
    """Levels of containers in a document."""
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0)


def uuid7(value):
    """Whether a value is the text of a UUIDv7."""
    try:
        return isinstance(value, str) and uuid.UUID(value).version == 7
    except ValueError:
        return False


def judge(channel, message):
    """{rule: what is wrong with it, or None} for each rule that one message shows."""
    verdicts = dict.fromkeys(("2.envelope", *FIELDS.values(), *_rules(channel, message)))
    if channel == "tele":
        verdicts["2.readings"] = None
    for fault in schema.faults(channel, message):
        rule = _rule(fault, channel, message)
        verdicts[rule] = verdicts.get(rule) or fault
    if not uuid7(message.get("id")):
        verdicts["2.id"] = verdicts["2.id"] or f"id {message.get('id')!r}"
    if channel != "evt" and "seq" in message:
        verdicts["2.seq"] = f"{channel} has a seq"
    if channel == "evt" and message.get("type") == "restock.done" and not any(verdicts.values()):
        verdicts["5.restock.done"] = sum_fault(message["data"])
    return verdicts


def _rules(channel, message):
    """The rule of the data of a message, where the kit has one."""
    kind = message.get("type")
    if channel == "evt":
        return [f"5.{kind}"] if isinstance(kind, str) and kind in schema.types("evt") else []
    return [DATA[channel]] if channel in ("birth", "tele") else []


def _rule(fault, channel, message):
    """The rule that a fault of the schema, `path: reason`, belongs to."""
    path = fault.partition(":")[0].split(".")
    if path[0] in FIELDS:
        return FIELDS[path[0]]
    if path[0] == "data":
        rules = _rules(channel, message)
        return DATA.get(channel) or (rules[0] if rules else "2.envelope")
    return "2.envelope"


def sum_fault(data):
    """The first line of `restock.done` that does not add up (§5), or None."""
    for line in data["slots"]:
        after = line["before"] + line["filled"] - line["removed"] - line["bad"]
        if line["after"] != after:
            return f"slot {line['slot']}: after {line['after']} is not {after}"
    return None
