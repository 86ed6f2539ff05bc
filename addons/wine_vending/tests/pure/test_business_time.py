# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.business_time import AHEAD, OLDEST, business_date, business_moment

NOW = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)
zones = st.sampled_from(
    [
        timezone.utc,
        timezone(timedelta(hours=14)),
        timezone(timedelta(hours=-12)),
        timezone(timedelta(hours=5, minutes=45)),
    ]
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=zones)


@pytest.mark.parametrize(
    ("offset", "trusted"),
    [
        (timedelta(0), True),
        (AHEAD, True),
        (AHEAD + SECOND, False),
        (-OLDEST, True),
        (-OLDEST - SECOND, False),
    ],
)
def test_the_window(offset, trusted):
    moment, believed = business_moment(NOW + offset, "synced", NOW)
    assert believed is trusted
    assert moment == (NOW + offset if trusted else NOW)


@pytest.mark.parametrize("quality", ["drifted", "unset", "", "SYNCED", None])
def test_a_clock_that_is_not_synced_is_not_believed(quality):
    assert business_moment(NOW, quality, NOW + SECOND) == (NOW + SECOND, False)


def test_no_clock_at_all():
    assert business_moment(None, "synced", NOW) == (NOW, False)


@given(moments, st.sampled_from(["synced", "drifted", "unset"]), moments)
def test_it_is_one_of_both_and_always_utc(device, quality, received):
    moment, trusted = business_moment(device, quality, received)
    assert moment.tzinfo is timezone.utc
    assert moment == (device if trusted else received)
    assert received - OLDEST <= moment <= received + AHEAD


@pytest.mark.parametrize(
    ("moment", "tz", "day"),
    [
        (datetime(2026, 3, 10, 23, 30), "UTC", date(2026, 3, 10)),
        (datetime(2026, 3, 10, 23, 30), "Asia/Shanghai", date(2026, 3, 11)),
        (datetime(2026, 3, 10, 3, 30), "America/New_York", date(2026, 3, 9)),
        (datetime(2026, 3, 29, 22, 30), "Europe/Berlin", date(2026, 3, 30)),
        (datetime(2026, 3, 28, 22, 30), "Europe/Berlin", date(2026, 3, 28)),
        (datetime(2026, 3, 10, 23, 30), "", date(2026, 3, 10)),
        (datetime(2026, 3, 10, 23, 30), None, date(2026, 3, 10)),
        (datetime(2026, 3, 10, 23, 30), False, date(2026, 3, 10)),
    ],
)
def test_the_day_is_that_of_the_region(moment, tz, day):
    assert business_date(moment, tz) == day


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"]),
)
def test_naive_moments_are_utc(moment, tz):
    day = business_date(moment, tz)
    assert day == business_date(moment.replace(tzinfo=timezone.utc), tz)
    assert abs((day - moment.date()).days) <= 1
