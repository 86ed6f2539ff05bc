# SPDX-License-Identifier: LGPL-3.0-or-later
"""Both ends compared: what is lost, what is there twice, and what else does not agree."""

from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.journals import Sold

SHOWN = 5
OPEN = ("draft", "reserved", "authorised", "accepted", "dispensing", "dispensed")


@dataclass
class Held:
    """What the platform has since the mark. Lists may hold a thing twice: that is looked for.

    Vends, orders, payments and shares carry the vend id; orders and payments their cents.
    """

    events: list = field(default_factory=list)  # (event id, state)
    quarantined: int = 0
    vends: list = field(default_factory=list)  # (vend id, state, bottles, cents captured)
    orders: list = field(default_factory=list)  # (vend id, bottles, cents)
    payments: list = field(default_factory=list)  # (vend id, cents)
    shares: list = field(default_factory=list)  # (vend id, source)
    slots: dict = field(default_factory=dict)  # (machine, slot) → bottles
    stock: dict = field(default_factory=dict)  # machine → bottles by the stock ledger


@dataclass
class Verdict:
    """The findings; each is a line of text."""

    lost: list = field(default_factory=list)
    duplicated: list = field(default_factory=list)
    unused: list = field(default_factory=list)

    @property
    def clean(self):
        """Whether everything is there, once."""
        return not (self.lost or self.duplicated or self.unused)

    def lines(self):
        """The first findings of each kind."""
        return [
            f"{kind}: {line}"
            for kind in ("lost", "duplicated", "unused")
            for line in getattr(self, kind)[:SHOWN]
        ]


def compare(told, held):
    """Count `journals.Told` against `Held`."""
    verdict = Verdict()
    _events(told, held, verdict)
    stored = {event for event, _state in held.events}
    arrived = {
        vend: sold
        for vend, sold in told.sales.items()
        if sold.event in stored or sold.event not in told.destroyed | told.pending
    }
    unheard = {vend: Sold("", machine, 0, 0) for vend, machine in told.asked.items()}
    arrived = unheard | arrived
    _once("vend", held.vends, arrived, verdict)
    _asked(told, held, verdict)
    money = {vend: sold for vend, sold in arrived.items() if sold.cents}
    for what, rows in (("order", held.orders), ("payment", held.payments), ("share", held.shares)):
        _once(what, rows, money, verdict)
    _amounts(money, held, verdict)
    _bottles(told, held, verdict)
    return verdict


def unheard_of(told, held):
    """Bottles by machine whose sale went with its board."""
    stored, gone = {event for event, _state in held.events}, Counter()
    for sold in told.sales.values():
        if sold.event in told.destroyed - stored:
            gone[sold.machine] += sold.qty
    return gone


def _events(told, held, verdict):
    stored = Counter(event for event, _state in held.events)
    for event in told.events.keys() - stored.keys() - told.pending - told.destroyed:
        machine, kind = told.events[event]
        verdict.lost.append(f"event {event} ({kind} of {machine})")
    for event, times in stored.items():
        if times > 1:
            verdict.duplicated.append(f"event {event} is stored {times} times")
        if event not in told.events:
            verdict.duplicated.append(f"event {event} is stored and no device ever told it")
    for event, state in held.events:
        if state != "done":
            verdict.unused.append(f"event {event} is {state}")


def _asked(told, held, verdict):
    """Vends of the platform: each delivered once at most, none left open, nothing taken for air.

    Local ones are in it as far as no machine delivers one of them twice either.
    """
    for vend, times in told.turns.items():
        if times > 1:
            verdict.duplicated.append(f"vend {vend}: the motor turned {times} times")
    for vend, state, _qty, cents in held.vends:
        if vend not in told.asked:
            continue
        sold = told.sales.get(vend)
        if state in OPEN and not (sold and sold.event in told.destroyed | told.pending):
            verdict.unused.append(f"vend {vend} is still {state}")
        if cents and not (sold and sold.cents):
            verdict.duplicated.append(f"capture of vend {vend}: {cents} cents, nothing came out")


def _once(what, rows, wanted, verdict):
    """Each wanted vend has one row, and there is no row besides."""
    counted = Counter(row[0] for row in rows)
    for vend in wanted.keys() - counted.keys():
        verdict.lost.append(f"{what} of vend {vend}")
    for vend, times in counted.items():
        if vend not in wanted:
            verdict.duplicated.append(f"{what} of vend {vend}, for which nobody paid now")
        elif times > 1:
            verdict.duplicated.append(f"{what} of vend {vend}: {times}")


def _amounts(money, held, verdict):
    captured = [(vend, cents) for vend, _state, _qty, cents in held.vends]
    orders = [(vend, cents) for vend, _qty, cents in held.orders]
    for what, rows in (("capture", captured), ("order", orders), ("payment", held.payments)):
        for vend, cents in rows:
            if vend in money and cents != money[vend].cents:
                kind = verdict.lost if cents < money[vend].cents else verdict.duplicated
                kind.append(f"{what} of vend {vend}: {cents} cents, {money[vend].cents} were paid")
    for vend, qty, _cents in held.orders:
        if vend in money and qty != money[vend].qty:
            kind = verdict.lost if qty < money[vend].qty else verdict.duplicated
            kind.append(f"order of vend {vend}: {qty} bottles, not {money[vend].qty}")


def _bottles(told, held, verdict):
    """A counter above the device's has missed a sale; one below has counted one twice."""
    for slot, qty in told.slots.items():
        counted = held.slots.get(slot)
        if counted != qty:
            kind = verdict.lost if counted is None or counted > qty else verdict.duplicated
            kind.append(f"slot {'/'.join(slot)}: {counted} bottles counted, {qty} are in it")
    machines = Counter()
    for (machine, _slot), qty in told.slots.items():
        machines[machine] += qty
    for machine, qty in machines.items() if held.stock else ():
        booked = held.stock.get(machine, 0)
        qty += told.gone[machine]  # a case for a person: stock follows what was said to be moved
        if booked != qty:
            kind = verdict.lost if booked > qty else verdict.duplicated
            kind.append(f"stock of {machine}: {booked} bottles in the books, {qty} are in it")
