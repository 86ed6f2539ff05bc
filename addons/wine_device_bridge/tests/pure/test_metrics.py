# SPDX-License-Identifier: LGPL-3.0-or-later
"""Figures: exact whatever the threads do, bounded whatever the labels are, cheap."""

import json
import logging
import sys
import threading
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_device_bridge_core.metrics import BUCKETS, MAX_SERIES, OTHER, Metrics

names = st.sampled_from(["stored", "quarantined", "gaps"])
codes = st.sampled_from(["schema", "too_large", "unknown_epoch"])
counts = st.lists(st.tuples(names, codes, st.integers(0, 1000)), max_size=60)


def as_dict(rows):
    return {(name, tuple(sorted(labels.items()))): rest for name, labels, *rest in rows}


@given(st.lists(counts, min_size=1, max_size=6))
def test_nothing_is_lost_between_threads(work):
    metrics, gate = Metrics(), threading.Barrier(len(work))

    def run(share):
        gate.wait()
        for name, code, n in share:
            metrics.count(name, n, code=code)
            metrics.observe("seconds", n / 100)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=run, args=[share]) for share in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    done = [entry for share in work for entry in share]
    for name in ("stored", "quarantined", "gaps"):
        assert metrics.total(name) == sum(n for known, _code, n in done if known == name)
        for code in ("schema", "too_large", "unknown_epoch"):
            wanted = sum(n for known, c, n in done if (known, c) == (name, code))
            assert metrics.total(name, code=code) == wanted
    if done:
        _name, _labels, buckets, total = metrics.snapshot()["histograms"][0]
        assert sum(buckets) == len(done)
        assert total == pytest.approx(sum(n / 100 for _name, _code, n in done))


@given(st.lists(st.floats(0, 100, allow_nan=False), min_size=1))
def test_a_histogram_has_each_duration_in_the_bucket_that_bounds_it(seconds):
    metrics = Metrics()
    for value in seconds:
        metrics.observe("batch_seconds", value)
    buckets = metrics.snapshot()["histograms"][0][2]
    upto = 0
    for bound, inside in zip(BUCKETS, buckets, strict=False):
        upto += inside
        assert upto == sum(value <= bound for value in seconds)
    assert sum(buckets) == len(seconds)


@given(st.permutations(["a", "b", "c"]))
def test_the_order_of_labels_is_no_difference(order):
    metrics = Metrics()
    metrics.count("throttled", **{label: "1" for label in order})
    metrics.count("throttled", a="1", b="1", c="1")
    assert [row[2] for row in metrics.snapshot()["counters"]] == [2]


def test_labels_without_end_do_not_take_memory_without_end():
    metrics = Metrics()
    for number in range(3 * MAX_SERIES):
        metrics.count("throttled", machine=str(number))
        metrics.gauge("waiting", 1, machine=str(number))
        metrics.observe("seconds", 1, machine=str(number))
    snapshot = metrics.snapshot()
    assert len(snapshot["counters"]) == MAX_SERIES + 1
    assert len(snapshot["gauges"]) <= MAX_SERIES + 1
    assert len(snapshot["histograms"]) <= MAX_SERIES + 1
    assert metrics.total("throttled") == 3 * MAX_SERIES
    assert metrics.total("throttled", machine=OTHER) == 2 * MAX_SERIES


def test_a_snapshot_is_json_and_stays_as_it_was():
    metrics = Metrics()
    metrics.count("stored", 0)
    metrics.gauge("connected", 1, broker="mqtt.example")
    with metrics.timed("project_round_seconds"):
        pass
    snapshot = metrics.snapshot()
    text = json.dumps(snapshot, sort_keys=True)
    metrics.count("stored", 5)
    metrics.observe("project_round_seconds", 1)
    assert json.dumps(snapshot, sort_keys=True) == text
    assert as_dict(snapshot["counters"]) == {("stored", ()): [0]}


def test_a_gauge_is_the_last_word():
    metrics = Metrics()
    for value in (3, 7, 2):
        metrics.gauge("inbox_depth", value)
    assert metrics.snapshot()["gauges"] == [["inbox_depth", {}, 2]]


def test_a_block_that_raises_is_timed_as_well():
    metrics = Metrics()
    with pytest.raises(ZeroDivisionError), metrics.timed("ingest_batch_seconds"):
        raise ZeroDivisionError
    assert sum(metrics.snapshot()["histograms"][0][2]) == 1


def test_a_counter_never_goes_down():
    with pytest.raises(ValueError, match="use a gauge"):
        Metrics().count("stored", -1)


def test_counting_is_cheap():
    metrics = Metrics()
    times = 20000
    plain = min(timeit.repeat(lambda: metrics.count("stored"), number=times, repeat=5)) / times
    named = min(timeit.repeat(lambda: metrics.count("bad", code="x"), number=times, repeat=5))
    logging.info("count: %.0f ns, with a label %.0f", plain * 1e9, named / times * 1e9)
    assert plain < 5e-6 and named / times < 5e-6  # far above what is measured: machines differ
