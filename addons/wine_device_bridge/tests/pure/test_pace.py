# SPDX-License-Identifier: LGPL-3.0-or-later
"""Turns that last about as long as they may, however long one thing takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_device_bridge_core.pace import Pace


@pytest.mark.parametrize(("each", "reached"), [(0.0001, 50), (0.05, 10), (0.3, 1), (2.0, 1)])
def test_it_settles_where_a_turn_lasts_as_long_as_it_may(each, reached):
    pace = Pace(0.5, 50)
    for _turn in range(10):
        pace.took(pace.now, pace.now * each)
    assert pace.now == reached


def test_one_slow_turn_is_enough_to_slow_down():
    pace = Pace(0.5, 50)
    for _turn in range(10):
        pace.took(pace.now, 0.001)
    assert pace.now == 50
    pace.took(50, 25.0)
    assert pace.now == 1


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1000))))
def test_always_one_never_more_than_may_be(turns):
    pace = Pace(0.5, 50)
    for count, seconds in turns:
        before = pace.now
        pace.took(count, seconds)
        assert 1 <= pace.now <= min(50, 2 * before)
