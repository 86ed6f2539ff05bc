# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which events of an epoch are safely stored, and what the device is told (docs/protocol §3)."""

from dataclasses import dataclass, field

#: an acknowledgement names at most so many missing events; the rest follows with the next one
MAX_MISSING = 200


@dataclass(slots=True)
class Received:
    """Stored sequence numbers of one machine and epoch: all up to ``highest`` but for ``gaps``.

    ``gaps`` are closed ranges [first, last], ascending and apart, so that a device which begins
    far up costs no memory. Of these, ``lost`` are given up: nobody holds them any more, so they
    are no longer asked for and hold up no acknowledgement.
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
            return
        for index, (first, last) in enumerate(self.gaps):
            if first <= seq <= last:
                parts = [[first, seq - 1], [seq + 1, last]]
                self.gaps[index : index + 1] = [part for part in parts if part[0] <= part[1]]
                return

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


def without(ranges, others):
    """Closed ranges less other ones, ascending."""
    for low, high in others:
        ranges = (
            [
                part
                for first, last in ranges
                for part in (([first, min(last, low - 1)]), [max(first, high + 1), last])
                if part[0] <= part[1]
            ]
            if ranges
            else []
        )
    return sorted({tuple(part) for part in ranges})
