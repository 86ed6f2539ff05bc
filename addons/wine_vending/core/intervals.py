# SPDX-License-Identifier: LGPL-3.0-or-later
"""Periods that overlap, counted once."""

from datetime import timedelta


def merged(periods, start, end):
    """Periods clipped to [start, end), overlapping ones joined, in order.

    :param periods: [(begin, stop or None)]; None goes on for ever
    """
    inside = sorted(
        (max(begin, start), min(stop or end, end))
        for begin, stop in periods
        if begin < end and (stop is None or stop > start)
    )
    joined = []
    for begin, stop in inside:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        elif begin < stop:
            joined.append((begin, stop))
    return joined


def covered(periods, start, end):
    """How much of [start, end) the periods cover, as a timedelta."""
    return sum((stop - begin for begin, stop in merged(periods, start, end)), timedelta())
