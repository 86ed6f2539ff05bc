# SPDX-License-Identifier: LGPL-3.0-or-later
"""The live counter of a slot, right in whatever order the facts arrive.

A device numbers what it does; a network does not keep that order. A count says what was in the slot
at its own number, a sale takes bottles out at its own. So the counter is always: the newest count,
less what was sold after it. A position is (epoch, seq) of the device, or None where a fact has no
number and counts as happening now.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class SlotCounter:
    """Bottles in one slot as the platform counts them.

    A counter may fall below zero: that is a difference between the machine and us, shown as such,
    never a reason to refuse a sale that has happened.

    ``counted`` is the position of the newest count; ``sales`` are [(position, qty)] that are
    already in ``qty`` and may lie after a count that arrives later.
    """

    slot_id: int
    qty: int
    state: str
    counted: tuple | None = None
    sales: list = field(default_factory=list)
    changed: bool = False

    def sell(self, qty: int, position=None):
        """``qty`` bottles left the slot; a newer count than that has seen them gone already."""
        if not qty or self._before_count(position):
            return
        self.qty -= qty
        self.sales.append((position, qty))
        self.changed = True

    def count(self, before: int, after: int, position=None) -> int:
        """Somebody found ``before`` bottles and left ``after``; returns found minus expected.

        An older count than the newest one changes nothing.
        """
        if self._before_count(position):
            return 0
        since = self._sold_since(position)
        difference = before - (self.qty + since)
        self.qty = after - since
        self.counted = position or self.counted
        self.changed = True
        return difference

    def report(self, state: str):
        """The machine says that the slot is ``ok``, ``empty``, ``jammed`` or ``disabled``."""
        if state and state != self.state:
            self.state = state
            self.changed = True

    def _before_count(self, position):
        return bool(position and self.counted and position <= self.counted)

    def _sold_since(self, position):
        if position is None:
            return 0
        return sum(qty for at, qty in self.sales if at is not None and at > position)
