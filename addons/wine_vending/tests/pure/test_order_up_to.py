# SPDX-License-Identifier: LGPL-3.0-or-later
"""Order-up-to levels against plain sums, and the division of scarce bottles against all others."""

import itertools
import random
from datetime import date
from math import comb, exp, factorial

import pytest
from wine_vending_core.forecast import FLAT, Forecast
from wine_vending_core.order_up_to import (
    Want,
    allocate,
    beyond,
    distribution,
    order_up_to,
    quantile,
    shortage,
    spread,
)

MONDAY = date(2026, 6, 1)


def forecast(rate, shape=1e9, dispersion=1.0, factors=FLAT):
    return Forecast(rate, factors, shape, dispersion, 100.0, "own")


def test_poisson():
    expected = [exp(-2.5) * 2.5**units / factorial(units) for units in range(8)]
    found = list(itertools.islice(distribution(2.5, 2.5), 8))
    assert found == pytest.approx(expected)


def test_negative_binomial():
    """Mean 3 and variance 6: three successes wanted, each with probability one half."""
    expected = [comb(units + 2, units) * 0.5 ** (units + 3) for units in range(8)]
    assert list(itertools.islice(distribution(3, 6), 8)) == pytest.approx(expected)


@pytest.mark.parametrize("mean", [0.1, 1, 7.3, 40, 399, 401, 5000])
@pytest.mark.parametrize("times", [1, 2.5])
def test_the_level_is_kept_and_one_bottle_less_would_not_do(mean, times):
    level = quantile(mean, mean * times, 0.95)
    chances = beyond(mean, mean * times, level + 1)
    assert chances[level] <= 0.051
    assert level == 0 or chances[level - 1] > 0.049


def test_shortage():
    assert shortage(2.0, 2.0, 0) == pytest.approx(2.0)
    by_hand = sum((units - 3) * exp(-2.0) * 2.0**units / factorial(units) for units in range(4, 40))
    assert shortage(2.0, 2.0, 3) == pytest.approx(by_hand)
    assert shortage(2.0, 2.0, -4) == pytest.approx(2.0), "a counter below zero holds nothing"
    assert shortage(2.0, 2.0, 60) == pytest.approx(0, abs=1e-9)
    assert shortage(0.0, 0.0, 1) == 0


def test_more_safety_costs_more_bottles():
    levels = [order_up_to(forecast(2.0), MONDAY, 5, level) for level in (0.5, 0.9, 0.99)]
    assert levels == sorted(set(levels))
    unsure = order_up_to(forecast(2.0, shape=4), MONDAY, 5, 0.95)
    assert unsure > order_up_to(forecast(2.0), MONDAY, 5, 0.95), "a young rate needs more"
    grouped = order_up_to(forecast(2.0, dispersion=3), MONDAY, 5, 0.95)
    assert grouped > order_up_to(forecast(2.0), MONDAY, 5, 0.95)


def test_the_weekend_ahead_is_filled_for():
    party = (0.25, 0.25, 0.25, 0.25, 2.0, 2.0, 2.0)
    monday = order_up_to(forecast(3.0, factors=party), MONDAY, 3, 0.95)
    friday = order_up_to(forecast(3.0, factors=party), date(2026, 6, 5), 3, 0.95)
    assert friday > 2 * monday


def test_no_more_than_sells_before_it_expires():
    assert order_up_to(forecast(2.0), MONDAY, 7, 0.95, shelf_days=4) == 8
    assert order_up_to(forecast(0.01), MONDAY, 7, 0.95, shelf_days=4) == 1, "a lane is not empty"


@pytest.mark.parametrize("seed", range(20))
def test_lanes_share_by_their_room(seed):
    chance = random.Random(seed)
    rooms = [chance.randint(0, 9) for _lane in range(chance.randint(1, 6))]
    total = chance.randint(0, 60)
    parts = spread(total, rooms)
    lowest = sum(1 for room in rooms if room)
    assert sum(parts) == max(min(total, sum(rooms)), lowest)
    assert all(part <= room for part, room in zip(parts, rooms, strict=True))
    assert all(part >= 1 for part, room in zip(parts, rooms, strict=True) if room)


def test_equal_lanes_differ_by_one_at_most():
    assert spread(10, [6, 6, 6]) == [4, 3, 3]
    assert spread(0, [6, 0]) == [1, 0]


def _earned(wants, given):
    return sum(sum(want.gains[: given[want.key]]) for want in wants)


@pytest.mark.parametrize("seed", range(30))
def test_no_other_allocation_earns_more(seed):
    chance = random.Random(seed)
    wants = [
        Want(
            (number,),
            chance.randint(1, 2),
            tuple(
                sorted((chance.randint(1, 50) for _b in range(chance.randint(0, 3))), reverse=True)
            ),
        )
        for number in range(4)
    ]
    stock, van = {1: chance.randint(0, 4), 2: chance.randint(0, 4)}, chance.randint(0, 6)
    best = 0
    for counts in itertools.product(*(range(len(want.gains) + 1) for want in wants)):
        used = {1: 0, 2: 0}
        for want, count in zip(wants, counts, strict=True):
            used[want.product] += count
        if sum(counts) <= van and all(used[product] <= stock[product] for product in stock):
            given = {want.key: count for want, count in zip(wants, counts, strict=True)}
            best = max(best, _earned(wants, given))
    assert _earned(wants, allocate(wants, stock, van)) == best


def test_nothing_in_the_warehouse():
    assert allocate([Want(("a",), 1, (5.0,))], {}, 10) == {("a",): 0}
