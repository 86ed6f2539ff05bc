# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_profit_share_core.giving_back import GivingBack
from wine_profit_share_core.hold import hold
from wine_profit_share_core.take import take

AMOUNTS = st.lists(st.integers(-500, 1000).filter(bool), max_size=12)


@given(AMOUNTS, st.integers(1, 4000))
def test_what_is_taken_comes_to_the_cent(amounts, wanted):
    taking = take(amounts, wanted)
    if sum(amounts) < wanted:
        assert taking is None
        return
    assert sum(amounts[number] for number in taking.taken) - taking.left == wanted
    assert len(set(taking.taken)) == len(taking.taken)
    assert all(n in taking.taken for n, amount in enumerate(amounts) if amount < 0)
    # only the last one may be too large, and something of it is taken
    assert 0 <= taking.left < max(amounts[taking.taken[-1]], 1)


@given(AMOUNTS, st.integers(1, 4000))
def test_the_oldest_go_first(amounts, wanted):
    taking = take(amounts, wanted)
    if taking:
        earned = [number for number in taking.taken if amounts[number] > 0]
        older = [number for number, amount in enumerate(amounts) if amount > 0]
        assert earned == older[: len(earned)]


@given(AMOUNTS)
def test_everything_or_nothing(amounts):
    taking = take(amounts)
    assert (taking is None) == (sum(amounts) <= 0)
    if taking:
        assert taking.taken == list(range(len(amounts)))
        assert taking.left == 0


@pytest.mark.parametrize("wanted", [0, -5])
def test_nothing_is_not_taken(wanted):
    assert take([100], wanted) is None


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=6),
    st.integers(0, 25),
    st.lists(st.integers(1, 100), min_size=1, max_size=8),
)
def test_refunds_end_at_nothing(shares, rate, parts):
    """Whatever parts a sale is refunded in, with a tax that each refund rounds by itself."""
    whole = sum(shares)
    paid = whole + round(whole * rate / 100)
    giving = GivingBack(shares, paid, whole)
    taken = [0] * len(shares)
    given_so_far = 0
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        back = paid - given_so_far if last else paid * part // sum(parts)
        given_so_far += back
        net = round(back * 100 / (100 + rate))
        for place, one in enumerate(giving.refund(back, net)):
            assert one >= 0
            taken[place] += one
        assert all(one <= share for one, share in zip(taken, shares, strict=True))
    assert taken == list(shares)


def test_a_refund_beyond_the_sale_takes_no_more():
    giving = GivingBack([60, 40], 120, 100)
    assert giving.refund(120, 100) == [60, 40]
    assert giving.refund(10, 8) == [0, 0]


def test_what_is_no_refund_takes_nothing():
    giving = GivingBack([60, 40], 120, 100)
    assert giving.refund(-10, -8) == [0, 0]
    assert GivingBack([], -5, -5).refund(-5, -5) == []


TODAY = date(2026, 5, 10)


@pytest.mark.parametrize(
    ("until", "facts", "expected"),
    [
        (None, {}, ("available", None)),
        (date(2026, 5, 10), {}, ("available", None)),
        (date(2026, 5, 11), {}, ("held", "window")),
        (date(2026, 5, 11), {"verified": False}, ("held", "window")),
        (None, {"verified": False}, ("held", "unverified")),
        (None, {"case": True, "verified": False}, ("held", "case")),
        (date(2026, 5, 11), {"case": True, "dispute": True}, ("held", "dispute")),
    ],
)
def test_hold(until, facts, expected):
    assert hold(True, until, TODAY, **facts) == expected
    assert hold(False, until, TODAY, **facts) == ("available", None)
