# SPDX-License-Identifier: LGPL-3.0-or-later
"""From bytes to messages that keep the published contract, or to a refusal with its code (§2)."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timezone

from . import pieces, schema

MAX_BYTES = 32 * 1024
MAX_DEPTH = 8
MAX_EVENTS = 50
#: of a message that is far too large only so much is read
READ_LIMIT = 64 * 1024
MAX_SEQ = 2**53
#: digits of a number beyond which Python refuses to read it
_DIGITS = 4000
TOO_DEEP = "schema", f"nested more than {MAX_DEPTH} levels deep"
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

    Of an array each event is judged by itself, also where the whole is broken or too large: what
    is refused is named as far as it can be told. After :data:`MAX_EVENTS` refusals the rest is not
    read; nobody confirms it, so the device sends it again.

    :param str machine: UUID of the topic
    :param str channel: last part of the topic
    :param bytes payload: as received, but for what lies beyond :data:`READ_LIMIT`
    :return: list of (Envelope or Refused), in the order of sending; never raises for bad input
    """
    try:
        content, deep = _load(payload)
    except (ValueError, RecursionError):
        return _in_pieces(machine, channel, payload)
    if not isinstance(content, list):
        return [_checked(machine, channel, content, None, _depth_fault(content, deep))]
    if channel != "evt":
        return [Refused("schema", "only events come in arrays")]
    judged = (
        _checked(machine, channel, item, part, _depth_fault(item, deep))
        for part, item in enumerate(content)
    )
    return _some(judged) or [Refused("schema", f"an array holds 1 to {MAX_EVENTS} events, not 0")]


def _load(payload):
    """(the content, whether it is too deep anywhere); ValueError where it is not read at once."""
    if len(payload) > MAX_BYTES:
        raise ValueError("too large")
    content = _DECODER.decode(payload.decode("utf-8"))
    brackets = payload.count(b"{") + payload.count(b"[")  # few of them cannot lie deep
    return content, brackets > MAX_DEPTH and _too_deep(content)


def _some(judged):
    """As much as one message may cost: the first :data:`MAX_EVENTS` refusals end it."""
    found, refused = [], 0
    for item in judged:
        found.append(item)
        refused += isinstance(item, Refused)
        if refused == MAX_EVENTS:
            break
    return found


def _in_pieces(machine, channel, payload):
    """The same of what cannot be read at once: too large, too deep, broken or cut off."""
    text = pieces.text_of(payload)
    if channel != "evt" or not pieces.is_array(text):
        return [_piece(machine, channel, text)]
    cut = len(payload) >= READ_LIMIT
    found = _some(_each(machine, channel, text, cut))
    return found or [Refused(*_size_fault(len(payload)))]


def _each(machine, channel, text, cut):
    """What an array ends with, without an end, may be good and is not named: it comes again.

    Next time it is the first one of its message.
    """
    for part, (piece, whole) in enumerate(pieces.parts(text)):
        if whole or not part or (cut and len(pieces.bytes_of(piece)) > MAX_BYTES):
            yield _piece(machine, channel, piece, part)
        else:
            fault = _size_fault(READ_LIMIT) if cut else ("schema", "broken at its end")
            yield Refused(fault[0], f"{fault[1]}. Not read, and not confirmed", part=part)


def _piece(machine, channel, text, part=None):
    """One message by itself, named by its first level where it cannot be decoded."""
    size = len(pieces.bytes_of(text))
    fault = None
    try:
        content = _PATIENT.decode(text)
        fault = _depth_fault(content)
    except (ValueError, RecursionError) as error:
        content = pieces.identity(text)
        fault = TOO_DEEP if isinstance(error, RecursionError) else ("schema", f"no JSON: {error}")
    fault = _size_fault(size) if size > MAX_BYTES else fault
    return _checked(machine, channel, content, part, fault)


def _size_fault(size):
    return "too_large", f"{size} bytes; {MAX_BYTES} at most"


def _depth_fault(content, perhaps=True):
    return TOO_DEEP if perhaps and _too_deep([content]) else None


def _unfit(_text):
    """Stands for what is no number of JSON, so that its message is refused and no other one."""
    return float("nan")


def _integer_or_unfit(text):
    return int(text) if len(text) <= _DIGITS else _unfit(text)


_DECODER = json.JSONDecoder(parse_constant=_unfit)
_PATIENT = json.JSONDecoder(parse_constant=_unfit, parse_int=_integer_or_unfit)
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


def _checked(machine, channel, content, part=None, fault=None):
    try:
        return _envelope(machine, channel, content, part, fault)
    except Refused as refused:
        refused.part = part
        return refused


def _envelope(machine, channel, content, part, fault):
    """:param fault: (code, reason) of what is wrong with the message as a whole"""
    if not isinstance(content, dict):
        raise Refused(*(fault or ("schema", "a message is a JSON object")))
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
        said = repr(named[:64]) if isinstance(named, str) else "that has no UUID"
        raise Refused("foreign_machine", f"the payload names machine {said}", **where)
    if fault:
        raise Refused(*fault, **where)
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
