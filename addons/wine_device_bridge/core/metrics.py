# SPDX-License-Identifier: LGPL-3.0-or-later
"""Figures of a bridge process: counted where things happen, read by the heartbeat.

``metrics.count("quarantined", code="schema")``, ``metrics.gauge("inbox_depth", 12)`` and
``metrics.observe("ingest_batch_seconds", 0.03)`` may be called from any thread and cost well below
a microsecond. Names are Prometheus names without prefix and without ``_total``; labels are few and
have few values. What would make too many series is counted under ``other``.
"""

import threading
from bisect import bisect_left
from contextlib import contextmanager
from time import perf_counter

#: upper bounds of a histogram's buckets, seconds; the last bucket is whatever is above
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
#: a name has at most so many combinations of labels
MAX_SERIES = 100
OTHER = "other"


class Metrics:
    """Counters, gauges and histograms with fixed buckets; every one is there once it was used."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counters = {}
        self._gauges = {}
        self._histograms = {}
        self._series = {}

    def count(self, name, n=1, **labels):
        """Add ``n`` (0 makes the counter known) to a counter; it never goes down.

        :raise ValueError: ``n`` is negative
        """
        if n < 0:
            raise ValueError(f"counter {name} cannot go down by {-n}; use a gauge")
        key = _key(name, labels) if labels else (name, ())
        with self._lock:
            if key in self._counters:
                self._counters[key] += n
            else:
                key = self._known(key)
                self._counters[key] = self._counters.get(key, 0) + n

    def gauge(self, name, value, **labels):
        """What a figure is now."""
        key = _key(name, labels)
        with self._lock:
            if key not in self._gauges:
                key = self._known(key)
            self._gauges[key] = value

    def observe(self, name, seconds, **labels):
        """One duration in seconds, into a histogram with :data:`BUCKETS`."""
        key = _key(name, labels)
        with self._lock:
            cell = self._histograms.get(key)
            if cell is None:
                cell = self._histograms.setdefault(
                    self._known(key), [[0] * (len(BUCKETS) + 1), 0.0]
                )
            cell[0][bisect_left(BUCKETS, seconds)] += 1
            cell[1] += seconds

    @contextmanager
    def timed(self, name, **labels):
        """Observe how long a block takes, also when it raises."""
        began = perf_counter()
        try:
            yield
        finally:
            self.observe(name, perf_counter() - began, **labels)

    def snapshot(self):
        """All figures at one moment, in a form that JSON can hold.

        :return: {"counters": [[name, labels, value]…], "gauges": […same…],
            "histograms": [[name, labels, [count per bucket], sum of seconds]…]}
        """
        with self._lock:
            counters = list(self._counters.items())
            gauges = list(self._gauges.items())
            histograms = [(key, list(cell[0]), cell[1]) for key, cell in self._histograms.items()]
        return {
            "counters": [[name, dict(labels), value] for (name, labels), value in counters],
            "gauges": [[name, dict(labels), value] for (name, labels), value in gauges],
            "histograms": [
                [name, dict(labels), counts, total] for (name, labels), counts, total in histograms
            ],
        }

    def total(self, name, **labels):
        """Sum of a counter over the series that have these labels (at least)."""
        wanted = labels.items()
        with self._lock:
            return sum(
                value
                for (known, having), value in self._counters.items()
                if known == name and wanted <= dict(having).items()
            )

    def clear(self):
        """Forget everything; for tests."""
        with self._lock:
            for figures in (self._counters, self._gauges, self._histograms, self._series):
                figures.clear()

    def _known(self, key):
        """The key itself, or the one under which what is too much is counted."""
        name, labels = key
        if not labels:
            return key
        series = self._series.setdefault(name, set())
        if key not in series and len(series) >= MAX_SERIES:
            return name, tuple((label, OTHER) for label, _value in labels)
        series.add(key)
        return key


def _key(name, labels):
    items = labels.items()
    return name, tuple(items if len(labels) < 2 else sorted(items))


#: the figures of this process
metrics = Metrics()
