# SPDX-License-Identifier: LGPL-3.0-or-later
"""The contract at the door: what keeps it is read, what breaks it is refused under its code."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from wine_device_bridge_core import schema
from wine_device_bridge_core.envelope import MAX_BYTES, Envelope, Refused, read
from wine_device_bridge_core.received import Received

PROJECT = Path(__file__).parents[4]
EXAMPLES = json.loads((PROJECT / "docs" / "protocol" / "examples.json").read_text("utf-8"))
MACHINE = "0191f0aa-7c11-7000-8000-000000000001"
UP = [(one["channel"], one["message"]) for one in EXAMPLES if "epoch" in one["message"]]
UP = [(channel, message) for channel, message in UP if channel != "evt_ack"]
ALL = [(one["channel"], one["message"]) for one in EXAMPLES]
#: values of which every field refuses at least all but one
ODD = (None, True, 7.5, -1, "", "\u20ac" * 3000, [], {}, [[]], {"a": 1})

REGISTRY = Registry().with_resources(
    [(one["$id"], Resource.from_contents(one)) for one in schema.schemas().values()]
)


def label(value):
    return value if isinstance(value, str) else value.get("type", "")


def send(channel, message, machine=MACHINE):
    (result,) = read(machine, channel, json.dumps(message).encode())
    return result


def places(part, path=()):
    """Path of every value within a message."""
    inner = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in inner:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def changed(message, path, *value):
    """The message with another value at a place, or without it."""
    message = copy.deepcopy(message)
    part = message
    for key in path[:-1]:
        part = part[key]
    if value:
        part[path[-1]] = value[0]
    else:
        del part[path[-1]]
    return message


def reference(channel, message):
    """What a validator of another house says."""
    path = schema.schema_for(
        "platform_state" if channel == "platform" else channel, message.get("type")
    )
    checked = Draft202012Validator(
        schema.schemas()[path], registry=REGISTRY, format_checker=FormatChecker(["date-time"])
    )
    return checked.is_valid(message)


@pytest.mark.parametrize(("channel", "message"), ALL, ids=label)
class TestExample:
    """Each published example, and what can be spoilt in it."""

    def test_keeps_the_contract(self, channel, message):
        assert schema.fault(channel, message) is None

    def test_unknown_fields_are_ignored_everywhere(self, channel, message):
        for path in [(), *places(message)]:
            part = message
            for key in path:
                part = part[key]
            if isinstance(part, dict):
                assert schema.fault(channel, changed(message, (*path, "x_new"), [1])) is None

    def test_two_validators_agree_on_every_spoilt_field(self, channel, message):
        for path in places(message):
            spoilt = [changed(message, path, value) for value in ODD]
            if not isinstance(path[-1], int):
                spoilt.append(changed(message, path))
            for one in spoilt:
                if channel != "tele":
                    assert (schema.fault(channel, one) is None) is reference(channel, one), one


@pytest.mark.parametrize(("channel", "message"), UP, ids=label)
class TestDoor:
    """The same through the one reader of envelopes."""

    def test_is_read(self, channel, message):
        found = send(channel, message)
        assert isinstance(found, Envelope)
        assert (found.id, found.type, found.data) == (
            message["id"],
            message["type"],
            message["data"],
        )

    def test_refused_under_schema_wherever_the_contract_is_broken(self, channel, message):
        broken = 0
        for path in places(message):
            for value in ODD:
                one = changed(message, path, value)
                wrong = schema.fault(channel, one)
                found = send(channel, one)
                assert isinstance(found, Refused) is bool(wrong)
                if wrong:
                    broken += 1
                    assert (found.code, found.reason) == ("schema", wrong)
        assert broken > 50, "nearly every odd value is refused"

    def test_fields_that_are_needed(self, channel, message):
        for field in ("id", "epoch", "boot", "ts_q", "hist", "type", "data"):
            assert send(channel, changed(message, (field,))).code == "schema"
        if channel == "evt":
            assert send(channel, changed(message, ("seq",))).code == "schema"

    def test_the_other_codes(self, channel, message):
        other = MACHINE.replace("1", "2")
        assert send(channel, message | {"machine": other}).code == "foreign_machine"
        assert isinstance(send(channel, message | {"machine": MACHINE}), Envelope)
        assert send(channel, message | {"pad": "x" * MAX_BYTES}).code == "too_large"

    def test_a_place_is_kept_for_what_is_refused(self, channel, message):
        refused = send(channel, message | {"data": 1})
        assert refused.epoch == 1
        assert refused.seq == (message["seq"] if channel == "evt" else None)


def event(kind, **changes):
    message = next(one for channel, one in UP if channel == "evt" and one["type"] == kind)
    return message | {"data": message["data"] | changes}


@pytest.mark.parametrize(
    ("kind", "changes", "word"),
    [
        ("vend.local", {"price": 12.5}, "data.price"),
        ("vend.local", {"price": "-1.00"}, "data.price"),
        ("vend.local", {"price": "1e3"}, "data.price"),
        ("vend.local", {"price": "12,50"}, "data.price"),
        ("vend.local", {"price": "\u0661"}, "data.price"),
        ("vend.local", {"currency": "eur"}, "data.currency"),
        ("vend.local", {"pay": "bitcoin"}, "data.pay"),
        ("vend.local", {"qty": -1}, "data.qty"),
        ("vend.local", {"qty": 10**30}, "data.qty"),
        ("vend.local", {"vend_id": "V1"}, "data.vend_id"),
        ("vend.local", {"refunded": "no"}, "data.refunded"),
        ("vend.result", {"outcome": "perhaps"}, "data.outcome"),
        ("vend.rejected", {"code": "no"}, "data.code"),
        ("auth.request", {"token": "x" * 513}, "data.token"),
        ("restock.done", {"slots": {}}, "data.slots"),
        ("restock.done", {"slots": [{"slot": "A1"}]}, "data.slots.0"),
        ("cash.collected", {"counted": {"coins": "1.00"}}, "data.counted"),
        ("counter.snapshot", {"source": "memory"}, "data.source"),
        ("slot.state", {"state": "fine"}, "data.state"),
    ],
)
def test_the_reason_names_the_field_and_not_what_was_sent(kind, changes, word):
    refused = send("evt", event(kind, **changes))
    assert refused.code == "schema"
    assert refused.reason.startswith(word + ":"), refused.reason
    for value in changes.values():
        assert not isinstance(value, str) or f'"{value}"' not in refused.reason


def test_a_counter_needs_figures_or_a_file():
    for absent in (("total",), ("slots",), ("total", "slots")):
        message = event("counter.snapshot")
        for field in absent:
            message = changed(message, ("data", field))
        assert send("evt", message).code == "schema"
        message["data"]["file"] = "DXS"
        assert isinstance(send("evt", message), Envelope)


def test_unknown_types_are_judged_by_their_envelope():
    for kind in ("x", "../envelope", "vend.local ", "VEND.LOCAL"):
        assert isinstance(send("evt", event("door") | {"type": kind, "data": {}}), Envelope)
    assert send("evt", event("door") | {"type": "x", "data": []}).code == "schema"


def test_a_channel_carries_its_own_type_only():
    for channel, message in UP:
        for other in ("birth", "state", "ack", "reported"):
            if other != channel:
                assert send(other, message).code == "schema"


def test_a_reading_out_of_bounds_costs_only_itself():
    message = next(one for channel, one in UP if channel == "tele")
    odd = message | {"data": {"temperature": 900, "humidity": "wet"}}
    assert isinstance(send("tele", odd), Envelope)
    assert send("tele", odd | {"epoch": 0}).code == "schema"


def test_a_channel_that_nobody_knows_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        schema.fault("nowhere", {})


@given(st.lists(st.integers(1, 2**53), max_size=30), st.lists(st.integers(1, 2**53), max_size=5))
def test_every_acknowledgement_of_ours_keeps_the_contract(seqs, refused):
    journal = Received()
    for seq in seqs:
        journal.add(seq)
    rejected = [(seq, code) for seq in refused for code in ("schema", "identity_conflict")]
    said = json.loads(json.dumps(journal.acknowledgement(1, rejected)))
    assert schema.fault("evt_ack", said) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@given(st.sampled_from(["birth", "state", "evt", "tele", "ack", "reported", "cmd"]), anything)
def test_it_never_raises(channel, content):
    found = schema.fault(channel, content)
    assert isinstance(found, str) and 0 < len(found) <= 300


@given(st.sampled_from(UP), st.data())
def test_a_spoilt_message_never_raises(one, data):
    channel, message = one
    path = data.draw(st.sampled_from(list(places(message))))
    spoilt = changed(message, path, data.draw(anything))
    found = read(MACHINE, channel, json.dumps(spoilt).encode())
    assert len(found) == 1
    assert isinstance(found[0], Envelope) or found[0].code in {"schema", "foreign_machine"}
