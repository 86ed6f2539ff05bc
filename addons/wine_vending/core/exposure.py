# SPDX-License-Identifier: LGPL-3.0-or-later
"""How far something could be had on each day: spans of time measured against selling hours."""

from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo


def all_out(lists):
    """Spans in which every one of several lanes was out.

    :param lists: per lane a list of (start, end); spans of one lane may overlap
    :return: ordered, disjoint [(start, end)]
    """
    edges = sorted(
        edge for spans in lists for start, end in merged(spans) for edge in ((start, 1), (end, -1))
    )
    result, depth, begin = [], 0, None
    for moment, step in edges:
        depth += step
        if depth == len(lists):
            begin = moment
        elif begin is not None:
            if moment > begin:
                result.append((begin, moment))
            begin = None
    return result


def merged(spans):
    """Ordered, disjoint spans that cover the same time."""
    result = []
    for start, end in sorted(span for span in spans if span[1] > span[0]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


class Hours:
    """Selling hours of a region: local, the same every day, also over a change of the clock."""

    def __init__(self, tz, opens=0.0, closes=24.0):
        self.zone = ZoneInfo(tz or "UTC")
        self.opens, self.closes = opens, closes
        self._windows = {}

    def window(self, day):
        """(start, end) of selling on a day, naive UTC."""
        if day not in self._windows:
            midnight = datetime.combine(day, time())
            self._windows[day] = tuple(
                (midnight + timedelta(hours=hours))
                .replace(tzinfo=self.zone)
                .astimezone(timezone.utc)
                .replace(tzinfo=None)
                for hours in (self.opens, self.closes)
            )
        return self._windows[day]

    def day_of(self, moment):
        """The local day of a naive UTC moment."""
        return moment.replace(tzinfo=timezone.utc).astimezone(self.zone).date()

    def shares(self, spans):
        """Which part of each day's selling hours the spans cover.

        :param spans: disjoint [(start, end)], naive UTC
        :return: dict date → share, 0 < share ≤ 1
        """
        result = {}
        for start, end in spans:
            day, last = self.day_of(start), self.day_of(end)
            while day <= last:
                opens, closes = self.window(day)
                covered = (min(end, closes) - max(start, opens)).total_seconds()
                if covered > 0:
                    share = covered / (closes - opens).total_seconds()
                    result[day] = min(1.0, result.get(day, 0.0) + share)
                day += timedelta(days=1)
        return result
