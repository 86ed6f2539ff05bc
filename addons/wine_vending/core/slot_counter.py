# SPDX-License-Identifier: LGPL-3.0-or-later
"""The live counter of a slot, right in whatever order the facts arrive.

A device numbers what it does; a network does not keep that order. A count says what was in the slot
at its own number, a sale takes bottles out at its own. So the counter is always: the newest count,
less what was sold after it. A position is (epoch, seq) of the device, or None where a fact has no
number and counts as happening now.

A person's count on a phone has no number of the device, only a moment. After such a count a sale is
seen by it where its number lies before an earlier count of the device, or its moment not after the
phone's. Once the device reports the same visit, its number takes the place of the moment.
"""

from dataclasses import dataclass, field
from datetime import datetime


def out_of_stock(qty: int, state: str):
    """``empty`` or ``blocked`` where a slot cannot sell, else None."""
    if qty <= 0:
        return "empty"
    return "blocked" if state in ("jammed", "disabled") else None


@dataclass(slots=True)
class SlotCounter:
    """Bottles in one slot as the platform counts them.

    A counter may fall below zero: that is a difference between the machine and us, shown as such,
    never a reason to refuse a sale that has happened.

    ``counted`` is the position of the newest count of the device, ``counted_at`` the moment of the
    newest count of anybody, ``by_moment`` whether that one was a phone's. ``sales`` are
    [(position, qty, moment)] that are already in ``qty`` and may lie after a count that arrives
    later; ``late`` are [(moment, qty)] of sales that a count had already seen. ``said`` is the
    position of the machine's newest word on the state.

    ``at`` is the moment of the fact that is being taken in; ``turns`` are [(moment, kind or None)]:
    when the slot ran out of what it sells (``kind``, see :func:`out_of_stock`), when it had some
    again (None).
    """

    slot_id: int
    qty: int
    state: str
    counted: tuple | None = None
    sales: list = field(default_factory=list)
    changed: bool = False
    counted_at: datetime | None = None
    by_moment: bool = False
    late: list = field(default_factory=list)
    said: tuple | None = None
    at: datetime | None = None
    turns: list = field(default_factory=list)
    kind: str | None = field(init=False)

    def __post_init__(self):
        self.kind = out_of_stock(self.qty, self.state)

    def sell(self, qty: int, position=None, moment=None):
        """``qty`` bottles left the slot; a newer count than that has seen them gone already."""
        if not qty:
            return
        if self._before_count(position, moment):
            self.late.append((moment, qty))
            return
        self.qty -= qty
        self.sales.append((position, qty, moment))
        self._change()

    def count(self, before: int, after: int, position=None, moment=None, by_moment=False) -> int:
        """Somebody found ``before`` bottles and left ``after``; returns found minus expected.

        An older count than the newest one changes nothing. ``by_moment`` says that the moment
        alone orders this count, as that of a phone.
        """
        if self._older(position, moment, by_moment):
            return 0
        since = self._sold_since(position, moment if by_moment else None)
        difference = before - (self.qty + since)
        self.qty = after - since
        self.counted = position or self.counted
        self.counted_at, self.by_moment = moment, by_moment
        self._change()
        return difference

    def expected(self, position=None, moment=None, by_moment=False) -> int:
        """What was in the slot then, as far as we know."""
        return self.qty + self._sold_since(position, moment if by_moment else None)

    def move(self, change: int, position=None, moment=None, by_moment=False):
        """Bottles put in, or taken out, without a count; a newer count has seen them."""
        if change and not self._older(position, moment, by_moment):
            self.qty += change
            self._change()

    def sharpen(self, after: int, position, moment=None):
        """The device tells its own number for the newest count, until now known by its moment."""
        if not self.by_moment or not position or (self.counted and position <= self.counted):
            return
        self.qty = after - self._sold_since(position)
        self.counted, self.counted_at, self.by_moment = position, moment, False
        self._change()

    def report(self, state: str, position=None):
        """The machine says that the slot is ``ok``, ``empty``, ``jammed`` or ``disabled``.

        An older word than the newest one changes nothing.
        """
        if not state or (position and self.said and position <= self.said):
            return
        if position:
            self.said = position
            self.changed = True
        if state != self.state:
            self.state = state
            self._change()

    def _change(self):
        self.changed = True
        kind = out_of_stock(self.qty, self.state)
        if kind != self.kind:
            if not (kind and self.kind):
                self.turns.append((self.at, kind))
            self.kind = kind

    def _before_count(self, position, moment=None):
        if position and self.counted and position <= self.counted:
            return True
        return bool(self.by_moment and moment and moment <= self.counted_at)

    def _older(self, position, moment, by_moment):
        """Whether a count of then is older than the newest one."""
        if by_moment:
            return bool(self.counted_at and moment < self.counted_at)
        return self._before_count(position, moment)

    def _sold_since(self, position, moment=None):
        if position is not None:
            return sum(qty for at, qty, _when in self.sales if at is not None and at > position)
        if moment is not None:
            return sum(qty for _at, qty, when in self.sales if when is not None and when > moment)
        return 0
