# SPDX-License-Identifier: LGPL-3.0-or-later
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wine_profit_share_core.allocate import largest_remainder
from wine_profit_share_core.reversal import beyond, sainte_lague, take_back, taken_back

shares_of = st.lists(st.integers(0, 10**6), min_size=1, max_size=8)
few = st.lists(st.integers(0, 12), min_size=1, max_size=6)


def test_a_refund_of_three_units_one_by_one():
    """8.00, 1.00 and 1.00 of 10.00; a third back each time."""
    shares, taken = [800, 100, 100], []
    for before, now in ((0, 333), (333, 667), (667, 1000)):
        taken.append(take_back(shares, 1000, before, now))
    assert [sum(parts) for parts in taken] == [333, 334, 333]
    assert taken[0] == [267, 33, 33]  # 266.4, 33.3, 33.3: the nearest, and one that is missing
    assert [sum(parts) for parts in zip(*taken, strict=True)] == shares


def test_largest_remainders_would_hand_a_receiver_a_cent():
    """The reason for another method: here their part of a receiver shrinks as more is refunded."""
    shares = [6, 6, 2]
    by_remainders = [largest_remainder(back, shares) for back in range(15)]
    assert any(
        one > other
        for earlier, later in zip(by_remainders, by_remainders[1:], strict=False)
        for one, other in zip(earlier, later, strict=True)
    )
    for back in range(14):
        assert min(take_back(shares, 14, back, back + 1)) >= 0


@given(shares_of, st.data())
@example([1, 1, 1], None)
def test_parts_are_never_negative_and_end_at_nothing(shares, data):
    whole = sum(shares)
    if not whole:
        return
    cuts = data.draw(st.lists(st.integers(0, whole), max_size=6)) if data else [1, 2]
    left, before = list(shares), 0
    for now in [*sorted(cuts), whole]:
        parts = take_back(shares, whole, before, now)
        assert sum(parts) == now - before
        left = [most - part for most, part in zip(left, parts, strict=True)]
        assert min(parts) >= 0 <= min(left)
        before = now
    assert not any(left)


@given(few)
def test_each_single_cent_takes_one_cent_from_one_receiver(shares):
    for back in range(sum(shares)):
        parts = take_back(shares, sum(shares), back, back + 1)
        assert sorted(parts) == [0] * (len(parts) - 1) + [1]


@given(shares_of, st.data())
def test_whatever_the_parts_were_the_state_is_the_same(shares, data):
    whole = sum(shares)
    if not whole:
        return
    now = data.draw(st.integers(0, whole))
    middle = data.draw(st.integers(0, now))
    at_once = take_back(shares, whole, 0, now)
    first, then = take_back(shares, whole, 0, middle), take_back(shares, whole, middle, now)
    assert at_once == [one + other for one, other in zip(first, then, strict=True)]
    assert at_once == taken_back(shares, whole, now)


@given(shares_of, st.data())
def test_a_part_is_near_the_exact_one(shares, data):
    whole = sum(shares)
    if not whole:
        return
    given = data.draw(st.integers(0, whole))
    # each is rounded by half a unit at most, and all these halves may end at one place
    most = Fraction(len(shares) + 1, 2)
    for share, part in zip(shares, taken_back(shares, whole, given), strict=True):
        assert abs(part - Fraction(share * given, whole)) <= most


@given(shares_of, st.integers(1, 50), st.data())
def test_by_units_of_goods(shares, units, data):
    given = data.draw(st.integers(0, units))
    taken = taken_back(shares, units, given)
    assert sum(taken) == sum(shares) * given // units
    assert all(0 <= part <= share for part, share in zip(taken, shares, strict=True))
    assert take_back(shares, units, given, units) == [
        share - part for share, part in zip(shares, taken, strict=True)
    ]


def test_more_than_all_takes_all_and_says_what_is_beyond():
    assert take_back([70, 30], 100, 90, 130) == [7, 3]
    assert [beyond(100, 90, 130), beyond(100, 110, 130), beyond(100, 0, 100)] == [30, 20, 0]


@given(st.integers(0, 400), few)
def test_every_unit_has_the_greatest_claim_when_it_is_given(total, weights):
    """What the method is by its definition: one unit after the other to the greatest claim."""
    total = min(total, sum(weights))
    parts = [0] * len(weights)
    for _unit in range(total):
        claims = [Fraction(w, 2 * part + 1) for w, part in zip(weights, parts, strict=True)]
        parts[claims.index(max(claims))] += 1
    assert sainte_lague(total, weights) == parts


@pytest.mark.parametrize(("whole", "before", "now"), [(0, 0, 0), (-5, 0, 1), (9, 3, 2), (9, -1, 2)])
def test_what_cannot_have_been_given_back(whole, before, now):
    with pytest.raises(ValueError, match="cannot have been given back"):
        take_back([4, 5], whole, before, now)
