# SPDX-License-Identifier: LGPL-3.0-or-later
"""From bytes to messages that keep the published contract, or to a refusal with its code (§2)."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timezone

from . import schema

MAX_BYTES = 32 * 1024
MAX_DEPTH = 8
MAX_EVENTS = 50
MAX_SEQ = 2**53
UNSTORABLE = "it holds a NUL, half a character or a number without end"


class Refused(Exception):
    """A message that is kept in quarantine and not used.

    :param str code: ``schema``, ``too_large``, ``identity_conflict``, ``unknown_epoch`` or
        ``foreign_machine`` (docs/protocol §3)
    :param str event: what it calls itself, where it does; ``part``: its place in an array
    """

    def __init__(self, code, reason, epoch=None, seq=None, event=None, part=None):
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.epoch = epoch
        self.seq = seq
        self.event = event
        self.part = part


@dataclass(frozen=True, slots=True)
class Envelope:
    """One checked message. ``seq`` is None but for events; times are aware."""

    channel: str
    id: str
    epoch: int
    seq: int | None
    boot: str | None
    ts: datetime | None
    ts_q: str
    hist: bool
    type: str
    corr: str | None
    data: dict
    digest: str
    #: place in the array that it came in
    part: int | None = None


def read(machine, channel, payload):
    """Read one publish of a device.

    :param str machine: UUID of the topic
    :param str channel: last part of the topic
    :param bytes payload: as received
    :return: list of (Envelope or Refused), in the order of sending; never raises for bad input
    """
    try:
        content = _load(payload)
    except Refused as refused:
        return [refused]
    if not isinstance(content, list):
        return [_checked(machine, channel, content)]
    if channel != "evt":
        return [Refused("schema", "only events come in arrays")]
    if not 1 <= len(content) <= MAX_EVENTS:
        return [Refused("schema", f"an array holds 1 to {MAX_EVENTS} events, not {len(content)}")]
    return [_checked(machine, channel, item, part) for part, item in enumerate(content)]


def _load(payload):
    if len(payload) > MAX_BYTES:
        raise Refused("too_large", f"{len(payload)} bytes; {MAX_BYTES} at most")
    try:
        content = _DECODER.decode(payload.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Refused("schema", f"not UTF-8 JSON: {error}") from error
    brackets = payload.count(b"{") + payload.count(b"[")  # few of them cannot lie deep
    if brackets > MAX_DEPTH and _too_deep(content):
        raise Refused("schema", f"nested more than {MAX_DEPTH} levels deep")
    return content


def _no_constant(name):
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
_CANON = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
_ANY, _STRICT = json.JSONEncoder(**_CANON), json.JSONEncoder(**_CANON, allow_nan=False)


def _too_deep(content):
    """Whether containers lie more than ``MAX_DEPTH`` deep; an array of events is no level."""
    level = content if isinstance(content, list) else [content]
    for _depth in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return any(isinstance(item, dict | list) for item in level)


def _checked(machine, channel, content, part=None):
    try:
        return _envelope(machine, channel, content, part)
    except Refused as refused:
        refused.part = part
        return refused


def _envelope(machine, channel, content, part):
    if not isinstance(content, dict):
        raise Refused("schema", "a message is a JSON object")
    epoch = _integer(content.get("epoch"))
    seq = _integer(content.get("seq"))
    named = content.get("id")
    where = {
        "epoch": epoch,
        "seq": seq if channel == "evt" else None,
        "event": named if isinstance(named, str) else None,
    }
    named = content.get("machine", machine)
    if named != machine:
        raise Refused("foreign_machine", f"the payload names machine {named!r}", **where)
    text = _canonical(content)
    reason = _fault(channel, content, where) if text else UNSTORABLE
    if reason:
        raise Refused("schema", reason, **where)
    return Envelope(
        channel=channel,
        id=content["id"].lower(),
        epoch=epoch,
        seq=where["seq"],
        boot=content.get("boot"),
        ts=_time(content.get("ts")),
        ts_q=content["ts_q"],
        hist=bool(content.get("hist")),
        type=content["type"],
        corr=content.get("corr"),
        data=content["data"],
        digest=_fingerprint(text),
        part=part,
    )


def _fault(channel, content, where):
    """The first thing that is wrong with a message, in words, or None.

    The schemas say nearly all of it; 1.0 is an integer to them, and 23:59:60 a time.
    """
    if reason := schema.fault(channel, content):
        return reason
    if where["epoch"] is None or (channel == "evt" and where["seq"] is None):
        return "epoch or seq is written as a fraction"
    if content["ts_q"] == "synced" and not _time(content["ts"]):
        return "ts: this platform cannot tell that time"
    return None


def _integer(value):
    plain = isinstance(value, int) and not isinstance(value, bool)
    return value if plain and 1 <= value <= MAX_SEQ else None


def _time(value):
    """Aware datetime of an RFC 3339 text, or None."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.upper().replace("Z", "+00:00"))
        return moment.astimezone(timezone.utc) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def digest(content):
    """Fingerprint of a message; ``hist`` says how it travelled, not what it says."""
    return _fingerprint(_told(content, _ANY))


def _told(content, encoder):
    """What a message says, in one form whatever the order of its fields."""
    return encoder.encode({key: value for key, value in content.items() if key != "hist"})


def _fingerprint(text):
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(content):
    """The same, or None where no database can keep it: UTF-8 without NUL, finite numbers."""
    try:
        text = _told(content, _STRICT)
        return text if text.encode("utf-8") and "\\u0000" not in text else None
    except ValueError:
        return None
