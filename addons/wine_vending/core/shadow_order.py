# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whether a report of a machine's shadow is news, in whatever order reports arrive.

Versions only grow: a machine that reports a higher one has had it, whatever the clocks say. It goes
back only by a new board or a reset, and then says so later than it said anything else.
"""

from datetime import datetime


def said_at(moment: datetime, received: datetime) -> datetime:
    """When a report counts as said: by the device's clock, but never after we have heard it."""
    return min(moment, received)


def is_news(version: int, at: datetime, known_version: int, known_at: datetime | None) -> bool:
    """Whether a report (version, said at) tells more than what is known."""
    if known_at is None or version > known_version:
        return True
    return at >= known_at
