# SPDX-License-Identifier: LGPL-3.0-or-later
"""In whatever order the reports of a machine arrive, the newest one stands."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.shadow_order import is_news, said_at

START = datetime(2026, 1, 1)


def take(reports):
    version, at = 0, None
    for new, minute in reports:
        moment = START + timedelta(minutes=minute)
        if is_news(new, moment, version, at):
            version, at = new, moment
    return version


@given(st.lists(st.integers(0, 2), min_size=1), st.randoms())
def test_growing_versions_in_any_order(steps, random):
    """A machine that only goes forward: the highest version, whatever comes late."""
    versions = [sum(steps[: number + 1]) for number in range(len(steps))]
    reports = [(version, minute) for minute, version in enumerate(versions)]
    assert take(random.sample(reports, len(reports))) == versions[-1]


def test_a_new_board_starts_over():
    assert take([(7, 0), (0, 5)]) == 0
    assert take([(7, 0), (6, -5)]) == 7


def test_nothing_is_said_after_it_was_heard():
    heard = START
    assert said_at(heard + timedelta(minutes=4), heard) == heard
    assert said_at(heard - timedelta(hours=4), heard) == heard - timedelta(hours=4)
