# SPDX-License-Identifier: LGPL-3.0-or-later
"""Counters, as the machine reports them (docs/protocol §5, counter.snapshot)."""

import base64
import binascii
import hashlib

from ..core.facts import BadFact
from ..core.money import parse_amount, to_minor
from ..core.told import _lt
from .batch import handles

#: no counter has more digits
MOST_COUNTED = 10**12


@handles("counter.snapshot")
def snapshot(batch, fact):
    """Kept now, compared with the sales a moment later, outside of the batch."""
    data = fact.data
    if data["source"] not in ("meter", "eva_dts"):
        raise ValueError(f"the source {data['source']!r} is not known")
    values = _audit(batch, fact) if data.get("file") else _counters(batch, fact)
    epoch, seq = fact.position or (0, 0)
    batch.counter_readings.append(
        {
            **values,
            "machine_id": fact.machine_id,
            "identity": fact.reference or f"{fact.position}/{fact.moment}",
            "source": data["source"],
            "moment": fact.moment,
            "clock_trusted": fact.clock_trusted,
            "received_at": fact.received,
            "device_epoch": epoch,
            "device_seq": seq,
        }
    )


def _counters(batch, fact):
    """Values of a reading from the totals and slots that the message states."""
    digits = batch.machine(fact).currency_id.decimal_places
    slots = {}
    for row in fact.data["slots"]:
        code = str(row["slot"]).replace("\0", "")[:32]
        before = slots.get(code, (0, 0))
        count, value = _count(row["count"]), _value(row["value"], digits)
        slots[code] = (before[0] + count, before[1] + to_minor(value, digits))
    total = fact.data["total"]
    return {
        "count": _count(total["count"]),
        "value": _value(total["value"], digits),
        "slots": {code: list(pair) for code, pair in slots.items()},
    }


def _count(value):
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < MOST_COUNTED:
        raise BadFact(_lt("the counter %s is no plain number", value))
    return value


def _value(value, digits):
    amount = parse_amount(value)
    if amount < 0 or amount != round(amount, digits):
        raise BadFact(_lt("the value %s is no amount of this currency", value))
    return amount


def _audit(batch, fact):
    """Values of a reading from the audit file that the message carries, as text or base64."""
    machine = batch.machine(fact)
    text = str(fact.data["file"])
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = text.encode()
    audit, problems = machine._read_audit(raw)
    if problems:
        raise BadFact(_lt("the audit file is not usable: %s", problems[0]))
    values = machine._audit_vals(audit, fact.received)
    name = f"{machine.name}-{hashlib.sha256(raw).hexdigest()[:8]}.eva_dts"
    return {**values, "file": base64.b64encode(raw), "file_name": name}
