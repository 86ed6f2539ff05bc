# SPDX-License-Identifier: LGPL-3.0-or-later
"""A phased roll-out in numbers: which machine in which wave, when, and when to stop."""

import hashlib
import math
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

PERCENT, REGIONS, MACHINES, REST = "percent", "regions", "machines", "rest"


@dataclass(frozen=True)
class Share:
    """What one wave asks for."""

    key: object
    kind: str
    percent: float = 0.0
    regions: frozenset = frozenset()
    machines: frozenset = frozenset()


@dataclass(frozen=True)
class Candidate:
    """A machine that a campaign may update."""

    id: int
    uuid: str
    region: int
    firmware: str = field(default="", compare=False)


def place(seed, uuid):
    """Where a machine stands in the order of a campaign: the same in every process, for ever."""
    return hashlib.sha256(f"{seed}:{uuid}".encode()).digest()


def assign(seed, candidates, shares):
    """Each machine's wave: {machine id: key}; machines that no wave asks for are left out.

    Named machines first, then regions, each by the first wave that asks; then percentages, which
    count all candidates and round up, so that no first wave is empty; then the rest.
    """
    found, left = {}, sorted(candidates, key=lambda one: place(seed, one.uuid))
    for kind in (MACHINES, REGIONS):
        for share in (one for one in shares if one.kind == kind):
            named = share.machines if kind == MACHINES else share.regions
            for one in left:
                if (one.id if kind == MACHINES else one.region) in named:
                    found.setdefault(one.id, share.key)
        left = [one for one in left if one.id not in found]
    for share in (one for one in shares if one.kind == PERCENT):
        count = math.ceil(round(len(candidates) * share.percent / 100, 6))
        found.update((one.id, share.key) for one in left[:count])
        left = left[count:]
    rest = next((share for share in shares if share.kind == REST), None)
    if rest:
        found.update((one.id, rest.key) for one in left)
    return found


def window(now, zone, start, end):
    """(open, edge): whether a daily window is open, and when it closes, or opens next.

    :param datetime now: naive UTC, as ``edge``
    :param str zone: of the place; ``start`` and ``end`` are hours of its clock, and may lie on
        both sides of midnight
    """
    here = ZoneInfo(zone)
    local = now.replace(tzinfo=timezone.utc).astimezone(here)
    day = local.date() - timedelta(days=1)
    for number in range(3):
        opens = _at(day + timedelta(days=number), start, here)
        closes = _at(day + timedelta(days=number + (end <= start)), end, here)
        if opens <= now < closes:
            return True, closes
        if now < opens:
            return False, opens
    return False, _at(day + timedelta(days=3), start, here)


def _at(day, hours, zone):
    """A time of the clock as naive UTC; in the hour that is skipped or comes twice, the first."""
    minutes = round(hours * 60)
    if minutes >= 24 * 60:
        day, minutes = day + timedelta(days=1), minutes - 24 * 60
    moment = datetime.combine(day, time(minutes // 60, minutes % 60), zone)
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def too_many(failed, ended, least, percent):
    """Whether failures are to stop a campaign: only once ``least`` machines have ended."""
    return ended >= max(least, 1) and 100 * failed > percent * ended


def passed(succeeded, machines, percent):
    """Whether enough machines of a wave run the version for the next wave to begin."""
    return succeeded >= math.ceil(round(machines * percent / 100, 6))
