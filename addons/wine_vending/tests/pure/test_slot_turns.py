# SPDX-License-Identifier: LGPL-3.0-or-later
"""When a slot ran out and when it had some again, as its counter saw it."""

from datetime import datetime

import pytest
from wine_vending_core.slot_counter import SlotCounter, out_of_stock


def at(hour):
    return datetime(2026, 6, 1, hour)


@pytest.mark.parametrize(
    ("qty", "state", "kind"),
    [
        (1, "ok", None),
        (0, "ok", "empty"),
        (-2, "ok", "empty"),
        (3, "jammed", "blocked"),
        (3, "disabled", "blocked"),
        (0, "jammed", "empty"),
        (3, "empty", None),
    ],
)
def test_kinds(qty, state, kind):
    assert out_of_stock(qty, state) == kind


def counter(qty=1, state="ok", **values):
    return SlotCounter(1, qty, state, **values)


def test_sold_out_and_filled_in_one_batch():
    slot = counter(2)
    for hour in (8, 9):
        slot.at = at(hour)
        slot.sell(1)
    slot.at = at(12)
    slot.count(0, 6)
    assert slot.turns == [(at(9), "empty"), (at(12), None)]


def test_below_zero_is_no_new_turn():
    slot = counter(1)
    slot.at = at(8)
    slot.sell(1)
    slot.at = at(9)
    slot.sell(1)
    assert slot.turns == [(at(8), "empty")]


def test_jammed_then_empty_is_one_time_without_sales():
    slot = counter(1, at=at(7))
    slot.report("jammed")
    slot.at = at(8)
    slot.sell(1)
    slot.at = at(9)
    slot.report("ok")
    assert slot.turns == [(at(7), "blocked")], "still empty"
    slot.at = at(10)
    slot.count(0, 4)
    assert slot.turns[-1] == (at(10), None)


def test_a_sale_that_a_count_has_seen_turns_nothing():
    slot = counter(1, counted=(1, 10))
    slot.at = at(8)
    slot.sell(1, (1, 9))
    assert slot.turns == []


def test_an_empty_slot_that_stays_empty():
    slot = counter(0, at=at(8))
    slot.count(0, 0)
    slot.report("empty")
    assert slot.turns == []
