# SPDX-License-Identifier: LGPL-3.0-or-later
"""Spans of time against selling hours."""

from datetime import date, datetime

import pytest
from wine_vending_core.exposure import Hours, all_out, merged


def at(day, hour=0, minute=0):
    return datetime(2026, 6, day, hour, minute)


def test_only_while_every_lane_is_out():
    left, right = [(at(1), at(4)), (at(6), at(7))], [(at(2), at(3)), (at(3, 12), at(6, 12))]
    assert all_out([left, right]) == [(at(2), at(3)), (at(3, 12), at(4)), (at(6), at(6, 12))]
    assert all_out([left, []]) == []
    assert all_out([left]) == left


def test_overlapping_reports_of_one_lane_count_once():
    twice = [(at(1), at(3)), (at(2), at(4)), (at(4), at(5)), (at(9), at(9))]
    assert merged(twice) == [(at(1), at(5))]
    assert all_out([twice, [(at(1), at(2))]]) == [(at(1), at(2))]


def test_touching_spans_of_two_lanes_have_nothing_in_common():
    assert all_out([[(at(1), at(2))], [(at(2), at(3))]]) == []


def test_share_of_selling_hours():
    hours = Hours("UTC", 8, 20)
    assert hours.shares([(at(1, 17), at(2, 11))]) == {
        date(2026, 6, 1): pytest.approx(0.25),
        date(2026, 6, 2): pytest.approx(0.25),
    }
    assert hours.shares([(at(1, 21), at(2, 7))]) == {}, "closed anyhow"
    assert hours.shares([(at(1), at(2))]) == {date(2026, 6, 1): 1.0}


def test_days_are_those_of_the_region():
    hours = Hours("Asia/Shanghai")
    assert hours.shares([(at(1, 16), at(2, 4))]) == {date(2026, 6, 2): pytest.approx(0.5)}


def test_the_day_on_which_the_clock_changes():
    """29 March 2026 in Berlin has 23 hours; out all day is out all day."""
    hours = Hours("Europe/Berlin")
    whole = (datetime(2026, 3, 28, 23), datetime(2026, 3, 29, 22))
    assert hours.shares([whole]) == {date(2026, 3, 29): pytest.approx(1.0)}
