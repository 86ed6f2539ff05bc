# SPDX-License-Identifier: LGPL-3.0-or-later
"""A refused message as a person sees it: every fault at its place, nothing lost in between."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_device_bridge_core import envelope, quarantine
from wine_device_bridge_core.envelope import Refused

OTHER = "3f0f3d3e-8f0a-4c57-9a3b-0d6a8f8d0002"
MACHINE = "9b1f7c0e-4a56-4b53-8a51-6c2f3d2b7a11"
DOOR = {
    **{"id": "3f0f3d3e-8f0a-4c57-9a3b-0d6a8f8d0001", "epoch": 3, "seq": 17},
    **{"boot": "3f0f3d3e-8f0a-4c57-9a3b-0d6a8f8d0002", "ts": None, "ts_q": "none"},
    **{"hist": False, "type": "door", "data": {"state": "opened"}},
}
leaves = st.none() | st.booleans() | st.integers() | st.text()
json_values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(json_values)
def test_the_pretty_form_says_the_same(content):
    assert json.loads(quarantine.pretty(content)) == content


@given(json_values)
def test_without_a_fault_nothing_is_marked(content):
    assert not any(inside or here for _line, here, inside in quarantine.marked(content, []))


@pytest.mark.parametrize(
    "change, where, words",
    [
        ({"epoch": 0}, "epoch", "minimum"),
        ({"hist": "no"}, "hist", "boolean"),
        ({"data": {"state": 3}}, "data.state", ""),
        ({"data": {}}, "data", "required"),
        ({"machine": OTHER}, "machine", "another machine"),
        ({"id": "x"}, "id", "match"),
    ],
)
def test_a_fault_is_marked_where_it_is(change, where, words):
    content = {**DOOR, **change}
    found = quarantine.faults(MACHINE, "evt", content)
    (fault,) = [one for one in found if one.where == where][:1]
    assert words in fault.text and fault.rule
    rows = quarantine.marked(content, found)
    begun = [line for line, here, _inside in rows if fault in here]
    assert len(begun) == 1 and f'"{fault.path[-1]}"' in begun[0]
    assert not [line for line, _here, inside in rows if inside and '"boot"' in line]


@given(st.dictionaries(st.sampled_from(sorted(DOOR)), json_values))
def test_no_fault_means_that_the_door_takes_it(change):
    """The same judgement as the bridge's own reader, whatever is changed."""
    content = {**DOOR, **change}
    payload = quarantine.pretty(content).encode("utf-8", "surrogatepass")
    refused = [item for item in envelope.read(MACHINE, "evt", payload) if isinstance(item, Refused)]
    assert bool(quarantine.faults(MACHINE, "evt", content)) is bool(refused)


@pytest.mark.parametrize("content", [[], [1], 7, "x", None, [DOOR] * 51])
def test_what_is_no_message_is_a_fault_and_no_crash(content):
    assert quarantine.faults(MACHINE, "evt", content)
    assert quarantine.marked(content, quarantine.faults(MACHINE, "evt", content))


def test_of_an_array_the_one_that_is_meant():
    payload = json.dumps([DOOR, {**DOOR, "seq": 18}])
    assert quarantine.content_of(payload, 1)[0]["seq"] == 18
    assert len(quarantine.content_of(payload)[0]) == 2
    assert quarantine.content_of(payload, 9)[0] == json.loads(payload)
    content, why = quarantine.content_of('{"a": ')
    assert content is None and "not JSON" in why
    assert quarantine.content_of("[" * 100_000)[0] is None
    assert quarantine.content_of(None)[0] is None


@pytest.mark.parametrize(
    "original, corrected, changed",
    [
        ({}, {}, []),
        ({"data": 1}, {"data": 2}, []),
        ({}, {"epoch": 4}, ["epoch"]),
        ({}, {"seq": 18}, ["seq"]),
        ({}, {"id": DOOR["boot"]}, ["id"]),
        ({"epoch": 0}, {"epoch": 3}, []),
        ({"epoch": True}, {"epoch": 3}, []),
        ({"seq": "17"}, {"seq": 17}, []),
        ({"id": "broken"}, {}, []),
        ({"id": None, "seq": None}, {}, []),
    ],
)
def test_a_readable_identity_is_kept(original, corrected, changed):
    found = quarantine.changed_identity({**DOOR, **original}, {**DOOR, **corrected})
    assert [name for name, _was in found] == changed


def test_an_unreadable_original_binds_nothing():
    assert quarantine.changed_identity(None, DOOR) == []


def test_side_by_side():
    rows = quarantine.compared(DOOR, {**DOOR, "data": {"state": "closed", "by": []}})
    assert [(name, one, two) for name, one, two, differ in rows if differ] == [
        ("data.state", '"opened"', '"closed"'),
        ("data.by", None, "[]"),
    ]
    assert len(rows) == len(DOOR) + 1
