# SPDX-License-Identifier: LGPL-3.0-or-later
"""Since-initialisation counters of a machine: what happened between two readings.

A counter only grows, until it overflows, the machine is initialised anew, or its board is replaced.
Each of these is told apart here, and what remains unexplained is a gap against the sales that we
know. Values are integer minor units of the currency. Nothing here knows Odoo.
"""

from dataclasses import dataclass, field

#: where counters of known boards overflow
MODULI = (10**4, 10**5, 10**6, 2**16, 10**8, 2**32)
#: a counter overflows only from its last tenth into its first
EDGE = 10
#: a fall to less than half is a fresh start, a smaller one is a misreading
FRESH = 2

FIRST, DELTA, ROLLOVER = "first", "delta", "rollover"
RESET, SWAP, BACKWARDS = "reset", "swap", "backwards"


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters as a machine states them: ``slots`` is {code: (count, value)} where it has them.

    ``epoch`` is the platform's number of the board, ``board`` its own serial, ``initialised`` its
    own mark of the last initialisation; empty where it does not say.
    """

    count: int
    value: int
    slots: dict = field(default_factory=dict)
    epoch: int = 0
    board: str = ""
    initialised: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What the counters did between two readings.

    ``exact`` is False where sales may be lost to us: after a reset or swap the new counters say
    only how much was sold at least.
    """

    kind: str
    count: int = 0
    value: int = 0
    slots: dict = field(default_factory=dict)
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale that we know, near or between the readings.

    ``inside``: it lies between them by the best order that we have; ``near``: it lies so close to
    one of them that it may be counted on either side.
    """

    slot: str
    count: int
    value: int
    inside: bool = True
    near: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Machine less ours: ``count_gap`` > 0 means vends that we never heard of."""

    ours_count: int
    ours_value: int
    count_gap: int
    value_gap: int
    slots: dict = field(default_factory=dict)  #: {code: (count gap, value gap)}, only where not 0

    @property
    def explained(self):
        """Whether nothing is left open."""
        return not (self.count_gap or self.value_gap or self.slots)


def advance(old: int, new: int):
    """How far one counter went: (distance, ``delta`` | ``rollover`` | ``fell``)."""
    if new >= old:
        return new - old, DELTA
    for modulus in MODULI:
        at_edge = old < modulus and modulus - old <= modulus // EDGE
        if at_edge and new <= modulus // EDGE:
            return modulus - old + new, ROLLOVER
    return new - old, "fell"


def step(before, after):
    """Tell what happened between two readings of one machine.

    :param Reading|None before: None for the very first reading
    """
    if before is None:
        return Step(FIRST)
    if _replaced(before.epoch, after.epoch) or _replaced(before.board, after.board):
        return _afresh(SWAP, after)
    if _replaced(before.initialised, after.initialised):
        return _afresh(RESET, after)
    count, how_count = advance(before.count, after.count)
    value, how_value = advance(before.value, after.value)
    hows = {how_count, how_value}
    if "fell" in hows:
        fresh = after.count * FRESH <= before.count and after.value * FRESH <= before.value
        return _afresh(RESET, after) if fresh else Step(BACKWARDS, count, value)
    kind = ROLLOVER if ROLLOVER in hows else DELTA
    return Step(kind, count, value, _slot_steps(before, after))


def _replaced(old, new):
    return bool(old and new and old != new)


def _afresh(kind, after):
    return Step(kind, after.count, after.value, dict(after.slots), exact=False)


def _slot_steps(before, after):
    """{code: (count, value)} of slots that both readings have and that went forward."""
    steps = {}
    for code in before.slots.keys() & after.slots.keys():
        count, how_count = advance(before.slots[code][0], after.slots[code][0])
        value, how_value = advance(before.slots[code][1], after.slots[code][1])
        if "fell" not in (how_count, how_value):
            steps[code] = (count, value)
    return steps


def compare(stepped, sales):
    """Machine against sales, in total and slot by slot.

    :param Step stepped: of :func:`step`; ``first`` and ``backwards`` compare nothing
    :param list[Sale] sales: between the readings, and near either of them
    """
    count_gap, value_gap = _gaps(stepped.count, stepped.value, sales, stepped.exact)
    slots = {}
    for code, (count, value) in stepped.slots.items():
        of_slot = [sale for sale in sales if sale.slot == code]
        gap = _gaps(count, value, of_slot, stepped.exact)
        if any(gap):
            slots[code] = gap
    inside = [sale for sale in sales if sale.inside]
    return Comparison(
        sum(sale.count for sale in inside),
        sum(sale.value for sale in inside),
        count_gap,
        value_gap,
        slots,
    )


def explain(before, after, sales):
    """What happened, and what the sales leave unexplained.

    A new board may go on with the counters of the old one; that is taken to be so where it explains
    more than a fresh start does.

    :return: (:class:`Step`, :class:`Comparison`)
    """
    stepped = step(before, after)
    found = compare(stepped, sales)
    if stepped.exact or found.explained or after.count < before.count:
        return stepped, found
    carried = Step(
        stepped.kind,
        after.count - before.count,
        after.value - before.value,
        _slot_steps(before, after),
    )
    again = compare(carried, sales)
    return (carried, again) if again.explained else (stepped, found)


def _gaps(count, value, sales, exact):
    return (
        _gap(count, [(sale.count, sale) for sale in sales], exact),
        _gap(value, [(sale.value, sale) for sale in sales], exact),
    )


def _gap(delta, amounts, exact):
    """How far ``delta`` lies outside of what the sales allow."""
    low = sum(amount for amount, sale in amounts if sale.inside and not sale.near)
    high = sum(amount for amount, sale in amounts if sale.inside or sale.near)
    if delta > high:
        return delta - high
    return delta - low if exact and delta < low else 0
