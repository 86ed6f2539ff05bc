# SPDX-License-Identifier: LGPL-3.0-or-later
"""The journal of what is stored, against a plain set of numbers."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from wine_device_bridge_core.received import MAX_MISSING, MOST_GAPS, Received, merged, without

small = st.lists(st.integers(min_value=1, max_value=40), max_size=60)
wide = st.lists(
    st.integers(min_value=1, max_value=2000) | st.integers(min_value=1, max_value=2**53),
    max_size=25,
)


def filled(numbers, journal=None):
    journal = journal or Received()
    for seq in numbers:
        journal.add(seq)
    return journal


def is_stored(journal, seq):
    inside = any(first <= seq <= last for first, last in journal.gaps)
    return 0 < seq <= journal.highest and not inside


def covered(ack, seq):
    """Whether a device deletes this event when it reads the acknowledgement."""
    return seq <= ack["ack_seq"] and seq not in ack["missing"]


@given(small)
def test_it_is_the_set_of_what_was_added(numbers):
    journal = filled(numbers)
    stored = set(numbers)
    assert journal.highest == max(stored, default=0)
    assert {seq for seq in range(0, 45) if is_stored(journal, seq)} == stored
    assert journal.missing(1000) == sorted(set(range(1, journal.highest)) - stored)


@given(wide)
def test_gaps_are_ascending_apart_and_below_the_highest(numbers):
    journal = filled(numbers)
    before = -1
    for first, last in journal.gaps:
        assert before + 1 < first <= last < journal.highest
        before = last
    assert all(is_stored(journal, seq) for seq in numbers)


@given(wide, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(numbers, chance):
    other = numbers * 2
    chance.shuffle(other)
    assert filled(other) == filled(numbers)


@given(wide)
def test_gaps_cost_no_more_memory_than_what_came(numbers):
    assert len(filled(numbers).gaps) <= len(set(numbers))


@given(wide)
def test_an_acknowledgement_never_covers_what_was_not_added(numbers):
    stored = set(numbers)
    ack = filled(numbers).acknowledgement(1)
    assert len(ack["missing"]) <= MAX_MISSING
    assert ack["missing"] == sorted(set(ack["missing"]))
    assert not stored & set(ack["missing"])
    suspects = {
        seq + step for seq in [0, *numbers, *ack["missing"], ack["ack_seq"]] for step in (-1, 0, 1)
    }
    for seq in suspects:
        if seq >= 1 and seq not in stored:
            assert not covered(ack, seq), (seq, ack)


@given(small)
def test_while_little_is_missing_all_that_was_added_is_covered(numbers):
    ack = filled(numbers).acknowledgement(1)
    for seq in numbers:
        assert covered(ack, seq)


@given(st.sets(st.integers(min_value=1, max_value=900), min_size=1))
def test_a_device_that_obeys_ends_with_nothing_left(numbers):
    """It deletes what is covered and sends again what is named missing, or lies beyond."""
    highest = max(numbers)
    journal, kept = filled(numbers), set(range(1, highest + 1))
    for _round in range(20):
        ack = journal.acknowledgement(1)
        kept = {seq for seq in kept if not covered(ack, seq)}
        filled(sorted(kept)[:250], journal)
    assert not kept
    assert journal == Received(highest)


@given(wide)
def test_it_survives_being_kept(numbers):
    journal = filled(numbers)
    gaps = json.loads(json.dumps(journal.gaps))
    again = Received(journal.highest, gaps)
    assert again == journal
    assert again.acknowledgement(3) == journal.acknowledgement(3)
    assert filled([journal.highest + 2], again) == filled([journal.highest + 2], journal)


@given(st.lists(st.tuples(st.integers(min_value=1), st.sampled_from(["schema", "too_large"]))))
def test_what_is_refused_is_named(rejected):
    ack = Received().acknowledgement(7, rejected)
    assert ack["epoch"] == 7
    assert [(row["seq"], row["code"]) for row in ack["rejected"]] == rejected
    assert json.loads(json.dumps(ack)) == ack


ranges = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda pair: [pair[0], sum(pair)]),
    max_size=12,
)


def inside(some):
    return {seq for first, last in some for seq in range(first, last + 1)}


@given(ranges, ranges)
def test_ranges_are_sets_of_numbers(some, others):
    assert inside(merged(some)) == inside(some)
    assert inside(without(merged(some), others)) == inside(some) - inside(others)
    for found in (merged(some), without(merged(some), others)):
        assert all(one[1] < two[0] for one, two in zip(found, found[1:], strict=False))


@settings(max_examples=6, deadline=None)
@given(st.integers(2, 4), st.integers(0, 9))
def test_a_machine_that_leaves_holes_without_end_costs_no_more_than_so_many(step, first):
    """Beyond that the lowest gaps are taken for one: asked for too much, acknowledged too little"""
    numbers = range(first + 1, first + 3 * step * MOST_GAPS, step)
    journal = filled(numbers)
    assert len(journal.gaps) == MOST_GAPS
    ack = journal.acknowledgement(1)
    stored = set(numbers)
    missed = [seq for seq in range(1, journal.highest) if seq not in stored]
    assert not any(is_stored(journal, seq) or covered(ack, seq) for seq in missed)
    filled(numbers, journal)
    assert len(journal.gaps) == MOST_GAPS
    say_what_is_asked_for(journal)
    assert journal == Received(journal.highest)


def say_what_is_asked_for(journal):
    """As a device does that holds everything (§4): the lowest first, until nothing is missing."""
    while missing := journal.missing():
        filled(missing, journal)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32))
def test_numbers_in_any_order_cost_no_more_either(seed):
    """The highest first: each of the others cuts a gap in two."""
    numbers = list(range(2, 6 * MOST_GAPS, 2))
    random.Random(seed).shuffle(numbers)
    journal = filled([6 * MOST_GAPS, *numbers])
    assert len(journal.gaps) == MOST_GAPS
    ack = journal.acknowledgement(1)
    assert not any(covered(ack, seq) for seq in range(1, journal.highest, 2))
    say_what_is_asked_for(journal)
    assert journal == Received(6 * MOST_GAPS)


def test_what_is_given_up_is_not_asked_for_again_where_gaps_are_folded():
    journal = filled(range(2, 4 * MOST_GAPS, 4))
    journal.lost = [[first, last] for first, last in journal.gaps]
    filled(range(4 * MOST_GAPS, 8 * MOST_GAPS, 4), journal)
    assert len(journal.gaps) == MOST_GAPS
    assert all(first > 4 * MOST_GAPS - 8 for first, _last in journal.wanted())
    assert len(journal.lost) == 1


def test_a_device_that_begins_far_up():
    journal = filled([2**53])
    assert journal.gaps == [[1, 2**53 - 1]]
    ack = journal.acknowledgement(1)
    assert ack["missing"] == list(range(1, MAX_MISSING + 1))
    assert ack["ack_seq"] == MAX_MISSING
