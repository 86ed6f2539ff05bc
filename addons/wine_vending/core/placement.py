# SPDX-License-Identifier: LGPL-3.0-or-later
"""Where a machine stood at a moment."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Placement:
    """A stay of a machine: from ``since`` (None: ever) up to, not including, ``until``."""

    since: datetime | None
    until: datetime | None
    region_id: int
    site_id: int

    def covers(self, moment):
        return (self.since is None or self.since <= moment) and (
            self.until is None or moment < self.until
        )


def placement_at(placements, moment):
    """The stay that covers a moment (naive UTC, as the placements), or None."""
    return next((stay for stay in placements if stay.covers(moment)), None)
