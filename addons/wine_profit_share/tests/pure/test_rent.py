# SPDX-License-Identifier: LGPL-3.0-or-later
from calendar import monthrange
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_profit_share_core.rent import rent_of, runs


@given(
    st.integers(0, 10**9),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.sets(st.integers(2, 28), max_size=6),
)
def test_any_division_of_a_month_sums_to_its_rent(amount, day, cuts):
    days = monthrange(day.year, day.month)[1]
    starts = [1, *sorted(cuts)]
    ends = [start - 1 for start in starts[1:]] + [days]
    parts = [
        rent_of(amount, day.replace(day=first), day.replace(day=last))
        for first, last in zip(starts, ends, strict=True)
    ]
    assert sum(parts) == amount
    assert min(parts) >= 0


def test_a_part_of_a_month():
    assert rent_of(30_00, date(2026, 4, 1), date(2026, 4, 10)) == 10_00
    assert rent_of(100, date(2026, 2, 28), date(2026, 2, 28)) == 4


def test_days_of_one_month_in_order():
    for first, last in ((date(2026, 1, 2), date(2026, 1, 1)), (date(2026, 1, 1), date(2026, 2, 1))):
        with pytest.raises(ValueError, match="no days of one month"):
            rent_of(1, first, last)


def test_runs():
    found = runs(date(2026, 2, 14), lambda day: None if day.day in (3, 4) else day.day > 20)
    assert found == [
        (False, date(2026, 2, 1), date(2026, 2, 2)),
        (False, date(2026, 2, 5), date(2026, 2, 20)),
        (True, date(2026, 2, 21), date(2026, 2, 28)),
    ]
    assert runs(date(2026, 2, 14), lambda day: None) == []
