# SPDX-License-Identifier: LGPL-3.0-or-later
"""What machines say of themselves: session, shadow, door, faults, slots (protocol §4, §5, §8)."""

from ..core.told import _lt
from .batch import handles, is_count


@handles("machine.birth")
def birth(batch, fact):
    """A session starts: firmware and capabilities as the device states them."""
    batch.machine_values[fact.machine_id].update(
        firmware=str(fact.data["fw"]),
        capabilities=", ".join(map(str, fact.data.get("caps") or ())),
        connection_state="online",
    )


@handles("machine.state")
def state(batch, fact):
    """Online, or offline by the device's word or its last will."""
    said = fact.data["state"]
    if said not in ("online", "offline"):
        raise ValueError(_lt("state is %(said)r, not online or offline", said=str(said)))
    batch.machine_values[fact.machine_id]["connection_state"] = said


@handles("machine.reported")
def reported(batch, fact):
    """The planogram version that the device has applied, whole."""
    version = fact.data["version"] or 0
    if not is_count(version):
        raise ValueError(_lt("version %(said)r is no plain number", said=str(version)))
    batch.report(fact, version, _slot_errors(fact.data.get("errors")))
    if fact.data.get("fw"):
        batch.machine_values[fact.machine_id]["firmware"] = str(fact.data["fw"])


def _slot_errors(said, most=200):
    """[{slot, code}] as the machine lists them, each once, nothing longer than a code is."""
    rows = [row for row in said or () if isinstance(row, dict)]
    pairs = {(str(row.get("slot") or "")[:16], str(row.get("code") or "")[:64]) for row in rows}
    return [{"slot": slot, "code": code} for slot, code in sorted(pairs)[:most]]


@handles("door")
def door(batch, fact):
    said = fact.data["state"]
    if said not in ("opened", "closed"):
        raise ValueError(_lt("door is %(said)r, not opened or closed", said=str(said)))
    batch.machine_values[fact.machine_id]["door_state"] = said


@handles("slot.state")
def slot_state(batch, fact):
    """The machine's own word on a slot; a quantity, where it counts, sets the counter."""
    slot, counter = batch.slot(fact, fact.data["slot"])
    if fact.data["state"] not in ("ok", "empty", "jammed", "disabled"):
        raise ValueError(_lt("slot state %(said)r is not known", said=str(fact.data["state"])))
    counter.report(fact.data["state"])
    qty = fact.data.get("qty")
    if qty is not None and not is_count(qty):
        raise ValueError(_lt("the quantity %(said)r is no plain number", said=str(qty)))
    difference = 0
    if qty is not None and slot:
        difference = counter.count(qty, qty, *batch.order(fact))
    if difference:
        batch.case(
            "count",
            fact,
            _lt(
                "%(machine)s, slot %(slot)s: the machine counts %(qty)s bottles, %(difference)+d "
                "against our counter.",
                machine=batch.machine(fact).name,
                slot=slot.code,
                qty=qty,
                difference=difference,
            ),
            reference=fact.reference or None,
        )


@handles("fault.raised")
def fault_raised(batch, fact):
    """Raised once per code and slot until it is cleared."""
    _drop_fault(batch, fact)
    severity = fact.data.get("severity")
    batch.env["wine.machine.fault"].sudo().create(
        {
            "machine_id": fact.machine_id,
            "code": str(fact.data["code"]),
            "slot_code": fact.data.get("slot"),
            "severity": severity if severity in ("info", "warning", "critical") else "warning",
            "text": fact.data.get("text"),
            "raised_at": fact.moment,
        }
    )


@handles("fault.cleared")
def fault_cleared(batch, fact):
    _drop_fault(batch, fact)


def _drop_fault(batch, fact):
    batch.env["wine.machine.fault"].sudo().search(
        [
            ("machine_id", "=", fact.machine_id),
            ("code", "=", str(fact.data["code"])),
            ("slot_code", "=", fact.data.get("slot") or False),
        ]
    ).unlink()
