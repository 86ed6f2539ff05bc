# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.alerting import (
    MOST_FAULTS,
    SEVERAL,
    TOGETHER,
    Cause,
    Rule,
    RuleBook,
    bundled,
    is_due,
    is_trouble,
    severity,
    together,
)
from wine_vending_core.intervals import covered, merged
from wine_vending_core.readings import readable

NOW = datetime(2026, 5, 1, 12)
MINUTE = timedelta(minutes=1)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3))


@given(st.lists(st.tuples(moments, st.one_of(st.none(), moments)), max_size=12))
def test_covered_is_what_a_minute_by_minute_count_says(pairs):
    start, end = datetime(2026, 1, 1, 6), datetime(2026, 1, 2, 18)
    pairs = [(a.replace(second=0, microsecond=0), b and b.replace(second=0, microsecond=0))
             for a, b in pairs]  # fmt: skip
    pairs = [(a, b) for a, b in pairs if b is None or b >= a]
    minutes = sum(
        any(a <= start + n * MINUTE < (b or end) for a, b in pairs)
        for n in range(int((end - start) / MINUTE))
    )
    assert covered(pairs, start, end) == minutes * MINUTE
    joined = merged(pairs, start, end)
    assert all(one[1] < two[0] for one, two in zip(joined, joined[1:], strict=False))


def test_the_nearest_region_then_the_model():
    book = RuleBook(
        [
            Rule("door", delay=1),
            Rule("door", region=7, delay=2),
            Rule("door", model=3, delay=3),
            Rule("door", region=7, model=3, delay=4),
            Rule("stock"),
        ]  # fmt: skip
    )
    assert book.pick("door", [9, 8], None).delay == 1
    assert book.pick("door", [9, 8], 3).delay == 3
    assert book.pick("door", [9, 7], 5).delay == 2
    assert book.pick("door", [9, 7], 3).delay == 4
    assert book.pick("fault", [9], 3) is None


@pytest.mark.parametrize(
    ("kind", "value", "threshold", "trouble"),
    [
        ("stock", 24, 25, True),
        ("stock", 25, 25, False),
        ("cash", 80, 80, True),
        ("cash", 79, 80, False),
        ("slot", 1, 0, True),
        ("slot", 0, 0, False),
        ("humidity", 86, 85, True),
        ("offline", 0, 99, True),
    ],
)
def test_thresholds(kind, value, threshold, trouble):
    cause = Cause(1, kind, value=value)
    assert is_trouble(cause, Rule(kind, threshold=threshold)) is trouble
    assert not is_trouble(cause, Rule(kind, threshold=threshold, enabled=False))
    assert not is_trouble(cause, None)


def test_how_long_and_how_grave():
    rule = Rule("offline", delay=15, critical=60)
    ago = lambda minutes: Cause(1, "offline", since=NOW - minutes * MINUTE)  # noqa: E731
    assert [is_due(ago(m), rule, NOW) for m in (14, 15, 900)] == [False, True, True]
    assert [severity(ago(m), rule, NOW) for m in (15, 59, 60)] == ["warning", "warning", "critical"]
    ahead = Cause(1, "fault", since=NOW + 4 * MINUTE, severity="critical")
    assert is_due(ahead, Rule("fault"), NOW), "the clock of the device is a little ahead"
    assert severity(ahead, Rule("fault", severity="info"), NOW) == "critical"


@given(st.lists(st.sampled_from(["info", "warning", "critical"]), max_size=40))
def test_faults_of_one_machine_are_bounded(severities):
    causes = [
        Cause(1, "fault", f"E{n}", NOW + n * MINUTE, severity=grave)
        for n, grave in enumerate(severities)
    ] + [Cause(2, "door", since=NOW)]
    result = bundled(causes)
    faults = [cause for cause in result if cause.kind == "fault"]
    assert len(faults) <= MOST_FAULTS
    several = [cause for cause in faults if cause.detail == SEVERAL]
    assert sum(cause.value for cause in several) + len(faults) - len(several) == len(severities)
    alone = [cause.severity for cause in faults if cause.detail != SEVERAL]
    assert alone.count("critical") == min(severities.count("critical"), len(alone))
    assert [cause for cause in result if cause.kind == "door"] == causes[-1:]


@given(st.lists(st.integers(0, 300), max_size=30), st.integers(2, 8))
def test_together(minutes, least):
    pairs = [(NOW + minute * MINUTE, n) for n, minute in enumerate(minutes)]
    found = together(pairs, least)
    inside = [minutes[n] for n in found]
    best = max(
        (sum(m <= other <= m + TOGETHER / MINUTE for other in minutes) for m in minutes), default=0
    )
    assert len(found) == (best if best >= least else 0)
    assert not inside or max(inside) - min(inside) <= TOGETHER / MINUTE


@pytest.mark.parametrize(
    ("data", "good", "bad"),
    [
        ({"temperature": 4, "humidity": 50.5}, [("temperature", 4.0), ("humidity", 50.5)], 0),
        ({"temperature": True}, [], 1),
        ({"temperature": "4"}, [], 1),
        ({"temperature": float("nan"), "signal": float("-inf")}, [], 2),
        ({"temperature": 81, "humidity": -1, "voltage": 230}, [("voltage", 230.0)], 2),
        ({"door": 1, "anything": {}}, [], 0),
    ],
)
def test_readable(data, good, bad):
    assert readable(data) == (good, bad)
