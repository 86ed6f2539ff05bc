# SPDX-License-Identifier: LGPL-3.0-or-later
"""Bottles that field staff moved, as the machine or a phone tells it (docs/protocol §5)."""

from collections import defaultdict
from dataclasses import dataclass

from odoo import models

from ..core.facts import BadFact, PhoneCount
from ..core.slot_counter import SlotCounter
from ..core.told import _lt
from .batch import handles, is_count

NUMBERS = ("before", "filled", "removed", "bad", "after")
#: words for why bottles are bad; what else a machine may say is no reason to refuse its count
REASONS = {name: name for name in ("breakage", "spoilage", "expiry")} | {
    "broken": "breakage",
    "spoiled": "spoilage",
    "expired": "expiry",
}


@dataclass
class Row:
    """What was done to one slot. ``before`` is None where nobody counted."""

    slot: models.Model
    counter: SlotCounter
    product: models.Model
    before: int | None
    filled: int
    removed: int
    bad: int
    after: int
    bad_reason: str | bool
    expected: int = 0

    @property
    def moved(self):
        return self.filled, self.removed, self.bad

    @property
    def taken(self):
        return self.removed + self.bad

    @property
    def change(self):
        return self.filled - self.taken


@handles("restock.done")
def restock_done(batch, fact):
    """Counters take what was counted, stock follows what was moved, a difference is a case."""
    rows = _joined([_row(batch, fact, row) for row in fact.data["slots"]])
    visit = batch.visit(fact)
    if visit and visit.lines is not None:
        visit.compare(fact, rows)
        return
    by_slot = defaultdict(list)
    for row in rows:
        by_slot[row.slot].append(row)
    for there in by_slot.values():
        _count(batch, fact, there)
    if visit:
        visit.tell(fact, rows)
        return
    _move(batch, fact, rows)
    gaps = [
        f"{row.slot.code} {row.before - row.expected:+d}"
        for row in rows
        if row.before != row.expected
    ]
    if gaps:
        batch.case(
            "count",
            fact,
            _lt(
                "%(machine)s: the count before filling differs from our counter: %(gaps)s (slot, "
                "bottles more or fewer).",
                machine=batch.machine(fact).name,
                gaps=", ".join(gaps),
            ),
            reference=fact.reference or None,
        )


def _row(batch, fact, row):
    """One slot's row, read and checked: before + filled − removed − bad = after."""
    slot, counter = batch.slot(fact, row["slot"])
    product = batch.products.get(row.get("sku")) or slot.product_id
    numbers = {key: int(row.get(key) or 0) for key in NUMBERS}
    if not slot or not product:
        raise BadFact(
            _lt(
                "slot %(slot)r or product %(sku)r is not known",
                slot=str(row["slot"]),
                sku=str(row.get("sku")),
            )
        )
    reason = REASONS.get(str(row.get("bad_reason")), False)
    if isinstance(fact, PhoneCount) and row.get("before") is None:
        _not_counted(fact, counter, numbers)
        numbers["before"] = None
    else:
        found = numbers["before"] + numbers["filled"] - numbers["removed"] - numbers["bad"]
        if found != numbers["after"]:
            raise BadFact(
                _lt(
                    "the numbers of slot %(slot)s do not add up to %(after)s",
                    slot=slot.code,
                    after=numbers["after"],
                )
            )
    if not all(is_count(number) for number in numbers.values() if number is not None):
        raise BadFact(_lt("the numbers of slot %(slot)s are no plain counts", slot=slot.code))
    return Row(slot, counter, product, **numbers, bad_reason=reason)


def _not_counted(fact, counter, numbers):
    """Nobody counted: what was in it is what we expect, but never less than what was taken out."""
    taken = numbers["removed"] + numbers["bad"]
    found = max(counter.expected(None, fact.moment, True), taken)
    numbers["after"] = found + numbers["filled"] - taken


def _joined(rows):
    """Rows of the same slot and product are one: found at first, left at last."""
    joined = {}
    for row in rows:
        first = joined.setdefault((row.slot, row.product), row)
        if first is row:
            continue
        if row.before is not None and row.before != first.after:
            raise BadFact(
                _lt(
                    "slot %(slot)s stands twice, with numbers that do not follow each other",
                    slot=row.slot.code,
                )
            )
        for name in ("filled", "removed", "bad"):
            setattr(first, name, getattr(first, name) + getattr(row, name))
        first.after += row.change
        first.bad_reason = first.bad_reason or row.bad_reason
    return list(joined.values())


def _count(batch, fact, rows):
    """Bring the counter of a slot to what was found and done there.

    A slot has several rows where one product was taken out and another one put in: together they
    are one count. What differs from our counter is said in the first of them.
    """
    order, counter, first = batch.order(fact), rows[0].counter, rows[0]
    expected, change = counter.expected(*order), sum(row.change for row in rows)
    if any(row.before is None for row in rows) and expected >= sum(row.taken for row in rows):
        counter.move(change, *order)
        difference = 0
        first.before, others = expected, rows[1:]
        for row in others:
            row.before = 0
    else:
        for row in rows:
            row.before = row.after - row.change
        before = sum(row.before for row in rows)
        difference = counter.count(before, before + change, *order)
    for row in rows:
        row.expected = row.before
    first.expected = first.before - difference
    left = sum(row.before for row in rows) + change
    counter.report("ok" if left > 0 else "empty", fact.position)


def _move(batch, fact, rows):
    """Goods that no visit accounts for, from and to the region where the machine stood then."""
    machine, region = batch.machine(fact), batch.region(fact)
    for row in rows:
        if row.filled:
            batch.pickings[machine, region, True][row.product] += row.filled
        if row.removed:
            batch.pickings[machine, region, False][row.product] += row.removed
        if row.bad:
            batch.scraps.append(scrap_values(machine, row.product, row.bad))


def scrap_values(machine, product, qty, **values):
    """Values of a ``stock.scrap`` of goods that lie in a machine."""
    return {
        "product_id": product.id,
        "product_uom_id": product.uom_id.id,
        "scrap_qty": qty,
        "location_id": machine.location_id.id,
        "company_id": machine.company_id.id,
        "origin": machine.name,
        **values,
    }
