# SPDX-License-Identifier: LGPL-3.0-or-later
"""A month of 100,000 vends, shared, booked and added up.

``WINE_TRIAL_VENDS=5000`` makes a smaller month, ``WINE_TRIAL_DAYS=6`` a shorter one.
"""

import os

import pytest

from tests.share_month import live

VENDS = int(os.environ.get("WINE_TRIAL_VENDS") or 100_000)
DAYS = int(os.environ.get("WINE_TRIAL_DAYS") or 30)


@pytest.mark.timeout(7200)
def test_a_month():
    live(VENDS, DAYS)
