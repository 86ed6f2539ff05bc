# SPDX-License-Identifier: LGPL-3.0-or-later
"""Clocks that lie and say so; identities that repeat with a seed and never within a run."""

import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet import clock
from fleet.clock import UNSET_START, Clock
from fleet.ids import Ids, history_id, share

NOW = 1_790_000_000.0


def test_a_good_clock_is_synced_and_right():
    good = Clock(now=NOW)
    assert good.read(NOW + 3600) == NOW + 3600
    assert good.quality(NOW + 10**6) == "synced"


def test_a_drifting_clock_owns_up_when_the_error_may_matter():
    poor = Clock(drift=1.0, now=NOW)
    assert poor.quality(NOW + 3600) == "synced"
    assert poor.quality(NOW + 3 * 3600) == "drifted"
    assert poor.read(NOW + 3 * 3600) == pytest.approx(NOW + 3 * 3600 + 3)
    poor.sync(NOW + 3 * 3600)
    assert poor.quality(NOW + 3 * 3600) == "synced"


def test_an_unset_clock_counts_from_2000_until_it_is_told():
    lost = Clock(unset=True, now=NOW)
    assert lost.quality(NOW + 60) == "unset"
    assert lost.read(NOW + 60) == UNSET_START + 60
    lost.sync(NOW + 60)
    assert (lost.quality(NOW + 61), lost.read(NOW + 61)) == ("synced", NOW + 61)


@given(st.integers(0, 4_000_000_000_000))
def test_stamps_are_read_back(millis):
    assert clock.parse(clock.stamp(millis / 1000)) == pytest.approx(millis / 1000, abs=0.001)


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00", "yesterday", ""])
def test_a_time_without_offset_is_no_time(text):
    with pytest.raises(ValueError):
        clock.parse(text)


def test_zulu_is_an_offset():
    assert clock.parse("1970-01-01T00:01:00Z") == 60


@given(st.integers(), st.floats(0, 2**33))
def test_uuid7_carries_version_variant_and_time(seed, seconds):
    made = uuid.UUID(Ids(seed).uuid7(seconds))
    assert made.version == 7 and made.variant == uuid.RFC_4122
    assert made.int >> 80 == int(seconds * 1000)


def test_a_seed_repeats_and_never_within_a_run():
    first, second = Ids("a"), Ids("a")
    made = [first.uuid7(NOW) for _ in range(1000)]
    assert made == [second.uuid7(NOW) for _ in range(1000)]
    assert len(set(made)) == 1000
    assert Ids("b").uuid7(NOW) != made[0]


def test_without_a_seed_chance_decides():
    assert Ids().uuid4() != Ids().uuid4()


def test_history_ids_and_shares_are_the_same_each_time():
    random.seed(1)
    assert history_id("x", 1) == history_id("x", 1) != history_id("x", 2)
    assert share(1, "m") == share(1, "m") != share(1, "n")
    assert 0 <= share("s") < 1
