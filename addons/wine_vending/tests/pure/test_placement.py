# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import datetime, timedelta

import pytest
from wine_vending_core.placement import Placement, placement_at

T = datetime(2026, 5, 1, 12)
STAYS = [
    Placement(None, T, 1, 10),
    Placement(T, T + timedelta(days=2), 2, 20),
    Placement(T + timedelta(days=2), None, 1, 11),
]


@pytest.mark.parametrize(
    ("moment", "region", "site"),
    [
        (T - timedelta(days=400), 1, 10),
        (T - timedelta(microseconds=1), 1, 10),
        (T, 2, 20),
        (T + timedelta(days=1), 2, 20),
        (T + timedelta(days=2), 1, 11),
        (T + timedelta(days=900), 1, 11),
    ],
)
def test_a_moment_lies_in_one_stay(moment, region, site):
    stay = placement_at(STAYS, moment)
    assert (stay.region_id, stay.site_id) == (region, site)
    assert sum(stay.covers(moment) for stay in STAYS) == 1


def test_before_the_first_known_stay():
    assert placement_at([Placement(T, None, 1, 1)], T - timedelta(seconds=1)) is None
    assert placement_at([], T) is None
