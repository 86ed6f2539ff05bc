# SPDX-License-Identifier: LGPL-3.0-or-later
"""Money is exact to the smallest unit of each currency."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet import money

CURRENCIES = st.sampled_from(("EUR", "CNY", "JPY", "KWD"))
UNITS = st.integers(0, 10**9)


@given(UNITS, st.integers(1, 200), CURRENCIES)
def test_a_split_sums_to_the_total_and_differs_by_one_unit_at_most(units, parts, currency):
    total = money.text(units, currency)
    shares = money.split(total, parts, currency)
    assert len(shares) == parts
    assert sum(map(Decimal, shares)) == Decimal(total)
    minors = [money.minor(share, currency) for share in shares]
    assert max(minors) - min(minors) <= 1
    assert minors == sorted(minors, reverse=True)


@given(st.integers(-(10**6), -1), st.integers(1, 50))
def test_a_negative_total_is_split_exactly_too(units, parts):
    shares = money.split(money.text(units, "EUR"), parts, "EUR")
    assert sum(money.minor(share, "EUR") for share in shares) == units


@given(UNITS, CURRENCIES)
def test_text_and_minor_are_inverse(units, currency):
    assert money.minor(money.text(units, currency), currency) == units


@given(UNITS, st.integers(0, 50), CURRENCIES)
def test_times_is_exact(units, qty, currency):
    price = money.text(units, currency)
    assert Decimal(money.times(price, qty, currency)) == Decimal(price) * qty


@given(UNITS, CURRENCIES)
def test_notes_and_coins_make_up_the_amount(units, currency):
    amount = money.text(units, currency)
    notes, coins = money.notes_and_coins(amount, currency)
    assert Decimal(notes) + Decimal(coins) == Decimal(amount)
    assert Decimal(notes) % 5 == 0 and 0 <= Decimal(coins) < 5


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("12.5", "EUR", "12.50"),
        ("12", "JPY", "12"),
        ("1.0005", "KWD", "1.001"),
        ("0", "EUR", "0.00"),
    ],
)
def test_the_canonical_text_of_a_currency(amount, currency, text):
    assert money.normal(amount, currency) == text
