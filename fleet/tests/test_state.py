# SPDX-License-Identifier: LGPL-3.0-or-later
"""The state is what its records say, and a snapshot is all of it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from fleet.state import ANSWERS, KEPT, State


def event(seq, **data):
    """An event as short as the state allows."""
    return {"seq": seq, "type": "door", "data": data}


def filled(count):
    """A state with so many events."""
    state = State()
    state.apply({"epoch": 1, "evt": [event(seq) for seq in range(1, count + 1)]})
    return state


def copy(state):
    """A state made of another one's snapshot, by way of JSON."""
    again = State()
    again.apply(json.loads(json.dumps(state.snapshot())))
    return again


def test_a_new_state_knows_nothing():
    state = State()
    assert (state.epoch, state.next_seq, state.version, state.pending) == (0, 1, 0, {})
    assert copy(state).snapshot() == state.snapshot()


@given(st.integers(0, 80), st.sets(st.integers(1, 90)))
def test_a_snapshot_is_all_of_it(count, gone):
    state = filled(count)
    state.apply({"ack": {"gone": sorted(gone), "seq": max(gone, default=0)}})
    state.apply({"slot": {"A1": {"qty": 3, "sku": "W"}}, "meter": [["A1", "2.50", 4]]})
    again = copy(state)
    assert again.snapshot() == state.snapshot()
    again.apply({"meter": [["A1", "2.50", 1]], "evt": [event(state.next_seq)]})
    assert again.meters["A1"]["2.50"] == 5
    assert again.next_seq == state.next_seq + 1


def test_acknowledged_events_are_kept_for_a_while():
    state = filled(KEPT + 20)
    state.apply({"ack": {"gone": list(range(1, KEPT + 11)), "seq": KEPT + 10}})
    assert len(state.kept) == KEPT and min(state.kept) == 11
    assert len(state.pending) == 10 and state.acked == KEPT + 10


def test_the_mark_never_goes_back():
    state = filled(5)
    state.apply({"ack": {"gone": [1, 2, 3], "seq": 3}})
    state.apply({"ack": {"gone": [], "seq": 1}})
    assert state.acked == 3


def test_skipped_numbers_move_what_waits():
    state = filled(3)
    state.apply({"ack": {"gone": [1], "seq": 1}})
    state.apply({"skip": 100})
    assert [json.loads(text)["seq"] for text in state.pending.values()] == [100, 101]
    assert state.next_seq == 102


def test_skipping_nothing_still_skips():
    state = State()
    state.apply({"skip": 50})
    assert state.next_seq == 50


def test_a_new_epoch_forgets_events_and_commands_but_not_bottles():
    state = filled(3)
    state.apply({"cmd": {"c": {}}, "vend": {"v": {"state": "done"}}, "slot": {"A1": {"qty": 3}}})
    state.apply({"epoch": 2})
    assert (state.next_seq, state.pending, state.commands, state.vends) == (1, {}, {}, {})
    assert state.slots == {"A1": {"qty": 3}}


def test_fields_are_merged_and_none_forgets():
    state = State()
    state.apply({"slot": {"A1": {"qty": 3}, "A2": {"qty": 1}}, "vend": {"v": {"state": "paid"}}})
    state.apply({"slot": {"A1": {"state": "ok"}, "A2": None}, "vend": {"v": {"result": 1}}})
    assert state.slots == {"A1": {"qty": 3, "state": "ok"}}
    assert state.vends == {"v": {"state": "paid", "result": 1}}
    state.apply({"vend": {"v": None, "w": None}, "fault": {"f": {"code": "x"}}})
    assert state.vends == {} and state.faults
    state.apply({"fault": {"f": None, "g": None}})
    assert not state.faults


def test_old_answers_are_forgotten_in_order():
    state = State()
    for number in range(ANSWERS + 5):
        state.apply({"cmd": {str(number): {"status": "succeeded"}}})
    assert len(state.commands) == ANSWERS and "4" not in state.commands and "5" in state.commands


def test_texts_are_the_same_after_reading_the_journal():
    message = {"seq": 1, "id": "x", "ts": "2026-01-01T00:00:00.000+00:00", "data": {"ü": "1.0"}}
    first, second = State(), State()
    first.apply({"evt": [message]})
    second.apply(json.loads(json.dumps({"evt": [message]})))
    assert first.pending == second.pending
