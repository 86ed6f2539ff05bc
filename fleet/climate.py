# SPDX-License-Identifier: LGPL-3.0-or-later
"""How warm it is in a device: cooled towards its band, warmed by the day, the door, a bad motor."""

import math

from fleet.ids import share

DAY = 86400.0
#: seconds after which a difference has shrunk to a third: cooling, no cooling, door open
COOLING, WARMING, OPEN = 20 * 60.0, 90 * 60.0, 8 * 60.0
#: fault code of a compressor that does not run
COMPRESSOR = "compressor"
STEP = 300.0  # seconds; a longer time is gone through in steps


class Climate:
    """Temperature and humidity of one device, moved on by looking at it.

    The room is warmest in the afternoon. A compressor holds the middle of the band, a little worse
    on a warm day; without it, or with the door open, the inside follows the room. Time passes as
    fast as the options say.
    """

    def __init__(self, device, now):
        self.device, self.at = device, now
        seed, uuid = device.options.seed, device.config.uuid
        self.room = 20.0 + 5.0 * share(seed, "room", uuid)
        self.phase = share(seed, "phase", uuid) * 3600
        self.inside = self._target(now)
        self.damp = 60.0

    def outside(self, now):
        """°C of the room: a curve of the day with its top at 15:00 UTC."""
        return self.room + 4.0 * math.cos(2 * math.pi * ((now + self.phase) / DAY - 15 / 24))

    def _target(self, now):
        low, high = self.device.shadow.temperatures()
        load = (self.outside(now) - self.room) / 4.0
        return (low + high) / 2 + 0.15 * (high - low) * load

    def _held(self, damp):
        """% RH that a compressor, which also dries, comes to; a failed one dries nothing."""
        limit = self.device.shadow.dampest()
        dries = limit is not None and not self._broken()
        return min(damp, max(limit - 5.0, 0.0)) if dries else damp

    def _broken(self):
        return any(fault.get("code") == COMPRESSOR for fault in self.device.state.faults.values())

    def _step(self, seconds, now):
        if self.device.state.door == "opened":
            goal, slow = self.outside(now), OPEN
        elif self._broken():
            goal, slow = self.outside(now), WARMING
        else:
            goal, slow = self._target(now), COOLING
        left = math.exp(-seconds / slow)
        self.inside = goal + (self.inside - goal) * left
        wet = 75.0 if self.device.state.door == "opened" else self._held(60.0)
        self.damp = wet + (self.damp - wet) * left

    def move(self, now):
        """Let the time since the last look pass."""
        passed = max(now - self.at, 0.0) * self.device.options.speed
        self.at = now
        passed = min(passed, DAY)
        while passed > 0:
            step = min(passed, STEP)
            self._step(step, now)
            passed -= step

    def measure(self, now):
        """The readings of `up/tele`."""
        self.move(now)
        chance = self.device.chance
        broken = self._broken()
        return {
            "temperature": round(self.inside + chance.gauss(0, 0.1), 1),
            "humidity": round(min(max(self.damp + chance.gauss(0, 1.0), 0), 100), 1),
            "signal": round(-70 + chance.gauss(0, 4)),
            "voltage": round(230 + chance.gauss(0, 1.5), 1),
            "power": round((25 if broken else 110) + chance.gauss(0, 5), 1),
        }
