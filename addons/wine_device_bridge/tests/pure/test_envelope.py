# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whatever arrives is read or refused with a code of the protocol; nothing raises."""

import json
from datetime import datetime, timezone
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_device_bridge_core.envelope import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_EVENTS,
    MAX_SEQ,
    Envelope,
    Refused,
    digest,
    read,
)

MACHINE = "0191f0aa-7c11-7000-8000-000000000001"
CHANNELS = ("birth", "state", "evt", "ack", "reported")
CODES = {"schema", "too_large", "foreign_machine"}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def good(**values):
    content = {
        "id": str(uuid4()),
        "epoch": 1,
        "seq": 5,
        "boot": str(uuid4()),
        "ts": "2026-03-10T12:00:00+01:00",
        "ts_q": "synced",
        "hist": False,
        "type": "door",
        "corr": None,
        "data": {"state": "opened"},
        **values,
    }
    return {key: value for key, value in content.items() if value != "absent"}


def one(content, channel="evt"):
    (result,) = read(MACHINE, channel, json.dumps(content).encode())
    return result


def check(results):
    assert results
    for result in results:
        assert isinstance(result, Envelope | Refused)
        if isinstance(result, Refused):
            assert result.code in CODES
            assert result.reason
        else:
            assert 1 <= result.epoch <= MAX_SEQ
            assert result.ts is None or result.ts.tzinfo is timezone.utc
            json.dumps(result.data).encode()


@given(st.binary(max_size=200), st.sampled_from(CHANNELS))
def test_bytes_never_raise(payload, channel):
    check(read(MACHINE, channel, payload))


@given(anything, st.sampled_from(CHANNELS))
def test_json_never_raises(content, channel):
    check(read(MACHINE, channel, json.dumps(content).encode()))


@given(
    st.dictionaries(
        st.sampled_from(
            ["id", "epoch", "seq", "boot", "ts", "ts_q", "hist", "type", "corr", "data", "machine"]
        ),
        anything
        | st.sampled_from(
            [
                "2026-13-01T00:00:00Z",
                "0001-01-01T00:00:00+23:59",
                "9999-12-31T23:59:59-23:59",
                MACHINE,
                "\ud800",
                "a\0b",
            ]
        ),
    ),
    st.sampled_from(CHANNELS),
)
def test_a_good_message_with_odd_fields_never_raises(odd, channel):
    content = good(**odd)
    check(read(MACHINE, channel, json.dumps(content).encode()))


@given(st.lists(anything | st.just(good()), max_size=60))
def test_one_bad_event_never_holds_up_the_others(items):
    results = read(MACHINE, "evt", json.dumps(items).encode())
    check(results)
    if items:
        refused = sum(isinstance(result, Refused) for result in results)
        assert len(results) == len(items) or refused == MAX_EVENTS
        for item, result in zip(items, results, strict=False):
            fine = isinstance(item, dict) and item.get("type") == "door"
            assert not fine or isinstance(result, Envelope)


@given(st.permutations(list(good())), st.booleans())
def test_the_digest_ignores_order_and_how_it_travelled(keys, late):
    content = good()
    other = {key: content[key] for key in keys if key in content}
    other["hist"] = late
    assert digest(other) == digest(content)
    del other["hist"]
    assert digest(other) == digest(content)


@given(anything, anything)
def test_the_digest_tells_contents_apart(first, second):
    same = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert (digest({"data": first}) == digest({"data": second})) is same


def test_what_is_read():
    corr = str(uuid4())
    content = good(id=str(uuid4()).upper(), hist=True, corr=corr, unknown=[1])
    envelope = one(content)
    assert envelope.id == content["id"].lower()
    assert (envelope.epoch, envelope.seq, envelope.hist, envelope.corr) == (1, 5, True, corr)
    assert envelope.ts == datetime(2026, 3, 10, 11, tzinfo=timezone.utc)
    assert envelope.data == {"state": "opened"}


def test_only_events_have_a_number():
    online = {"type": "state", "data": {"state": "online"}}
    assert one(good(**online), "state").seq is None
    assert one(good(seq="absent", **online), "state").seq is None
    assert one(good(seq="absent")).code == "schema"


@pytest.mark.parametrize(
    "values",
    [
        {"id": "absent"},
        {"id": "x"},
        {"id": uuid4().hex},
        {"epoch": 0},
        {"epoch": True},
        {"epoch": "1"},
        {"epoch": 1.5},
        {"seq": 0},
        {"seq": 2**53 + 1},
        {"seq": -1},
        {"ts": "absent"},
        {"ts": "2026-03-10T12:00:00"},
        {"ts": 5},
        {"ts_q": "good"},
        {"ts_q": "absent"},
        {"type": ""},
        {"type": "x" * 65},
        {"data": []},
        {"data": "absent"},
        {"corr": 5},
        {"corr": ""},
        {"corr": "c"},
        {"hist": "absent"},
        {"hist": 1},
        {"boot": "absent"},
        {"epoch": 1.0},
        {"seq": 5.0},
        {"ts": None},
        {"ts": "2026-06-30T23:59:60Z"},
        {"ts": "0001-01-01T00:00:00+23:59"},
        {"ts": "absent", "ts_q": "drifted"},
        {"data": {}},
        {"data": {"state": "ajar"}},
        {"boot": "b"},
        {"type": "a\0b"},
        {"data": {"x": "a\0"}},
        {"data": {"x": "\ud800"}},
    ],
)
def test_what_is_refused(values):
    refused = one(good(**values))
    assert refused.code == "schema"
    assert refused.reason


def test_where_it_stood_is_told_for_what_is_refused():
    refused = one(good(data=[]))
    assert (refused.epoch, refused.seq) == (1, 5)


def test_a_clock_that_is_not_set_needs_no_time():
    assert one(good(ts="absent", ts_q="unset")).ts is None


def test_another_machine():
    assert one(good(machine=MACHINE)).seq == 5
    assert one(good(machine=str(uuid4()))).code == "foreign_machine"


def test_sizes():
    assert read(MACHINE, "evt", b" " * (MAX_BYTES + 1))[0].code == "too_large"
    assert read(MACHINE, "evt", b"[]")[0].code == "schema"
    assert read(MACHINE, "birth", json.dumps([good()]).encode())[0].code == "schema"


@pytest.mark.parametrize("text", [b'{"a": NaN}', b'{"a": Infinity}', b"{", b"\xff", b"", b"[" * 9])
def test_what_is_no_json(text):
    assert read(MACHINE, "evt", text)[0].code == "schema"


def nested(levels):
    """An object of so many levels; the message around it is one level more."""
    inner = {}
    for _level in range(levels - 1):
        inner = {"x": inner}
    return inner


@pytest.mark.parametrize("wrapped", [False, True])
def test_depth(wrapped):
    def send(data):
        content = good(data={"state": "opened", **data})
        return one([content] if wrapped else content)

    assert isinstance(send(nested(MAX_DEPTH - 1)), Envelope)
    assert send(nested(MAX_DEPTH)).code == "schema"
