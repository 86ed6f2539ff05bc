# SPDX-License-Identifier: LGPL-3.0-or-later
"""Counters of a machine that really sold, and what may happen to them between two readings."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from wine_vending_core.counters import (
    BACKWARDS,
    DELTA,
    FIRST,
    MODULI,
    RESET,
    ROLLOVER,
    SWAP,
    Reading,
    Sale,
    Step,
    advance,
    compare,
    explain,
    step,
)

SLOTS = ("A1", "A2", "B1")
PRICES = {"A1": 350, "A2": 12000, "B1": 99}
sold = st.lists(st.tuples(st.sampled_from(SLOTS), st.integers(1, 3)), max_size=12)


def sale(slot, count=1, **how):
    return Sale(slot, count, PRICES[slot] * count, **how)


def after(reading, sales, modulus=None):
    """The same machine when it has sold."""
    count, value, slots = reading.count, reading.value, dict(reading.slots)
    for slot, number in sales:
        count, value = count + number, value + PRICES[slot] * number
        before = slots.get(slot, (0, 0))
        slots[slot] = (before[0] + number, before[1] + PRICES[slot] * number)
    if modulus:
        count %= modulus
    return Reading(count, value, slots, reading.epoch, reading.board, reading.initialised)


START = Reading(500, 90_000, {"A1": (300, 60_000), "A2": (100, 20_000), "B1": (100, 10_000)})


@given(sold)
def test_what_we_know_explains_the_counters(sales):
    stepped = step(START, after(START, sales))
    found = compare(stepped, [sale(slot, number) for slot, number in sales])
    assert stepped.kind == DELTA
    assert found.explained
    assert found.ours_count == stepped.count


@given(sold, st.data())
def test_a_lost_sale_is_a_gap_of_its_size(sales, data):
    assume(sales)
    lost = data.draw(st.integers(0, len(sales) - 1))
    known = [sale(*row) for number, row in enumerate(sales) if number != lost]
    found = compare(step(START, after(START, sales)), known)
    slot, count = sales[lost]
    assert (found.count_gap, found.value_gap) == (count, count * PRICES[slot])
    assert found.slots == {slot: (count, count * PRICES[slot])}


@given(sold, st.sampled_from(SLOTS))
def test_a_sale_that_the_machine_never_counted(sales, slot):
    known = [sale(*row) for row in sales] + [sale(slot)]
    found = compare(step(START, after(START, sales)), known)
    assert (found.count_gap, found.value_gap) == (-1, -PRICES[slot])


@given(sold, sold, sold)
def test_sales_near_a_reading_may_be_on_either_side(inside, early, late):
    """However many of the near ones the machine had counted, nothing is missing."""
    for counted in (inside, inside + early, inside + late, inside + early + late):
        known = [
            *(sale(*row) for row in inside),
            *(sale(*row, near=True) for row in early),
            *(sale(*row, inside=False, near=True) for row in late),
        ]
        assert compare(step(START, after(START, counted)), known).explained


@given(st.sampled_from(MODULI), st.integers(1, 50), st.integers(0, 200))
def test_an_overflow_is_no_loss(modulus, left, sold_since):
    assume(left <= sold_since <= modulus // 20)
    old = modulus - left
    assert advance(old, (old + sold_since) % modulus) == (sold_since, ROLLOVER)


def test_an_overflow_of_the_value_alone():
    before = Reading(7000, 99_999_900)
    stepped = step(before, Reading(7001, 250))
    assert (stepped.kind, stepped.count, stepped.value) == (ROLLOVER, 1, 350)
    assert compare(stepped, [sale("A1")]).explained


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_counter_that_grew_never_rolled(old, new):
    distance, how = advance(old, new)
    assert (how == DELTA) is (new >= old)
    assert how == "fell" or distance >= 0


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        (Reading(12, 3000), RESET),
        (Reading(0, 0), RESET),
        (Reading(490, 89_000), BACKWARDS),
        (Reading(490, 91_000), BACKWARDS),
        (Reading(501, 40_000), BACKWARDS),
        (Reading(700, 95_000, initialised="2"), DELTA),
        (Reading(700, 95_000, board="B"), DELTA),
    ],
)
def test_falling_counters(new, kind):
    assert step(START, new).kind == kind


def test_marks_of_board_and_initialisation():
    before = Reading(500, 900, epoch=1, board="A", initialised="1")
    for changed, kind in (
        ({"epoch": 2}, SWAP),
        ({"board": "B"}, SWAP),
        ({"initialised": "2"}, RESET),
        ({}, DELTA),
    ):
        marks = {"epoch": 1, "board": "A", "initialised": "1", **changed}
        stepped = step(before, Reading(600, 1000, **marks))
        assert stepped.kind == kind
        assert stepped.exact is (kind == DELTA)


@given(sold, sold)
def test_after_a_reset_sales_before_it_are_no_gap(lost_to_us, since):
    """The new counters say what was sold at least; what we know beyond that is plausible."""
    fresh = after(Reading(0, 0, {}), since)
    stepped = step(START, fresh)
    assume(stepped.kind == RESET)
    known = [sale(*row) for row in lost_to_us + since]
    assert compare(stepped, known).explained
    if since:
        assert not compare(stepped, []).explained


@given(sold, st.sampled_from(("epoch", "board", "initialised")))
def test_a_new_board_may_go_on_counting(sales, mark):
    """Where the counters were carried over, nothing is missing; a fresh start is seen as well."""
    marks = {"epoch": (1, 2), "board": ("A", "B"), "initialised": ("x", "y")}[mark]
    before = replace(START, **{mark: marks[0]})
    known = [sale(*row) for row in sales]
    for beginning in (START, Reading(0, 0, {code: (0, 0) for code in SLOTS})):
        new = replace(after(beginning, sales), **{mark: marks[1]})
        stepped, found = explain(before, new, known)
        assert stepped.kind in (SWAP, RESET)
        assert found.explained
        assert stepped.count == sum(number for _slot, number in sales)


def test_the_first_reading_compares_nothing():
    assert step(None, START) == Step(FIRST)
    assert compare(step(None, START), []).explained


def test_a_slot_that_only_one_reading_has():
    """A new slot begins somewhere: it is part of the total, not compared by itself."""
    new = after(START, [("A1", 1)])
    new.slots["C9"] = (5, 5)
    assert set(step(START, new).slots) == set(SLOTS)
