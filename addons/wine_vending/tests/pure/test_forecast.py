# SPDX-License-Identifier: LGPL-3.0-or-later
"""Known series: what the forecast must say of them."""

import random
from datetime import date, timedelta

import pytest
from wine_vending_core.forecast import Series, Window, evidence, forecasts, horizon

TODAY = date(2026, 6, 1)  # a Monday
WINDOW = Window(TODAY)
ALWAYS = [(WINDOW.first, TODAY)]
#: Monday to Sunday, mean 1
PARTY = (0.5, 0.5, 0.5, 0.5, 1.5, 2.0, 1.5)


def days(start=WINDOW.first, end=TODAY):
    return [start + timedelta(days=number) for number in range((end - start).days)]


def poisson(chance, mean):
    """Knuth's way: arrivals until the time is over."""
    units, left = 0, chance.expovariate(1)
    while left < mean:
        units, left = units + 1, left + chance.expovariate(1)
    return units


def series(rate, machine=1, product=1, seed=1, week=(1,) * 7, spans=None, missing=None):
    """Sales with a true rate; nothing is sold where nothing is there."""
    chance, sold, missing = random.Random(seed), {}, missing or {}
    spans = ALWAYS if spans is None else spans
    for start, end in spans:
        for day in days(start, end):
            units = poisson(chance, rate * week[day.weekday()] * (1 - missing.get(day, 0)))
            if units:
                sold[day] = units
    return Series(machine, product, sold, spans, missing)


def one(series):
    return forecasts(WINDOW, [series])[series.machine, series.product]


def test_an_empty_slot_does_not_forecast_zero():
    """Out of stock two days of three, for months: the rate is that of the days with bottles."""
    missing = {day: 1.0 for day in days() if day.toordinal() % 3}
    with_gaps = series(3.0, missing=missing, seed=4)
    assert one(with_gaps).rate == pytest.approx(3.0, rel=0.15)
    naive = Series(1, 1, with_gaps.sold, ALWAYS)
    assert one(naive).rate < 1.4, "the same sales, read as demand"


def test_half_a_day_counts_half():
    missing = dict.fromkeys(days(), 0.5)
    assert one(series(4.0, missing=missing, seed=5)).rate == pytest.approx(4.0, rel=0.2)


def test_sold_although_we_thought_it_was_out():
    """A counter that was wrong: the day counts a little, the sale in full, nothing divides by 0."""
    alone = Series(1, 1, {TODAY - timedelta(days=1): 5}, ALWAYS, dict.fromkeys(days(), 1.0))
    result = one(alone)
    assert result.rate > 0
    assert result.days == pytest.approx(0.1)


def test_nothing_known_at_all():
    result = one(Series(1, 1))
    assert (result.rate, result.days, result.source) == (0.0, 0.0, "region")
    assert result.factors == pytest.approx((1,) * 7)


def test_a_new_product_begins_with_its_pool():
    many = [series(2.0, machine=number, seed=number) for number in range(2, 12)]
    many += [series(0.2, machine=number, product=2, seed=50 + number) for number in range(2, 12)]
    result = forecasts(WINDOW, [Series(1, 1), Series(1, 2), *many])
    assert result[1, 1].rate == pytest.approx(2.0, rel=0.1)
    assert result[1, 2].rate == pytest.approx(0.2, rel=0.3)
    assert result[1, 1].source == "region"
    assert result[2, 1].source == "own"


def test_own_days_outweigh_the_pool():
    many = [series(2.0, machine=number, seed=number) for number in range(2, 12)]
    slow = series(0.1, seed=99)
    assert forecasts(WINDOW, [slow, *many])[1, 1].rate < 0.5
    young = series(0.1, seed=3, spans=[(TODAY - timedelta(days=5), TODAY)])
    between = forecasts(WINDOW, [young, *many])[1, 1]
    assert 0.6 < between.rate < 1.9, "five days say something, not everything"
    assert between.source == "blend"


