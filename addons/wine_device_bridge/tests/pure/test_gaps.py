# SPDX-License-Identifier: LGPL-3.0-or-later
"""What is asked for, how often, and when a person is told: against any order of arrival."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from wine_device_bridge_core import gaps
from wine_device_bridge_core.gaps import LAST_CALL, MOST_TRIES, Gap, Step, asked, seen, step
from wine_device_bridge_core.received import Received

NOON = datetime(2026, 5, 1, 12)
MINUTE = timedelta(minutes=1)
ONLINE = {"patience": MINUTE, "askable": True, "online_for": timedelta(hours=1)}

batches = st.lists(st.lists(st.integers(1, 60), max_size=12), min_size=1, max_size=12)


def look(known, journal, now=NOON):
    """One look at a journal: the gaps that are open after it."""
    standing, new = seen(known, journal.gaps, now)
    return [gap for gap in (*standing, new) if gap]


def numbers(ranges):
    return {seq for first, last in ranges for seq in range(first, last + 1)}


@given(batches)
def test_what_is_missing_lies_in_exactly_one_gap(arrivals):
    journal, known = Received(), []
    for batch in arrivals:
        for seq in batch:
            journal.add(seq)
        known = look(known, journal)
        missing = numbers(journal.gaps)
        for seq in missing:
            assert sum(gap.first <= seq <= gap.last for gap in known) == 1, (seq, known)
        assert sum(gap.missing for gap in known) == len(missing)
        for gap in known:
            assert {gap.first, gap.last} <= missing, "a gap begins and ends with what is missing"


def test_gaps_that_were_folded_stay_those_that_were_known():
    known = [Gap(3, 5, 3, NOON, 2, NOON), Gap(9, 9, 1, NOON)]
    standing, new = seen(known, [[3, 9], [20, 21]], NOON + MINUTE)
    assert standing == known, "what lies between them came: it is asked for by nobody"
    assert (new.first, new.last) == (20, 21)
    standing, new = seen(known, [[3, 9]], NOON + MINUTE)
    assert standing == known and new is None
    standing, _new = seen([Gap(3, 9, 2, NOON, 2, NOON)], [[3, 9]], NOON + MINUTE)
    assert standing == [Gap(3, 9, 7, NOON, 2, NOON)], "its patience does not begin anew"


def test_what_is_given_up_is_no_new_gap():
    assert seen([], [[3, 9]], NOON, lost=[[1, 12]]) == ([], None)
    _standing, new = seen([], [[3, 9]], NOON, lost=[[3, 7]])
    assert (new.first, new.last) == (8, 9)


@given(batches)
def test_all_that_come_leave_no_gap(arrivals):
    journal, known = Received(), []
    for batch in arrivals:
        for seq in batch:
            journal.add(seq)
        known = look(known, journal)
    for seq in range(1, 61):
        journal.add(seq)
    assert look(known, journal) == []


@given(batches, batches)
def test_looking_again_changes_nothing(before, after):
    journal, known = Received(), []
    for batch in (*before, *after):
        for seq in batch:
            journal.add(seq)
        known = look(known, journal)
        assert look(known, journal, NOON + 99 * MINUTE) == known


def test_a_gap_far_up_costs_nothing():
    journal = Received()
    journal.add(2**53)
    [gap] = look([], journal)
    assert (gap.first, gap.last, gap.missing) == (1, 2**53 - 1, 2**53 - 1)


def test_what_came_begins_the_waiting_anew():
    gap = Gap(5, 9, 5, NOON, tries=3, asked_at=NOON + MINUTE, refused=True)
    [after], new = seen([gap], [[5, 5], [8, 9]], NOON + 9 * MINUTE)
    assert new is None
    assert (after.first, after.last, after.missing) == (5, 9, 3)
    assert (after.since, after.tries, after.refused) == (NOON + 9 * MINUTE, 0, False)
    lost = seen([Gap(5, 9, 5, NOON, lost=True)], [[5, 5]], NOON)[0][0]
    assert lost.lost, "what was given up is not asked for again"


def life(gap, *, until, look_every=timedelta(seconds=20), **circumstances):
    """[(minutes since noon, step)] of a gap that nothing fills."""
    told, now = [], NOON
    while now <= NOON + until:
        todo = step(gap, now, **{**ONLINE, **circumstances})
        if todo is not Step.WAIT:
            told.append(((now - NOON) / MINUTE, todo))
        if todo is Step.ASK:
            gap = asked(gap, now)
        if todo is Step.GIVE_UP:
            break
        now += look_every
    return told


def test_asked_four_times_ever_more_patiently_then_a_person():
    told = life(Gap(1, 1, 1, NOON), until=timedelta(days=2))
    assert told == [
        (1, Step.ASK),
        (2, Step.ASK),
        (4, Step.ASK),
        (8, Step.ASK),
        (16, Step.GIVE_UP),
    ]


def test_a_machine_that_is_away_is_not_asked():
    assert life(Gap(1, 1, 1, NOON), until=timedelta(days=2), online_for=None) == []


def test_a_machine_that_has_just_come_back_replays_by_itself():
    gap = Gap(1, 1, 1, NOON - timedelta(hours=1))
    for online_for in (-5 * MINUTE, timedelta(0), timedelta(seconds=59)):
        assert step(gap, NOON, **{**ONLINE, "online_for": online_for}) is Step.WAIT
    assert step(gap, NOON, **{**ONLINE, "online_for": MINUTE}) is Step.ASK


def test_an_epoch_that_is_over_is_nobodys_to_ask():
    told = life(Gap(1, 1, 1, NOON), until=timedelta(days=2), askable=False, online_for=None)
    assert told == [(LAST_CALL / MINUTE, Step.GIVE_UP)]


def test_a_machine_that_says_no_is_not_asked_again():
    gap = asked(Gap(1, 1, 1, NOON), NOON + MINUTE)
    refused = gaps.replace(gap, refused=True)
    assert step(refused, NOON + 1.9 * MINUTE, **ONLINE) is Step.WAIT, "some of it may be coming"
    assert step(refused, NOON + 2 * MINUTE, **ONLINE) is Step.GIVE_UP
    assert step(gap, NOON + 2 * MINUTE, **ONLINE) is Step.ASK


circumstance = st.fixed_dictionaries(
    {
        "askable": st.booleans(),
        "online_for": st.none() | st.integers(-400, 4000).map(lambda s: timedelta(seconds=s)),
        "pause": st.integers(1, 900).map(lambda s: timedelta(seconds=s)),
        "refused": st.booleans(),
    }
)


@settings(max_examples=200)
@given(st.lists(circumstance, max_size=60))
def test_never_more_than_so_often_and_given_up_once(story):
    gap, now, asks, ends = Gap(1, 3, 3, NOON), NOON, [], 0
    for moment in story:
        now += moment["pause"]
        gap = gaps.replace(gap, refused=moment["refused"] and gap.tries > 0)
        todo = step(
            gap,
            now,
            patience=MINUTE,
            askable=moment["askable"],
            online_for=moment["online_for"],
        )
        if todo is Step.ASK:
            assert moment["askable"] and moment["online_for"] is not None
            gap = asked(gap, now)
            asks.append(now)
        if todo is Step.GIVE_UP:
            gap, ends = gaps.replace(gap, lost=True), ends + 1
    assert len(asks) <= MOST_TRIES and ends <= 1
    waits = [(later - earlier) / MINUTE for earlier, later in zip(asks, asks[1:], strict=False)]
    assert all(wait >= 2**place for place, wait in enumerate(waits))
