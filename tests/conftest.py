# SPDX-License-Identifier: LGPL-3.0-or-later
"""The order of the end-to-end tests: what takes longest begins first, so that the lanes of
`make test` end together."""

from pathlib import Path

TESTS = Path(__file__).resolve().parent
#: the longest files first; all others come after them in the usual order
LONGEST = (
    "test_share_day.py",
    "test_main_job.py",
    "chaos/test_chaos.py",
    "test_region_day.py",
    "test_share_month.py",
    "test_iowa.py",
    "test_pitr.py",
    "test_restore.py",
)


def pytest_collection_modifyitems(items):
    """Whole files change places, never the tests of one."""
    place = {TESTS / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))
