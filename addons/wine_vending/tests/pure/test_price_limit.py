# SPDX-License-Identifier: LGPL-3.0-or-later
"""The most particular limit binds, against an oracle that looks at all of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.price_limit import Limit, Limits, changed, rounded

REGIONS = (1, 2, 3)  # the whole, an area of it, a district of that
CATEGORIES = (10, 11, 12)
PRODUCT = 100


@st.composite
def stated(draw):
    """Limits of any scope, at most one for each, some for goods and regions that are not ours."""
    scopes = draw(
        st.sets(
            st.tuples(
                st.sampled_from([None, *REGIONS, 9]),
                st.sampled_from([(None, None), (PRODUCT, None), (200, None)])
                | st.sampled_from([*CATEGORIES, 19]).map(lambda categ: (None, categ)),
            ),
            max_size=12,
        )
    )
    return [
        Limit(
            number,
            region,
            product,
            category,
            floor=draw(st.sampled_from([0, 100, 200])),
            ceiling=draw(st.sampled_from([0, 300, 400])),
            margin=draw(st.sampled_from([None, Decimal(10), Decimal(50)])),
        )
        for number, (region, (product, category)) in enumerate(sorted(scopes, key=str), 1)
    ]


def particular(limit):
    """How near a limit is to our product in our district, or None where it does not bind."""
    goods = {(PRODUCT, None): 9, (None, None): 0}
    goods |= {(None, categ): depth for depth, categ in enumerate(CATEGORIES, 1)}
    regions = {None: 0} | {region: depth for depth, region in enumerate(REGIONS, 1)}
    key = (limit.product, limit.category)
    if key not in goods or limit.region not in regions:
        return None
    return goods[key], regions[limit.region]


def nearest(limits, states):
    binding = [limit for limit in limits if particular(limit) and states(limit)]
    return max(binding, key=particular, default=None)


@given(stated())
def test_the_most_particular_binds(limits):
    bounds = Limits(limits).bounds(REGIONS, PRODUCT, CATEGORIES)
    floor = nearest(limits, lambda limit: limit.floor)
    ceiling = nearest(limits, lambda limit: limit.ceiling)
    assert (bounds.floor and bounds.floor.limit) == floor
    assert (bounds.ceiling and bounds.ceiling.limit) == ceiling


@given(stated(), st.randoms())
def test_in_whatever_order_they_are_stated(limits, random):
    shuffled = random.sample(limits, len(limits))
    asked = REGIONS, PRODUCT, CATEGORIES
    assert Limits(limits).bounds(*asked) == Limits(shuffled).bounds(*asked)


@given(stated(), st.integers(1, 300))
def test_the_higher_of_floor_and_margin(limits, cost):
    bounds = Limits(limits).bounds(REGIONS, PRODUCT, CATEGORIES, cost=cost)
    floor = nearest(limits, lambda limit: limit.floor)
    margin = nearest(limits, lambda limit: limit.margin is not None)
    least = max(
        floor.floor if floor else 0,
        -(-cost * (100 + int(margin.margin)) // 100) if margin else 0,
    )
    assert (bounds.floor.amount if bounds.floor else 0) == least


@given(stated(), st.integers(0, 500))
def test_a_price_is_broken_exactly_outside(limits, price):
    bounds = Limits(limits).bounds(REGIONS, PRODUCT, CATEGORIES)
    low = bounds.floor.amount if bounds.floor else 0
    high = bounds.ceiling.amount if bounds.ceiling else price
    broken = bounds.broken(price)
    assert bool(broken) == (not low <= price <= high)


def test_a_margin_is_on_what_remains_after_tax():
    limits = Limits([Limit(1, margin=Decimal(20))])
    # 10.00 cost, 20 % more is 12.00 before a tax of a fifth: 15.00 to be paid for 12.00
    bounds = limits.bounds([], 1, [], cost=1000, net=Decimal("0.8"))
    assert bounds.floor.amount == 1500
    assert bounds.broken(1499)[0] == "floor"
    assert bounds.broken(1500) is None


@pytest.mark.parametrize(
    ("price", "mode", "value", "step", "expected"),
    [
        (1900, "set", "20.50", 1, 2050),
        (1900, "add", "1.25", 1, 2025),
        (1900, "add", "-30", 1, 0),
        (1900, "percent", "10", 1, 2090),
        (1999, "percent", "-15", 1, 1699),
        (1999, "percent", "5", 50, 2100),
        (1925, "percent", "0", 50, 1950),
        (1924, "set", "19.24", 50, 1900),
    ],
)
def test_a_change_of_price(price, mode, value, step, expected):
    assert changed(price, mode, Decimal(value), 2, step) == expected


@given(st.integers(0, 10**6), st.sampled_from([1, 5, 10, 50, 100]))
def test_rounding_goes_to_the_nearest(amount, step):
    result = rounded(amount, step)
    assert result % step == 0
    assert 2 * abs(result - amount) <= step
