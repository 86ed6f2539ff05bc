# SPDX-License-Identifier: LGPL-3.0-or-later
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_profit_share_core.allocate import largest_remainder

weights_of = st.lists(st.integers(0, 10**6), max_size=9)


@given(st.integers(0, 10**9), weights_of)
def test_nothing_is_lost_and_nobody_is_a_unit_off(total, weights):
    parts = largest_remainder(total, weights)
    assert sum(parts) == (total if weights else 0)
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        exact = Fraction(total * weight, whole) if whole else Fraction(total, len(weights))
        assert abs(part - exact) < 1


@given(st.integers(0, 10**9), weights_of)
def test_who_weighs_more_never_gets_less(total, weights):
    ranked = sorted(zip(weights, largest_remainder(total, weights), strict=True), reverse=True)
    parts = [part for _weight, part in ranked]
    assert parts == sorted(parts, reverse=True)


def test_ties_go_to_the_earlier_place_or_by_rank():
    assert largest_remainder(1, [1, 1]) == [1, 0]
    assert largest_remainder(1, [1, 1], ranks=[7, 3]) == [0, 1]
    assert largest_remainder(5, [0, 0, 0]) == [2, 2, 1]


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [2, -1])])
def test_nothing_negative_is_divided(total, weights):
    with pytest.raises(ValueError, match="not negative"):
        largest_remainder(total, weights)
