# SPDX-License-Identifier: LGPL-3.0-or-later
"""When a machine is asked for events that did not come, and when a person is (protocol §3, §7).

Every acknowledgement names what is missing, and a good device sends it again. What is still missing
a while later, though the machine is on the line, is asked for by ``event.resend``, ever more
patiently; what never comes becomes a case. All times are of one clock, in the caller's choice.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum

from .received import without

#: the machine is asked so often, and each time waited for twice as long as before
MOST_TRIES = 4
#: epochs that are over and machines that are gone cannot be asked; theirs may come as late as this
LAST_CALL = timedelta(minutes=15)


class Step(Enum):
    """What is to be done about a gap now."""

    WAIT = "wait"
    ASK = "ask"
    GIVE_UP = "give_up"
    FILLED = "filled"


@dataclass(frozen=True, slots=True)
class Gap:
    """Events that were missing together when the journal was looked at: all lie in first…last.

    ``since`` is when the last of them came, or when they were first missed. ``refused`` says that
    the machine has answered that it does not hold them.
    """

    first: int
    last: int
    missing: int
    since: object
    tries: int = 0
    asked_at: object = None
    refused: bool = False
    lost: bool = False


def seen(known, ranges, now, lost=()):
    """Gaps as they stand, from the gaps as they were known and what the journal misses now.

    :param list[Gap] known: that were open at the last look
    :param ranges: [[first, last]] that the journal misses, ascending and apart; it may have taken
        several for one, with what is stored between them (``received.py``)
    :param lost: [[first, last]] that the journal has given up: no new gap begins there
    :return: (list of known gaps in their order, each as it stands now or None where it is filled;
        a new :class:`Gap` or None)
    """
    standing = [_shrunk(gap, _within(gap, ranges), now) for gap in known]
    looked = max((gap.last for gap in known), default=0)  # below, what was in no gap has come
    new = without(ranges, [(1, looked), *lost] if looked else lost)
    return standing, _hull(new, now) if new else None


def _within(gap, ranges):
    """What of these lies in a gap as it was known."""
    return [
        (max(first, gap.first), min(last, gap.last))
        for first, last in ranges
        if first <= gap.last and last >= gap.first
    ]


def _hull(ranges, since):
    missing = sum(last - first + 1 for first, last in ranges)
    return Gap(ranges[0][0], ranges[-1][1], missing, since)


def _shrunk(gap, ranges, now):
    """The same gap: whatever has come since begins the waiting anew."""
    if not ranges:
        return None
    hull = _hull(ranges, now)
    if hull.missing >= gap.missing:  # more: the journal has folded it
        return replace(gap, first=hull.first, last=hull.last, missing=hull.missing)
    again = replace(gap, first=hull.first, last=hull.last, missing=hull.missing, since=now)
    return replace(again, tries=0, asked_at=None, refused=False)


def step(gap, now, *, patience, askable, online_for):
    """What to do about a gap as it stands.

    :param timedelta patience: so long a gap stands before the machine is asked
    :param bool askable: the machine is in the gap's epoch and in service
    :param online_for: timedelta since which the machine can have sent it, None where it is offline
    """
    if gap.lost:
        return Step.WAIT
    age = now - gap.since
    if not askable:
        return Step.GIVE_UP if age >= LAST_CALL else Step.WAIT
    if online_for is None:
        return Step.WAIT
    if gap.tries == 0:
        return Step.ASK if min(age, online_for) >= patience else Step.WAIT
    if now - gap.asked_at < patience * 2 ** (gap.tries - 1):
        return Step.WAIT
    return Step.GIVE_UP if gap.refused or gap.tries >= MOST_TRIES else Step.ASK


def asked(gap, now):
    """The gap after the machine was asked once more."""
    return replace(gap, tries=gap.tries + 1, asked_at=now)
