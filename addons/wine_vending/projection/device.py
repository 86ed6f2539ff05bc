# SPDX-License-Identifier: LGPL-3.0-or-later
"""What machines say of themselves: session, shadow, door, faults, slots (protocol §4, §5, §8)."""

from datetime import timedelta

from ..core.readings import DOOR
from ..core.told import _lt
from .batch import handles, is_count

#: two carriers hand over what they heard of one machine so far apart at most; what is older than
#: that was not overtaken: our own clock was set back
OVERTAKEN = timedelta(minutes=5)


@handles("machine.birth")
def birth(batch, fact):
    """A session starts: firmware and capabilities as the device states them."""
    batch.machine_values[fact.machine_id].update(
        firmware=str(fact.data["fw"]),
        capabilities=", ".join(map(str, fact.data.get("caps") or ())),
    )
    _connection(batch, fact, "online")


@handles("machine.state")
def state(batch, fact):
    """Online, or offline by the device's word or its last will."""
    said = fact.data["state"]
    if said not in ("online", "offline"):
        raise ValueError(_lt("state is %(said)r, not online or offline", said=str(said)))
    _connection(batch, fact, said)


def _connection(batch, fact, said):
    """The connection as of receipt: a last will carries the time at which it was made.

    Where two carriers share a machine, the will of its old connection may come in behind the birth
    of the new one; what was heard last counts.
    """
    values = batch.machine_values[fact.machine_id]
    heard = values.get("connection_heard") or batch.machine(fact).connection_heard
    if heard and timedelta(0) < heard - fact.received < OVERTAKEN:
        return
    values["connection_heard"] = fact.received
    known = values.get("connection_state") or batch.machine(fact).connection_state
    values["connection_state"] = said
    if said != known:
        values["connection_since"] = fact.received
        batch.outages.append((fact.machine_id, "offline", said == "offline", fact.received))
        batch.noteworthy = True


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


@handles("auth.request")
def asked(_batch, _fact):
    """Somebody was here with a token: answered long before by whoever carries facts."""


@handles("door")
def door(batch, fact):
    """Opened or closed; an older word than the newest one is history only."""
    said = fact.data["state"]
    if said not in ("opened", "closed"):
        raise ValueError(_lt("door is %(said)r, not opened or closed", said=str(said)))
    at, value = fact.moment, float(said == "opened")
    batch.readings.append((fact.machine_id, DOOR, at, value, fact.clock_trusted))
    machine, values = batch.machine(fact), batch.machine_values[fact.machine_id]
    known = values.get("door_epoch", machine.door_epoch), values.get("door_seq", machine.door_seq)
    if fact.position and known[0] and fact.position <= known:
        return
    if said != values.get("door_state", machine.door_state):
        values.update(door_state=said, door_since=fact.moment)
        batch.noteworthy = True
    if fact.position:
        values.update(door_epoch=fact.position[0], door_seq=fact.position[1])


@handles("slot.state")
def slot_state(batch, fact):
    """The machine's own word on a slot; a quantity, where it counts, sets the counter."""
    slot, counter = batch.slot(fact, fact.data["slot"])
    if fact.data["state"] not in ("ok", "empty", "jammed", "disabled"):
        raise ValueError(_lt("slot state %(said)r is not known", said=str(fact.data["state"])))
    counter.report(fact.data["state"], fact.position)
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
    batch.faults.raise_fault(fact)
    batch.noteworthy = True


@handles("fault.cleared")
def fault_cleared(batch, fact):
    batch.faults.clear(fact)
    batch.noteworthy = True
