# SPDX-License-Identifier: LGPL-3.0-or-later
"""Reader, topics and queue against rubbish: 4,000 messages, or their part of ``WINE_FUZZ``."""

import gc
import struct
import sys
from dataclasses import dataclass

import pytest
from wine_device_bridge_core.envelope import Envelope, Refused, read
from wine_device_bridge_core.fairness import FairQueue
from wine_device_bridge_core.topics import Topics

from tests.fuzz.mutate import Fuzzer
from tests.fuzz.sizes import size

COUNT, QUEUE = size("reader", 4000), size("queue", 2000)
MACHINE = "0191f0aa-7c11-7000-8000-000000000001"
CODES = {"schema", "too_large", "foreign_machine"}
#: blocks of memory (objects, nearly) that may stay after all of it
GROWTH = 5_000


@dataclass(slots=True)
class Arrived:
    topic: str
    payload: bytes


def judged(topics, topic, payload):
    """What becomes of one message: "accepted", a code, or "no device"."""
    where = topics.parse_up(topic)
    topics.is_telemetry(topic)
    if not where:
        return ["no device"]
    results = read(where[0], where[1], payload)
    assert results, "something always comes of a message"
    return [verdict(item) for item in results]


def verdict(item):
    if isinstance(item, Refused):
        assert item.code in CODES and item.reason and len(item.reason) < 2000
        assert item.epoch is None or 1 <= item.epoch <= 2**53
        assert item.seq is None or 1 <= item.seq <= 2**53
        return item.code
    assert isinstance(item, Envelope)
    assert (item.seq is None) == (item.channel != "evt")
    assert 1 <= item.epoch <= 2**53 and len(item.digest) == 64
    item.type.encode()
    assert "\0" not in item.type + str(item.data)
    return "accepted"


def test_every_message_is_read_or_refused_with_a_code():
    topics, counts = Topics("wine/v1", "fuzz"), {}
    fuzzer = Fuzzer(7, machines=(MACHINE,))
    for _n in range(200):  # what is made once
        judged(topics, *fuzzer.message())
    gc.collect()
    before = sys.getallocatedblocks()
    for topic, payload, _spoilt in fuzzer.spoilt_messages(COUNT):
        for code in judged(topics, topic, payload):
            counts[code] = counts.get(code, 0) + 1
    gc.collect()
    grown = sys.getallocatedblocks() - before
    sys.stdout.write(f"\n{COUNT} spoilt messages: {counts}; {grown} objects more\n")
    assert counts.keys() == {"accepted", "no device", *CODES}
    assert all(count > COUNT / 1000 for count in counts.values()), "a way that is hardly tried"
    assert grown < GROWTH


def test_the_same_message_is_always_judged_the_same():
    topics = Topics("wine/v1", "fuzz")
    first, second = (
        [judged(topics, *one) for one in Fuzzer(11, machines=(MACHINE,)).messages(500)]
        for _n in range(2)
    )
    assert first == second


def test_the_queue_takes_any_topic_and_any_payload():
    fuzzer, inbox, put, taken, told = Fuzzer(13, machines=(MACHINE,)), FairQueue("b"), 0, 0, 0
    for topic, payload, _spoilt in fuzzer.spoilt_messages(QUEUE):
        told += len(inbox.put(Arrived(topic, payload)))
        put += 1
        taken += len(inbox.take(10, 0))
    assert put <= taken + told + inbox.qsize()
    assert len(inbox.lanes) < QUEUE


@pytest.mark.parametrize("size", [0, 1, 3, 50, 4000])
def test_numbers_without_end(size):
    payload = b'{"seq":' + b"9" * size + b"." + b"9" * size + b"e" + b"9" * min(size, 5) + b"}"
    (item,) = read(MACHINE, "evt", payload)
    assert item.code == "schema"


def test_lengths_that_lie():
    """Packets whose numbers promise more than is there."""
    for length in (0, 1, 127, 65_535):
        payload = struct.pack("!H", length) + b"{"
        (item,) = read(MACHINE, "evt", payload)
        assert item.code == "schema"
