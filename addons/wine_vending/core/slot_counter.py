# SPDX-License-Identifier: LGPL-3.0-or-later
"""The live counter of a slot, folded over facts in the machine's own order."""

from dataclasses import dataclass


@dataclass(slots=True)
class SlotCounter:
    """Bottles in one slot as the platform counts them.

    A counter may fall below zero: that is a difference between the machine and us, shown as such,
    never a reason to refuse a sale that has happened.
    """

    slot_id: int
    qty: int
    state: str
    changed: bool = False

    def sell(self, qty: int):
        """``qty`` bottles left the slot."""
        if qty:
            self.qty -= qty
            self.changed = True

    def count(self, after: int) -> int:
        """Somebody counted ``after`` bottles; returns counted minus expected."""
        difference = after - self.qty
        self.qty = after
        self.changed = True
        return difference

    def report(self, state: str):
        """The machine says that the slot is ``ok``, ``empty``, ``jammed`` or ``disabled``."""
        if state and state != self.state:
            self.state = state
            self.changed = True
