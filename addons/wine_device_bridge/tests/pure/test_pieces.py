# SPDX-License-Identifier: LGPL-3.0-or-later
"""What is too deep, too large, too long or broken takes nobody along and says who it is (§3)."""

import json
import time
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_device_bridge_core import pieces
from wine_device_bridge_core.envelope import (
    MAX_BYTES,
    MAX_EVENTS,
    READ_LIMIT,
    Envelope,
    read,
)

MACHINE = "0191f0aa-7c11-7000-8000-000000000001"


def good(seq, **values):
    content = {
        "id": str(uuid4()),
        "epoch": 1,
        "seq": seq,
        "boot": str(uuid4()),
        "ts": "2026-03-10T12:00:00+01:00",
        "ts_q": "synced",
        "hist": False,
        "type": "door",
        "data": {"state": "opened"},
    }
    return json.dumps({**content, **values})


def deep(seq, levels):
    """An event whose text lies so deep that most readers give up."""
    inner = '{"seq":99,"x":' * levels + "1" + "}" * levels
    return good(seq).replace('{"state": "opened"}', inner)


def large(seq, size=MAX_BYTES):
    return good(seq, pad="x" * size)


def told(payload, limit=READ_LIMIT):
    """[(seq, code or None)] of a message as the link hands it over."""
    if isinstance(payload, list):
        payload = f"[{','.join(payload)}]"
    payload = payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else payload
    return [
        (item.seq, getattr(item, "code", None)) for item in read(MACHINE, "evt", payload[:limit])
    ]


@pytest.mark.parametrize("levels", [8, 9, 200, 900, 2000])
def test_a_deep_event_is_refused_by_itself(levels):
    wanted = [(1, None), (2, "schema"), (3, None)]
    assert told([good(1), deep(2, levels), good(3)]) == wanted
    assert told(deep(2, levels)) == [(2, "schema")]
    assert told([deep(2, levels)]) == [(2, "schema")]


@pytest.mark.parametrize("size", [33 * 1024, 60 * 1024])
def test_a_large_event_is_refused_by_itself(size):
    wanted = [(1, None), (2, "too_large"), (3, None)]
    assert told([good(1), large(2, size), good(3)]) == wanted
    assert told(large(2, size)) == [(2, "too_large")]


def test_many_small_events_in_a_large_message_are_read():
    events = [good(seq) for seq in range(1, 201)]
    assert MAX_BYTES < len(",".join(events)) < READ_LIMIT
    assert told(events) == [(seq, None) for seq in range(1, 201)]


def test_more_than_fifty():
    events = [good(seq) for seq in range(1, MAX_EVENTS + 11)]
    assert told(events) == [(seq, None) for seq in range(1, MAX_EVENTS + 11)]
    events[54] = deep(55, 20)
    assert told(events)[54] == (55, "schema")


def test_a_message_full_of_rubbish_has_an_end():
    rubbish = ["{}"] * 10_000
    assert told([good(1), *rubbish, good(2)]) == [(1, None)] + [(None, "schema")] * MAX_EVENTS
    assert len(told("[" + "," * 60_000)) == MAX_EVENTS


@pytest.mark.parametrize("size", [33 * 1024, 70 * 1024, 200 * 1024])
def test_a_message_beyond_all_limits_is_read_by_and_by(size):
    """What it is not told of comes again, and each round it is less: as a device does it."""
    journal = {seq: good(seq) for seq in range(1, 500)} | {200: large(200, size)}
    rounds, ends = 0, {}
    while journal:
        before = len(journal)
        for seq, code in told(list(journal.values())):
            if seq:
                assert journal.pop(seq, None), f"{seq} is told twice"
                ends[seq] = code
        rounds += 1
        assert len(journal) < before
    assert ends == dict.fromkeys(range(1, 500)) | {200: "too_large"}
    assert rounds < 10


def test_what_is_cut_off_is_not_taken_for_another_one():
    """A number at the very end may go on: 10 is not 1042."""
    for end in ('"seq":10', '"seq": 10', '"seq"', '"seq":', '"id":"ab'):
        assert "seq" not in pieces.identity('{"epoch":1,' + end)
    text = large(1042, 70 * 1024).replace('"seq": 1042, ', "").rstrip("}")
    whole = f'{text}, "seq": 1042}}'
    place = whole.index('"seq"')
    for limit in range(place, place + 11):
        assert told(whole, limit)[0] == (None, "too_large")


