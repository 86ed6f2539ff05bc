# SPDX-License-Identifier: LGPL-3.0-or-later
"""One message at a time, held against docs/protocol: what is wrong with it, by rule."""

import json
import math
import uuid
from decimal import Decimal, InvalidOperation

from fleet import clock

MAX_BYTES, MAX_DEPTH, MAX_EVENTS = 32 * 1024, 8, 50
CHANNELS = {"birth": (1, False), "state": (1, True), "evt": (1, False), "tele": (0, False),
            "ack": (1, False), "reported": (1, True)}  # fmt: skip
READINGS = {"temperature": (-40, 80), "humidity": (0, 100), "signal": (-140, 0),
            "voltage": (0, 500), "power": (0, 10_000)}  # fmt: skip
BIRTH = {"fw": "text", "proto": "one", "caps": "list", "next_seq": "count",
         "desired_version": "number", "slots": "number"}  # fmt: skip
OUTCOME, SENSOR = ("success", "failed", "partial", "unknown"), ("confirmed", "absent", "none",
                                                                "fault")  # fmt: skip
PAY = ("cash", "card", "qr", "wallet", "voucher", "free", "test")
CODES = ("expired", "stale_planogram", "wrong_price", "empty", "busy", "maintenance",
         "age_required", "duplicate", "unknown_slot")  # fmt: skip
STATES, SEVERITY = ("ok", "empty", "jammed", "disabled"), ("info", "warning", "critical")
VEND = {"vend_id": "text"}
RESTOCK = {"slot": "text", "sku": "text", "before": "number", "filled": "number",
           "removed": "number", "bad": "number", "after": "number"}  # fmt: skip
COUNT = {"slot": "text", "price": "money", "count": "number", "value": "money"}
FAULT = {"code": "text", "severity": SEVERITY, "slot?": "text", "text?": "text"}
DATA = {
    "vend.local": VEND | {
        "slot": "text", "sku": "text", "qty": "number", "price": "money", "currency": "currency",
        "pay": PAY, "pay_ref?": "text", "price_version": "number", "outcome": OUTCOME,
        "sensor": SENSOR, "refunded?": "boolean",
    },
    "vend.accepted": VEND,
    "vend.rejected": VEND | {"code": CODES},
    "vend.started": VEND,
    "vend.result": VEND | {
        "outcome": OUTCOME, "slot": "text", "qty": "number", "ml?": "number", "sensor": SENSOR,
        "motor_code?": "text", "slot_state": STATES,
    },
    "auth.request": {"request_id": "text", "kind": ("member", "pickup", "voucher"),
                     "token": "text", "slot?": "text"},
    "slot.state": {"slot": "text", "state": STATES, "qty?": "number"},
    "restock.done": {"visit_id?": "text", "by": "text", "slots": [RESTOCK]},
    "cash.collected": {"visit_id?": "text", "by": "text",
                       "counted": {"coins": "money", "notes": "money"}, "meter": "money"},
    "cash.level": {"coins": "money", "notes": "money", "tubes": "money"},
    "door": {"state": ("opened", "closed"), "by?": "text"},
    "fault.raised": FAULT,
    "fault.cleared": FAULT,
    "counter.snapshot": {"total": {"count": "number", "value": "money"}, "slots": [COUNT],
                         "source": ("meter", "eva_dts")},
    "test.vend": {"slot": "text", "qty": "number", "by": "text"},
}  # fmt: skip


def _money(value):
    try:
        return isinstance(value, str) and Decimal(value).is_finite()
    except InvalidOperation:
        return False


KINDS = {
    "text": lambda value: isinstance(value, str) and value != "",
    "number": lambda value: type(value) is int and value >= 0,
    "count": lambda value: type(value) is int and value >= 1,
    "one": lambda value: value == 1,
    "list": lambda value: isinstance(value, list),
    "boolean": lambda value: type(value) is bool,
    "money": _money,
    "currency": lambda value: isinstance(value, str) and len(value) == 3 and value.isupper(),
}


