# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which events of an epoch are safely stored, and what the device is told (docs/protocol §3)."""

from bisect import bisect_right
from dataclasses import dataclass, field
from operator import itemgetter

#: an acknowledgement names at most so many missing events; the rest follows with the next one
MAX_MISSING = 200
#: a journal has at most so many gaps; a device that obeys §4 never has half of them
MOST_GAPS = 1000


@dataclass(slots=True)
class Received:
    """Stored sequence numbers of one machine and epoch: all up to ``highest`` but for ``gaps``.

    ``gaps`` are closed ranges [first, last], ascending and apart, so that a device which begins
    far up costs no memory. Nor does one that says every second number, or any: beyond ``MOST_GAPS``
    the two lowest are taken for one, with what is stored between them; that is asked for again,
    and is a duplicate when it comes. ``lost`` of the gaps is given up: nobody holds it any more,
    so it is no longer asked for and holds up no acknowledgement.
    """

    highest: int = 0
    gaps: list = field(default_factory=list)
    lost: list = field(default_factory=list)

    def add(self, seq):
        """Note one stored (or refused) event."""
        if seq > self.highest:
            if seq > self.highest + 1:
                self.gaps.append([self.highest + 1, seq - 1])
            self.highest = seq
        elif self.misses(seq):
            index = self._gap_from(seq)
            first, last = self.gaps[index]
            parts = [[first, seq - 1], [seq + 1, last]]
            self.gaps[index : index + 1] = [part for part in parts if part[0] <= part[1]]
        while len(self.gaps) > MOST_GAPS:
            self._fold()

    def misses(self, seq):
        """Whether a number counts as missing."""
        index = self._gap_from(seq)
        return index >= 0 and seq <= self.gaps[index][1]

    def _gap_from(self, seq):
        """Index of the last gap that does not begin above a number; -1 where there is none."""
        return bisect_right(self.gaps, seq, key=itemgetter(0)) - 1

    def _fold(self):
        (first, one), (two, last) = self.gaps[:2]
        if not without([[first, one], [two, last]], self.lost):
            self.lost = merged([*self.lost, [one + 1, two - 1]])
        self.gaps[:2] = [[first, last]]

    def wanted(self):
        """The gaps without what is given up."""
        return without(self.gaps, self.lost) if self.lost else self.gaps

    def missing(self, limit=MAX_MISSING):
        """The lowest missing sequence numbers, at most ``limit``."""
        found = []
        for first, last in self.wanted():
            found.extend(range(first, min(last, first + limit - len(found) - 1) + 1))
            if len(found) >= limit:
                break
        return found

    def acknowledgement(self, epoch, rejected=()):
        """Payload of ``evt_ack``.

        Where more is missing than is named, ``ack_seq`` stays below what is not named: an
        acknowledgement never covers an event that is not stored.

        :param rejected: [(seq, code)]
        """
        missing = self.missing()
        ack_seq = self.highest
        if missing and len(missing) >= MAX_MISSING:
            beyond = next((first for first, last in self.wanted() if last > missing[-1]), None)
            if beyond is not None:
                ack_seq = max(beyond, missing[-1] + 1) - 1
        return {
            "epoch": epoch,
            "ack_seq": ack_seq,
            "missing": missing,
            "rejected": [{"seq": seq, "code": code} for seq, code in rejected],
        }


def merged(ranges):
    """Closed ranges in any order as such that are ascending and apart, [first, last]."""
    found = []
    for first, last in sorted(map(tuple, ranges)):
        if found and first <= found[-1][1] + 1:
            found[-1][1] = max(found[-1][1], last)
        else:
            found.append([first, last])
    return found


def without(ranges, others):
    """Closed ranges, ascending and apart, less other ones in any order, as tuples."""
    found, others, place = [], merged(others), 0
    for first, last in ranges:
        while place < len(others) and others[place][1] < first:
            place += 1
        for low, high in others[place:]:
            if low > last:
                break
            if low > first:
                found.append((first, low - 1))
            first = high + 1
        if first <= last:
            found.append((first, last))
    return found