def test_of_a_broken_array_what_can_be_read_is():
    broken = good(2).replace('"epoch": 1', '"epoch": 1,,')
    assert told([good(1), broken, good(3)]) == [(1, None), (2, "schema"), (3, None)]
    twisted = good(2).replace('"opened"', "\udcff")  # a byte that is no UTF-8
    assert told([good(1), twisted, good(3)]) == [(1, None), (2, "schema"), (3, None)]
    endless = good(2).replace('"seq"', f'"n": {"9" * 5000}, "m": NaN, "seq"')
    assert told([good(1), endless, good(3)]) == [(1, None), (2, "schema"), (3, None)]
    torn = f"[{good(1)},{good(2)},{good(3)[:-30]}"
    assert told(torn) == [(1, None), (2, None), (None, "schema")]
    assert told(f"[{good(3)[:-1]}") == [(3, "schema")]
    assert told(good(3)[:-1]) == [(3, "schema")]
    assert told(f"[{good(1)}] {good(2)} x") == [(1, None), (None, "schema")]
    for nothing in ("[,]", "[1,]", "[[],{}]", "[", "]", "", " [ ] ", "[]"):
        assert {code for _seq, code in told(nothing)} == {"schema"}


def test_a_message_without_two_ends():
    """A brace that is not there: what it swallows is not refused with it."""
    assert told([good(1), good(2)[:-1], good(3)]) == [(1, None), (None, "schema")]


def test_who_it_is():
    text = '{"data":{"seq":7,"epoch":9},"epoch":2,"seq":5,"id":"a","type":"seq","machine":"m"}'
    wanted = {"id": "a", "epoch": 2, "seq": 5, "machine": "m"}
    assert pieces.identity(text) == wanted
    assert pieces.identity(text.replace(":", " : ").replace(",", " ,")) == wanted
    assert "seq" not in pieces.identity('{"seq":5,"seq":6}')
    assert "seq" not in pieces.identity('{"seq":5,"seq":"x')
    for value in ("5.0", "5e3", "-5", "0", "05", "9" * 17, "null", '"\\u0035"', "{}"):
        assert "seq" not in pieces.identity(f'{{"seq":{value}}}') or value == "null"
    assert pieces.identity('{"text":"\\"seq\\":5,\\"epoch\\":1"}') == {}


def test_a_foreign_one_is_foreign_whatever_else_it_is():
    other = {"machine": str(uuid4())}
    assert told(good(1, **other, pad="x" * MAX_BYTES)) == [(1, "foreign_machine")]
    assert told(good(1, **other, x=1)[:-1]) == [(1, "foreign_machine")]
    nameless = good(1).replace('"epoch"', '"machine": ' + "[" * 500 + "]" * 500 + ', "epoch"')
    assert told(nameless) == [(1, "foreign_machine")]


def test_only_events_are_read_in_pieces():
    for channel in ("birth", "state", "ack", "reported", "tele"):
        array = f"[{good(1)},{large(2)}]".encode()
        (item,) = read(MACHINE, channel, array)
        assert (item.code, item.seq) == ("too_large", None)
        (item,) = read(MACHINE, channel, deep(1, 500).encode())
        assert (item.code, item.epoch, item.seq) == ("schema", 1, None)


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
)


@given(st.lists(values, max_size=8), st.sampled_from([None, 1]))
def test_parts_are_what_json_takes_them_for(items, indent):
    text = json.dumps(items, indent=indent, ensure_ascii=False)
    found = list(pieces.parts(text))
    assert [json.loads(part) for part, _whole in found] == items
    assert all(whole for _part, whole in found)
    *_parts, beyond = pieces.parts(f"{text} x")
    assert beyond == ("x", False)
    named = {str(number): value for number, value in enumerate(items)}
    told_of = pieces.members(json.dumps(named, indent=indent))
    assert {name: json.loads(value) for name, value in told_of} == named


@given(st.text(alphabet='[]{}",:\\ a1', max_size=60))
def test_whatever_it_is_it_has_parts_and_no_fault(text):
    for part, _whole in pieces.parts(text):
        pieces.identity(part)
    for channel in ("evt", "birth"):
        assert read(MACHINE, channel, text.encode())


@pytest.mark.parametrize(
    "unit",
    ["[", "{", "[{", '{"a":', "[[]],", '"",', '"seq":1,', '"\\', "\\", '"', ",", "]", " ", '"seq"']
    + ["[]", '"seq" ', "{},", '{"seq":1,"epoch":1},', "\xff", "9", '["'],
)
def test_hostile_texts_cost_next_to_nothing(unit):
    for begin in ("", "[", "{", '{"seq":1,"data":'):
        payload = (begin + unit * READ_LIMIT).encode("latin-1")[:READ_LIMIT]
        started = time.process_time()
        for item in read(MACHINE, "evt", payload):
            assert not isinstance(item, Envelope)
        assert len(pieces.texts(payload)) <= READ_LIMIT
        assert time.process_time() - started < 0.5