def mismatch(shape, value, where=""):
    """What of a value does not have a shape, in words, or None.

    A shape is a word of KINDS, a tuple of texts, a dict (a key with `?` may lack) or a list of one
    shape. Fields beyond the shape are ignored.
    """
    if isinstance(shape, str):
        return None if KINDS[shape](value) else f"{where} {value!r} is no {shape}"
    if isinstance(shape, tuple):
        return None if value in shape else f"{where} {value!r} is none of {', '.join(shape)}"
    if isinstance(shape, list):
        return _list_mismatch(shape[0], value, where)
    if not isinstance(value, dict):
        return f"{where or 'data'} is no object"
    for name, inner in shape.items():
        key, optional = name.removesuffix("?"), name.endswith("?")
        if key not in value and not optional:
            return f"{where} lacks {key}".strip()
        if key in value and (reason := mismatch(inner, value[key], f"{where} {key}".strip())):
            return reason
    return None


def _list_mismatch(shape, value, where):
    if not isinstance(value, list):
        return f"{where} is no list"
    return next((reason for item in value if (reason := mismatch(shape, item, where))), None)


def load(payload):
    """The document of a payload. ValueError says what is wrong with it (§1)."""
    if len(payload) > MAX_BYTES:
        raise ValueError(f"{len(payload)} bytes")
    document = json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    if depth(document) > MAX_DEPTH + isinstance(document, list):
        raise ValueError(f"{depth(document)} levels deep")
    if not isinstance(document, dict | list):
        raise ValueError("neither object nor array")
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


def envelope(channel, message):
    """(rule, what is wrong or None) of each rule of §2 that one message shows."""
    needed = {"id", "epoch", "boot", "ts", "ts_q", "hist", "type", "data"}
    lacking = sorted(needed - message.keys())
    data, hist = message.get("data"), message.get("hist")
    yield "2.envelope", lacking and f"{channel} lacks {', '.join(lacking)}"
    yield "2.envelope", not isinstance(data, dict) and "data is no object"
    yield "2.envelope", type(hist) is not bool and f"hist {hist!r}"
    yield "2.id", not uuid7(message.get("id")) and f"id {message.get('id')!r}"
    epoch = message.get("epoch")
    yield "2.epoch", not KINDS["count"](epoch) and f"epoch {epoch!r}"
    yield "2.time", time_fault(message)
    yield "2.type", type_fault(channel, message.get("type"))
    seq = message.get("seq")
    if channel == "evt":
        yield "2.seq", not KINDS["count"](seq) and f"seq {seq!r}"
    else:
        yield "2.seq", "seq" in message and f"{channel} has a seq"


def time_fault(message):
    """What is wrong with ts and ts_q, or None."""
    if message.get("ts_q") not in ("synced", "drifted", "unset"):
        return f"ts_q {message.get('ts_q')!r}"
    try:
        clock.parse(message["ts"])
    except (KeyError, ValueError, AttributeError, TypeError):
        return f"ts {message.get('ts')!r}"
    return None


def type_fault(channel, kind):
    """What is wrong with a type, or None."""
    if channel == "evt":
        return None if KINDS["text"](kind) else f"type {kind!r}"
    return None if kind == channel else f"type {kind!r} on {channel}"


def data_fault(kind, data):
    """What is wrong with the data of an event of a known type, or None (§5)."""
    reason = mismatch(DATA[kind], data)
    if reason or kind != "restock.done":
        return reason
    for line in data["slots"]:
        after = line["before"] + line["filled"] - line["removed"] - line["bad"]
        if line["after"] != after:
            return f"slot {line['slot']}: after {line['after']} is not {after}"
    return None


def readings_fault(data):
    """What is wrong with readings, or None (§2)."""
    for name, (low, high) in READINGS.items():
        value = data.get(name)
        plain = type(value) in (int, float) and math.isfinite(value)
        if name in data and not (plain and low <= value <= high):
            return f"{name} {value!r}"
    return None
