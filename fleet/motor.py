# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the machinery does when it is told to turn: by chance, or as a test has decided."""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Drop:
    """How one turn ended: outcome and sensor of docs/protocol §5, bottles out, what went wrong."""

    outcome: str
    delivered: int
    sensor: str
    code: str | None = None
    jammed: bool = False


class Motor:
    """The motors of a machine. `moves` counts the turns by vend id: never more than one."""

    def __init__(self, options, chance):
        self.options, self.chance = options, chance
        self.moves = Counter()
        self.forced = []

    def turn(self, vend_id, qty, forced=None):
        """Move for a vend and say what the sensor saw; `qty` is bottles, or ml of a pour."""
        self.moves[vend_id] += 1
        outcome = forced or (self.forced.pop(0) if self.forced else self._draw())
        return getattr(self, f"_{outcome}")(qty)

    def _draw(self):
        options, number = self.options, self.chance.random()
        for outcome in ("fail", "jam", "unknown"):
            number -= getattr(options, f"{outcome}_rate")
            if number < 0:
                return outcome
        return "success"

    def _success(self, qty):
        return Drop("success", qty, "confirmed")

    def _fail(self, qty):
        if qty > 1 and self.chance.random() < 0.5:
            return self._partial(qty)
        return self._failed(qty)

    def _failed(self, _qty):
        return Drop("failed", 0, "absent", "no_drop")

    def _partial(self, qty):
        half = qty // 2
        return Drop("partial", half, "confirmed", "no_drop") if half else self._failed(qty)

    def _jam(self, _qty):
        return Drop("failed", 0, "absent", "motor_jam", jammed=True)

    def _unknown(self, _qty):
        return Drop("unknown", 0, "fault", "drop_sensor")
