# SPDX-License-Identifier: LGPL-3.0-or-later
"""Why a machine should be visited, which machines fit into a route, what each lane gets."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason to visit a machine.

    :param str kind: ``stock``, ``expiry``, ``cash``, ``age``, ``temperature``, …
    :param float amount: money at risk until the next regular visit, in the company's currency
    :param text: a short sentence for people (``_lt`` of ``told``), or plain text
    :param datetime since: naive UTC since when it holds, or None where that is unknown
    """

    kind: str
    amount: float
    text: object
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A machine that may be visited: money at risk, bottles that it has room for."""

    key: int
    amount: float
    bottles: int
    since: datetime | None = None


def choose(candidates, stops, van):
    """Machines of a route: most money first, as long as stops and room in the van last.

    A machine that does not fit as a whole is passed over for one that does; the first of all always
    goes, with as much as the van carries.

    :return: list of keys, most money first
    """
    far = datetime.max
    ordered = sorted(candidates, key=lambda one: (-one.amount, one.since or far, one.key))
    chosen, room = [], van
    for one in ordered:
        if len(chosen) < stops and (not chosen or one.bottles <= room):
            chosen.append(one.key)
            room -= one.bottles
    return chosen


def pack(bottles, lanes):
    """Divide the bottles packed for a product over its lanes, the emptiest first.

    :param list lanes: [(key, bottles that fit in)]
    :return: dict key → bottles; lanes that get none are left out
    """
    left = {key: room for key, room in lanes if room > 0}
    given = {}
    while bottles > 0 and any(left.values()):
        key = max(left, key=lambda key: left[key])  # the first of equals
        given[key] = given.get(key, 0) + 1
        left[key] -= 1
        bottles -= 1
    return given
