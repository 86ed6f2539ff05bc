# SPDX-License-Identifier: LGPL-3.0-or-later
"""A difference leads from one layout to the other; a merge loses nobody's change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.planogram_diff import FIELDS, Change, Lane, apply, diff, merge

lanes = st.builds(
    Lane,
    product=st.integers(1, 3),
    price=st.integers(0, 3),
    capacity=st.integers(0, 2),
    par=st.integers(0, 2),
    enabled=st.booleans(),
)
layouts = st.dictionaries(st.sampled_from(["A1", "A2", "B1", "B2"]), lanes)
RED, SODA = Lane("red", 1900, 6, 6), Lane("soda", 350, 8, 6)


@given(layouts)
def test_nothing_differs_from_itself(layout):
    assert diff(layout, layout) == []


@given(layouts, layouts)
def test_a_difference_leads_there(before, after):
    changes = diff(before, after)
    assert apply(before, changes) == after
    assert len({change.slot for change in changes}) == len(changes)
    assert all(change.fields for change in changes)


@given(layouts, layouts)
def test_and_back(before, after):
    back = [Change(change.slot, change.after, change.before) for change in diff(before, after)]
    assert apply(after, back) == before


def test_what_a_reader_is_told():
    cheaper = Lane("red", 1500, 6, 4)
    assert diff({"A1": RED}, {"A1": cheaper})[0].fields == ("price", "par")
    assert diff({"A1": RED}, {})[0].fields == FIELDS
    assert diff({}, {"A1": RED})[0].before is None


@given(layouts, layouts)
def test_who_changed_nothing_gets_the_other_one(base, other):
    assert merge(base, base, other) == (other, [])
    assert merge(base, other, base) == (other, [])
    assert merge(base, other, other) == (other, [])


@given(layouts, layouts, layouts)
def test_no_change_is_lost_silently(base, mine, theirs):
    """Each field of each slot is what one of them made of it; where they disagree it is said."""
    merged, conflicts = merge(base, mine, theirs)
    for slot in {*base, *mine, *theirs}:
        if slot in conflicts:
            assert merged.get(slot) == theirs.get(slot)
            assert mine.get(slot) != base.get(slot) != theirs.get(slot)
            continue
        was, my, their, now = (layout.get(slot) for layout in (base, mine, theirs, merged))
        if None in (was, my, their):
            assert now == (their if my == was else my)
            continue
        for name in FIELDS:
            values = [getattr(lane, name) for lane in (was, my, their, now)]
            assert values[3] == (values[2] if values[1] == values[0] else values[1])


@given(layouts, layouts, layouts)
def test_the_same_slots_are_in_conflict_either_way(base, mine, theirs):
    assert set(merge(base, mine, theirs)[1]) == set(merge(base, theirs, mine)[1])


def test_price_of_one_and_par_of_the_other_come_together():
    dearer, fewer = Lane("red", 2100, 6, 6), Lane("red", 1900, 6, 4)
    merged, conflicts = merge({"A1": RED}, {"A1": dearer}, {"A1": fewer})
    assert (merged, conflicts) == ({"A1": Lane("red", 2100, 6, 4)}, [])


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ({"A1": Lane("red", 2100, 6, 6)}, {"A1": Lane("red", 1700, 6, 6)}),
        ({"A1": SODA}, {}),
        ({}, {"A1": Lane("red", 2100, 6, 6)}),
    ],
)
def test_a_person_decides(mine, theirs):
    merged, conflicts = merge({"A1": RED}, mine, theirs)
    assert (merged, conflicts) == (theirs, ["A1"])


def test_both_fill_an_empty_slot_otherwise():
    assert merge({}, {"A1": RED}, {"A1": SODA}) == ({"A1": SODA}, ["A1"])
