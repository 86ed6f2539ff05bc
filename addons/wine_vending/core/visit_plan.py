# SPDX-License-Identifier: LGPL-3.0-or-later
"""Why a machine should be visited, which machines fit into a route, who gets scarce bottles."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason to visit a machine.

    :param str kind: ``stock``, ``expiry``, ``cash``, ``age``, ``temperature``, …
    :param float amount: money at risk until the next regular visit, in the company's currency
    :param str text: a short sentence for people, translated already
    :param datetime since: naive UTC since when it holds, or None where that is unknown
    """

    kind: str
    amount: float
    text: str
    since: datetime | None = None
