# SPDX-License-Identifier: LGPL-3.0-or-later
"""Cash, as the machine reports it (docs/protocol §5, cash.collected, cash.level)."""

from ..core.facts import BadFact
from ..core.money import parse_amount
from ..core.told import _lt
from .batch import handles

LEVELS = ("coins", "notes", "tubes")


def _amount(batch, fact, value, name):
    """A decimal string as Decimal, no finer than the smallest coin."""
    amount = parse_amount(value if isinstance(value, str) else str(value))
    currency = batch.machine(fact).currency_id
    if amount < 0 or amount != round(amount, currency.decimal_places):
        raise BadFact(
            _lt(
                "%(name)s: %(value)s is no amount of %(currency)s",
                name=name,
                value=value,
                currency=currency.name,
            )
        )
    return amount


@handles("cash.collected")
def collected(batch, fact):
    """Somebody took the cash out: booked, or compared with what the phone has said."""
    data = fact.data
    counted = data["counted"]
    batch.collections.append(
        {
            "machine_id": fact.machine_id,
            "uuid": fact.reference or f"{fact.machine_id}/{fact.position}/{fact.moment}",
            "visit": str(data["visit_id"]) if data.get("visit_id") else None,
            "collector": str(data.get("by") or "").replace("\0", "")[:100],
            "moment": fact.moment,
            "clock_trusted": fact.clock_trusted,
            "source": "machine",
            "counted_coins": _amount(batch, fact, counted["coins"], "coins"),
            "counted_notes": _amount(batch, fact, counted["notes"], "notes"),
            "meter": _amount(batch, fact, data["meter"], "meter")
            if data.get("meter") is not None
            else None,
            "position": fact.position,
        }
    )


@handles("cash.level")
def level(batch, fact):
    """What the machine says it holds; the newest word stands."""
    values = {
        f"cash_level_{name}": float(_amount(batch, fact, fact.data[name], name)) for name in LEVELS
    }
    known = batch.machine_values[fact.machine_id]
    before = known.get("cash_level_at") or batch.machine(fact).cash_level_at
    if not before or before <= fact.moment:
        known.update(values, cash_level_at=fact.moment)
