# SPDX-License-Identifier: LGPL-3.0-or-later
"""In whatever order facts arrive, the counter is the newest count less what came after it."""

from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.slot_counter import SlotCounter

START = 10
sale = st.tuples(st.just("sell"), st.integers(min_value=0, max_value=6))
count = st.tuples(st.just("count"), st.integers(min_value=0, max_value=12))


def counter(qty=START):
    return SlotCounter(1, qty, "ok")


def take(slot, facts):
    for (kind, number), position in facts:
        if kind == "sell":
            slot.sell(number, position)
        else:
            slot.count(number, number, position)
    return slot


@st.composite
def histories(draw):
    """(facts in the device's order, the same in another order)."""
    kinds = draw(st.lists(sale | count, max_size=8))
    facts = [(fact, (1, number)) for number, fact in enumerate(kinds, 1)]
    return facts, draw(st.permutations(facts))


def expected(facts):
    qty = START
    for (kind, number), _position in facts:
        qty = qty - number if kind == "sell" else number
    return qty


@given(histories())
def test_any_order_gives_the_same_counter(history):
    facts, shuffled = history
    assert take(counter(), facts).qty == expected(facts)
    assert take(counter(), shuffled).qty == expected(facts)


@given(histories(), st.integers(min_value=2, max_value=5))
def test_an_epoch_is_newer_than_all_before_it(history, epoch):
    facts, _shuffled = history
    later = [(fact, (epoch, 1)) for fact in [("count", 7)]]
    assert take(counter(), later + facts).qty == 7


@given(st.lists(st.integers(min_value=0, max_value=6), max_size=20))
def test_it_may_fall_below_zero(sold):
    slot = counter(qty=3)
    for qty in sold:
        slot.sell(qty)
    assert slot.qty == 3 - sum(sold)
    assert slot.changed is any(sold)


@given(
    st.integers(min_value=-5, max_value=20),
    st.integers(min_value=0, max_value=20),
    st.integers(min_value=0, max_value=20),
)
def test_a_count_says_what_differs(there, before, after):
    slot = counter(qty=there)
    assert slot.count(before, after) == before - there
    assert (slot.qty, slot.changed) == (after, True)


def test_a_late_count_does_not_take_sold_bottles_for_missing():
    slot = counter()
    slot.sell(2, (1, 5))
    assert slot.count(10, 12, (1, 3)) == 0, "ten were there before two were sold"
    assert slot.qty == 10


def test_an_older_count_changes_nothing():
    slot = counter()
    slot.count(8, 8, (1, 5))
    assert slot.count(3, 3, (1, 4)) == 0
    assert slot.count(3, 3, (1, 5)) == 0, "nor does the same one again"
    assert slot.qty == 8


def test_reports():
    slot = counter()
    slot.report("")
    slot.report("ok")
    assert not slot.changed
    slot.report("jammed")
    assert (slot.state, slot.changed) == ("jammed", True)


def test_a_late_word_on_the_state_changes_nothing():
    counter = SlotCounter(1, 5, "ok", said=(1, 20))
    counter.report("jammed", (1, 19))
    counter.report("jammed", (1, 20))
    assert (counter.state, counter.changed) == ("ok", False)
    counter.report("jammed", (1, 21))
    assert (counter.state, counter.said) == ("jammed", (1, 21))
    counter.report("ok", (2, 1))
    assert counter.state == "ok", "a new board counts from one"
    counter.report("empty")
    assert (counter.state, counter.said) == ("empty", (2, 1))
