# SPDX-License-Identifier: LGPL-3.0-or-later
"""Figures of one run, printed as a table; ratios are the result, absolute figures the machine's."""

import time
from contextlib import contextmanager


@contextmanager
def stopwatch():
    """``with stopwatch() as spent: …`` then ``spent()`` in seconds."""
    begin = time.perf_counter()
    end = []
    yield lambda: (end[0] if end else time.perf_counter()) - begin
    end.append(time.perf_counter())


def report(title, rows):
    """Print [(label, value)] under a title."""
    width = max(len(label) for label, _value in rows)
    print(f"\n{title}")
    for label, value in rows:
        print(f"  {label.ljust(width)}  {value}")
