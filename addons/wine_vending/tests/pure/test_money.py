# SPDX-License-Identifier: LGPL-3.0-or-later
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.money import from_minor, parse_amount, part_of, to_minor

ARABIC_THREE = pytest.param(
    "\u0663",
)
#: yen, euro and dollar, Tunisian dinar
digits = st.sampled_from([0, 2, 3])
minors = st.integers(min_value=-(10**14), max_value=10**14)


@given(minors, digits)
def test_minor_units_come_back(minor, places):
    amount = from_minor(minor, places)
    assert to_minor(amount, places) == minor
    assert to_minor(str(amount), places) == minor
    assert -amount.as_tuple().exponent == places


@given(st.integers(min_value=-(10**11), max_value=10**11), digits)
def test_a_float_that_the_currency_has_rounded_loses_nothing(minor, places):
    assert to_minor(round(minor / 10**places, places), places) == minor


@given(st.integers(min_value=0, max_value=10**12), digits)
def test_what_a_device_writes_is_read(minor, places):
    text = f"{from_minor(minor, places):f}"
    assert to_minor(parse_amount(text), places) == minor


@given(st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=6), digits)
def test_rounding_is_to_the_nearest_and_halves_go_away_from_zero(amount, places):
    minor = to_minor(amount, places)
    off = abs(from_minor(minor, places) - amount)
    half = Decimal(1).scaleb(-places) / 2
    assert off <= half
    if off == half:
        assert abs(from_minor(minor, places)) > abs(amount)
    assert to_minor(-amount, places) == -minor


@pytest.mark.parametrize(
    "text",
    [
        "1e3",
        "NaN",
        "Infinity",
        "",
        " 1",
        "1 ",
        "1,00",
        "+1",
        ".5",
        "1.",
        "--1",
        "1_000",
        "0x10",
        "1.1234567",
        "1" * 16,
        "1\n",
        ARABIC_THREE,
        1,
        1.0,
        None,
        True,
        Decimal(1),
    ],
)
def test_what_is_no_amount(text):
    with pytest.raises(ValueError, match="is no amount"):
        parse_amount(text)


@given(st.text() | st.floats() | st.none() | st.integers() | st.binary())
def test_reading_gives_a_finite_decimal_or_refuses(text):
    try:
        amount = parse_amount(text)
    except ValueError:
        return
    assert amount.is_finite()


wholes = st.integers(min_value=1, max_value=5000)
amounts = st.integers(min_value=0, max_value=10**9)


@given(amounts, wholes, st.data(), digits)
def test_a_part_lies_between_nothing_and_all(minor, whole, data, places):
    share = data.draw(st.integers(min_value=0, max_value=whole))
    amount = from_minor(minor, places)
    part = part_of(amount, share, whole, places)
    assert 0 <= part <= amount
    exact = amount * share / whole
    assert abs(part - exact) <= Decimal(1).scaleb(-places) / 2


@given(amounts, wholes, digits)
def test_the_ends_are_exact(minor, whole, places):
    amount = from_minor(minor, places)
    assert part_of(amount, 0, whole, places) == 0
    assert part_of(amount, whole, whole, places) == amount


@given(amounts, wholes, st.data(), digits)
def test_more_poured_never_costs_less(minor, whole, data, places):
    shares = sorted(
        data.draw(st.lists(st.integers(min_value=0, max_value=whole), min_size=2, max_size=5))
    )
    parts = [part_of(from_minor(minor, places), share, whole, places) for share in shares]
    assert parts == sorted(parts)


@given(amounts, wholes, st.data(), digits)
def test_part_and_rest_differ_from_the_whole_by_a_coin_at_most(minor, whole, data, places):
    share = data.draw(st.integers(min_value=0, max_value=whole))
    amount = from_minor(minor, places)
    both = part_of(amount, share, whole, places) + part_of(amount, whole - share, whole, places)
    assert abs(both - amount) <= Decimal(1).scaleb(-places)


@pytest.mark.parametrize(("share", "whole"), [(1, 0), (0, 0), (-1, 5), (6, 5), (0, -1)])
def test_what_is_no_part(share, whole):
    with pytest.raises(ValueError, match="is no part of"):
        part_of("10.00", share, whole, 2)
