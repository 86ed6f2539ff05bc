# SPDX-License-Identifier: LGPL-3.0-or-later
"""A machine's own clock: it drifts, and may not know the time at all after a power cut."""

from datetime import datetime, timezone

UNSET_START = 946684800.0  # 2000-01-01, where many controllers begin
DRIFT_LIMIT = 2.0  # seconds of possible error above which a clock owns up to it


class Clock:
    """Turns true time (seconds since 1970) into what the machine believes.

    `drift` is in seconds per hour since the last synchronisation. An unset clock counts from
    2000-01-01 at power-up until it is synchronised.
    """

    def __init__(self, drift=0.0, unset=False, now=0.0):
        self.drift = drift
        self.unset = unset
        self.since = now

    def sync(self, now):
        """The network told the time."""
        self.unset = False
        self.since = now

    def error(self, now):
        """Seconds that the clock is ahead of true time (behind when negative)."""
        return self.drift * (now - self.since) / 3600.0

    def read(self, now):
        """Device time in seconds since 1970."""
        if self.unset:
            return UNSET_START + (now - self.since)
        return now + self.error(now)

    def quality(self, now):
        """`ts_q` of docs/protocol §2."""
        if self.unset:
            return "unset"
        return "drifted" if abs(self.error(now)) > DRIFT_LIMIT else "synced"


def stamp(seconds):
    """RFC 3339 with offset, millisecond precision."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds")


def parse(value):
    """Seconds since 1970 of an RFC 3339 time; ValueError when it has no offset."""
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"time without offset: {value}")
    return moment.timestamp()