def test_a_pair_is_not_its_own_pool():
    """Alone in the pool, the own sales are counted once."""
    alone = one(series(1.0, spans=[(TODAY - timedelta(days=4), TODAY)], seed=8))
    again = forecasts(WINDOW, [series(1.0, spans=[(TODAY - timedelta(days=4), TODAY)], seed=8)])
    assert alone.shape == pytest.approx(again[1, 1].shape)
    assert alone.shape < 20


def test_the_week_is_found():
    result = one(series(5.0, week=PARTY, seed=2))
    assert result.factors == pytest.approx(PARTY, abs=0.2)
    assert sum(result.factors) == pytest.approx(7)


def test_a_slow_seller_takes_the_week_of_its_machine():
    """Three bottles in half a year say nothing of the week; the machine's other goods do."""
    many = [series(4.0, product=number, week=PARTY, seed=number) for number in range(2, 8)]
    rare = Series(1, 1, {TODAY - timedelta(days=7 * n): 1 for n in (1, 9, 20)}, ALWAYS)
    factors = forecasts(WINDOW, [rare, *many])[1, 1].factors
    assert factors[5] > 1.6
    assert factors[0] < 0.8


def test_zeros_between_sales_are_demand_too():
    """Intermittent: one bottle every ten days is a tenth of a bottle a day."""
    sold = {day: 1 for day in days() if day.toordinal() % 10 == 0}
    assert one(Series(1, 1, sold, ALWAYS)).rate == pytest.approx(0.1, rel=0.1)


def test_the_past_fades():
    half = TODAY - timedelta(days=60)
    sold = {day: 1 for day in days(end=half)} | {day: 5 for day in days(start=half)}
    assert 3.2 < one(Series(1, 1, sold, ALWAYS)).rate < 5
    assert one(Series(1, 1, {**dict.fromkeys(days(end=half), 5)}, ALWAYS)).rate < 2


def test_days_before_the_product_came_are_no_zeros():
    late = [(TODAY - timedelta(days=20), TODAY)]
    sold = dict.fromkeys(days(start=late[0][0]), 2)
    assert one(Series(1, 1, sold, late)).rate == pytest.approx(2.0, rel=0.05)
    assert evidence(WINDOW, Series(1, 1, sold, late)).days == 20


def test_sales_outside_of_the_window_say_nothing():
    old = {WINDOW.first - timedelta(days=1): 50, TODAY: 50}
    assert one(Series(1, 1, old, ALWAYS)).rate == 0


def test_buyers_in_groups_spread_more():
    calm = one(series(2.0, seed=6))
    groups = Series(1, 1, {d: 12 for d in days() if d.toordinal() % 6 == 0}, ALWAYS)
    assert calm.dispersion < 1.3
    assert one(groups).dispersion > 4
    assert one(groups).demand(TODAY, 7)[1] > 3 * calm.demand(TODAY, 7)[1]


def test_the_demand_of_some_days_follows_the_week():
    assert horizon(PARTY, TODAY, 7) == pytest.approx(7)
    assert horizon(PARTY, TODAY, 2) == pytest.approx(1)  # Monday, Tuesday
    assert horizon(PARTY, TODAY + timedelta(days=4), 2) == pytest.approx(3.5)  # Friday, Saturday
    assert horizon(PARTY, TODAY, 4.5) == pytest.approx(2.75)  # half of Friday
    assert horizon(PARTY, TODAY, 14 + 4.5) == pytest.approx(16.75)
    assert horizon(PARTY, TODAY, 0) == 0


def test_the_same_sales_give_the_same_figures():
    many = [series(1.5, machine=m, product=p, seed=m * 7 + p) for m in (1, 2, 3) for p in (1, 2)]
    assert forecasts(WINDOW, many) == forecasts(Window(TODAY), list(many))


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.0, 4.0])
def test_the_rate_is_found_within_its_noise(rate):
    """40 machines: on average right, and each within three standard errors of its weighted days."""
    many = [series(rate, machine=number, seed=number) for number in range(40)]
    rates = [forecast.rate for forecast in forecasts(WINDOW, many).values()]
    assert sum(rates) / len(rates) == pytest.approx(rate, rel=0.12)
    spread = (rate / (sum(WINDOW.weights))) ** 0.5
    assert max(abs(found - rate) for found in rates) < 5 * spread
