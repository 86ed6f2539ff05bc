# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a machine posts at the HTTPS door: the envelopes of the other channels in one body (§10)."""

import ipaddress
import json
import zlib
from dataclasses import dataclass
from datetime import datetime

from . import pieces
from .topics import TELEMETRY

#: a body as it travels, and after it was unpacked (bytes)
MOST_BYTES, MOST_OPENED = 256 * 1024, 1024 * 1024
MOST_MESSAGES = 500
#: in this order the channels of one body are taken in
CHANNELS = ("birth", "state", "evt", "ack", "reported", TELEMETRY)
#: digits of a number beyond which Python refuses to read it
_LONG = 4000


class TooLarge(Exception):
    """The body is beyond the limits; the text says which."""


class Unreadable(Exception):
    """The body as a whole is not what the door reads; the text says why."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One message of a body, in the shape in which publishes reach the inbox."""

    topic: str
    payload: bytes
    received: datetime


@dataclass(frozen=True, slots=True)
class Body:
    """What a machine says in one request.

    :param list messages: [(channel, payload)] in the order in which they are taken in
    :param desired_version: the planogram that the machine has, None where it does not say
    :param int cost: messages that it counts as
    """

    messages: list
    desired_version: int | None
    cost: int


def opened(raw, encoding):
    """The body of a request without its packing.

    :param str encoding: ``Content-Encoding``: empty, ``identity`` or ``gzip``
    :raise TooLarge: unpacked it is beyond the limit, however small it came
    :raise Unreadable: not packed in a way that is known
    """
    encoding = (encoding or "identity").strip().lower()
    if encoding == "identity":
        return raw
    if encoding not in ("gzip", "x-gzip"):
        raise Unreadable(f"Content-Encoding {encoding[:20]} is not known here, only gzip")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(raw, MOST_OPENED + 1)
    except zlib.error as error:
        raise Unreadable("the body is no gzip") from error
    if len(body) > MOST_OPENED:
        raise TooLarge(f"unpacked it has more than {MOST_OPENED} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise Unreadable("the gzip ends too early, or something follows it")
    return body


def read(raw):
    """Messages of a body; each by itself is judged later, as one that came over MQTT.

    :param bytes raw: JSON object of channels, each one message or an array of them
    :return: :class:`Body`
    :raise TooLarge: too many messages
    :raise Unreadable: no JSON object
    """
    try:
        said, version = _said(json.loads(raw.decode("utf-8"), parse_int=_integer))
    except (ValueError, RecursionError) as error:
        said, version = _in_pieces(raw, error)
    if len(said) > MOST_MESSAGES:
        raise TooLarge(f"{len(said)} messages; {MOST_MESSAGES} at most")
    plain = isinstance(version, int) and not isinstance(version, bool)
    cost = max(size_cost(raw), sum(size_cost(text) for _channel, text in said))
    return Body(said, version if plain else None, cost)


def _said(content):
    """([(channel, payload)…], desired version) of a body that was read at once."""
    if not isinstance(content, dict):
        raise Unreadable("the body is a JSON object of channels")
    said = []
    for channel in CHANNELS:
        messages = content.get(channel)
        if messages is not None:
            items = messages if isinstance(messages, list) else [messages]
            said += [(channel, payload(item)) for item in items]
    return said, content.get("desired_version")


def _in_pieces(raw, error):
    """The same where one message is too deep or broken: it shall not take the others along.

    :raise Unreadable: it has no end, or its messages cannot be told apart: none of them is judged
    """
    try:
        channels = dict(pieces.members(pieces.text_of(raw)))
    except ValueError as fault:
        raise Unreadable(f"not UTF-8 JSON: {str(error)[:200]}") from fault
    said = []
    for channel in CHANNELS:
        text = channels.get(channel, "null")
        items = [text] if text != "null" else []
        if pieces.is_array(text):
            items = [item for item, _whole in pieces.parts(text)]
        said += [(channel, pieces.bytes_of(item)) for item in items]
    version = channels.get("desired_version", "")
    plain = version.isascii() and version.isdigit() and len(version) < 16
    return said, int(version) if plain else None


def size_cost(raw):
    """Messages that so many bytes count as, whatever they say: one, and one per whole KiB."""
    return max(1, len(raw) // 1024)


def payload(message):
    """The bytes that MQTT would have carried; what no message may hold is found by its reader."""
    try:
        text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8")
    except UnicodeEncodeError:  # half a character
        return json.dumps(message, separators=(",", ":")).encode("ascii")


def _integer(text):
    """A number; one without end becomes what no message may hold, so that it is refused alone."""
    return int(text) if len(text) <= _LONG else float("nan")


def acknowledgements(result, uuid):
    """``evt_ack`` of each epoch in a batch of one machine.

    :param result: ``Stored`` of the batch
    """
    found = []
    for (machine, epoch), journal in sorted(result.journals.items(), key=lambda item: item[0][1]):
        if machine == uuid:
            rejected = result.rejected.get((machine, epoch), ())
            found.append(journal.acknowledgement(epoch, rejected))
    for (machine, epoch), rejected in result.rejected.items():
        if machine == uuid and (machine, epoch) not in result.journals:
            refused = [{"seq": seq, "code": code} for seq, code in rejected]
            found.append({"epoch": epoch, "ack_seq": 0, "missing": [], "rejected": refused})
    return found


def neighbourhood(address):
    """Whom a wrong secret is counted against: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if found.version == 6 and found.ipv4_mapped:
        found = found.ipv4_mapped
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))


def may_afford(tokens, idle, count, rate, burst):
    """Token bucket: (tokens left, 0) or (tokens now, seconds until so many messages may come).

    What costs more than the burst comes when the bucket is full, and leaves a debt.

    :param float tokens: left after the last post, ``idle`` seconds ago
    """
    tokens = min(float(burst), tokens + max(idle, 0.0) * rate)
    needed = min(count, burst)
    if tokens >= needed:
        return tokens - count, 0
    return tokens, (needed - tokens) / rate
