# SPDX-License-Identifier: LGPL-3.0-or-later
"""Bottles that field staff moved, as the machine reports it (docs/protocol §5, restock.done)."""

from ..core.facts import BadFact
from .batch import handles, is_count


@handles("restock.done")
def restock_done(batch, fact):
    """Counters take what was counted, stock follows what was moved, a difference is a case."""
    rows = [_row(batch, fact, row) for row in fact.data["slots"]]
    machine, gaps = batch.machine(fact), []
    for slot, counter, product, row in rows:
        difference = counter.count(row["before"], row["after"], fact.position)
        if difference:
            gaps.append(f"{slot.code} {difference:+d}")
        counter.report("ok" if row["after"] > 0 else "empty")
        if row["filled"]:
            batch.pickings[machine, True][product] += row["filled"]
        if row["removed"]:
            batch.pickings[machine, False][product] += row["removed"]
        if row["bad"]:
            batch.scraps.append(_scrap(machine, product, row["bad"]))
    if gaps:
        batch.case(
            "count",
            fact,
            batch.env._(
                "%(machine)s: the count before filling differs from our counter: %(gaps)s (slot, "
                "bottles more or fewer).",
                machine=machine.name,
                gaps=", ".join(gaps),
            ),
            reference=fact.reference or None,
        )


def _row(batch, fact, row):
    """One slot's row, read and checked: before + filled − removed − bad = after."""
    slot, counter = batch.slot(fact, row["slot"])
    product = batch.products.get(row.get("sku")) or slot.product_id
    numbers = {
        key: int(row.get(key) or 0) for key in ("before", "filled", "removed", "bad", "after")
    }
    if not slot or not product:
        raise BadFact(f"slot {row['slot']!r} or product {row.get('sku')!r} is not known")
    expected = numbers["before"] + numbers["filled"] - numbers["removed"] - numbers["bad"]
    if expected != numbers["after"] or not all(map(is_count, numbers.values())):
        raise BadFact(f"the numbers of slot {slot.code} do not add up to {numbers['after']}")
    return slot, counter, product, numbers


def _scrap(machine, product, qty):
    return {
        "product_id": product.id,
        "product_uom_id": product.uom_id.id,
        "scrap_qty": qty,
        "location_id": machine.location_id.id,
        "company_id": machine.company_id.id,
        "origin": machine.name,
    }
