# SPDX-License-Identifier: LGPL-3.0-or-later
"""Faults of a batch: read once, folded in the device's own order, written once."""

from dataclasses import dataclass
from datetime import datetime

#: a machine that raises more faults at once than this has one more: that there are too many
MOST_RAISED = 50
TOO_MANY = "too_many_faults"
SEVERITIES = ("info", "warning", "critical")
CODE_LENGTH, TEXT_LENGTH = 64, 300


@dataclass(slots=True)
class FaultFold:
    """One fault (machine, code, slot) as far as the batch knows it.

    ``position`` is that of the newest word on it, so that a raising which arrives after its own
    clearing raises nothing.
    """

    machine_id: int
    code: str
    slot: str
    record: object = None
    active: bool = False
    severity: str = "warning"
    text: str | None = None
    raised_at: datetime | None = None
    cleared_at: datetime | None = None
    times: int = 0
    position: tuple | None = None
    changed: bool = False

    def heard(self, position):
        """Whether this word is newer than what is known; remembers it."""
        if position and self.position and position <= self.position:
            return False
        self.position = position or self.position
        self.changed = True
        return True


class FaultBook:
    """The faults of the machines that speak of faults in this batch."""

    def __init__(self, env, machines, facts):
        self.env = env
        speakers = {
            fact.machine_id
            for fact in facts
            if fact.type in ("fault.raised", "fault.cleared") and fact.machine_id in machines
        }
        self.folds = {}
        self.raised = dict.fromkeys(speakers, 0)
        self.critical = {machine_id: set() for machine_id in speakers}
        self.outages = []  # words for wine.machine.outage._switch
        if speakers:
            self._load(speakers)

    def _load(self, speakers):
        Fault = self.env["wine.machine.fault"].with_context(active_test=False)
        for fault in Fault.search([("machine_id", "in", sorted(speakers))]):
            fold = FaultFold(
                fault.machine_id.id,
                fault.code,
                fault.slot_code or "",
                record=fault,
                active=fault.active,
                severity=fault.severity,
                text=fault.text,
                raised_at=fault.raised_at,
                cleared_at=fault.cleared_at or None,
                times=fault.times,
                position=fault._position(),
            )
            self.folds[fold.machine_id, fold.code, fold.slot] = fold
            self.raised[fold.machine_id] += fold.active
            if fold.active and fold.severity == "critical":
                self.critical[fold.machine_id].add((fold.code, fold.slot))

    def _weigh(self, fold, moment):
        """A machine with its first critical fault goes out of service, with its last one back."""
        grave = self.critical[fold.machine_id]
        before = bool(grave)
        key = fold.code, fold.slot
        if fold.active and fold.severity == "critical":
            grave.add(key)
        else:
            grave.discard(key)
        if bool(grave) != before:
            self.outages.append((fold.machine_id, "fault", bool(grave), moment))

    def raise_fault(self, fact):
        """A fault, once until it is cleared; too many at once are one."""
        fold = self._fold(fact.machine_id, fact.data["code"], fact.data.get("slot"))
        if not fold.active and self.raised[fact.machine_id] >= MOST_RAISED:
            fold = self._fold(fact.machine_id, TOO_MANY, None)
        if not fold.heard(fact.position):
            return
        severity = fact.data.get("severity")
        fold.severity = severity if severity in SEVERITIES else "warning"
        text = fact.data.get("text")
        fold.text = str(text)[:TEXT_LENGTH] if text else None
        if not fold.active:
            fold.active, fold.raised_at, fold.cleared_at = True, fact.moment, None
            fold.times += 1
            self.raised[fact.machine_id] += 1
        self._weigh(fold, fact.moment)

    def clear(self, fact):
        """The fault is gone; with fewer than half of what is too many, so is that."""
        fold = self._fold(fact.machine_id, fact.data["code"], fact.data.get("slot"))
        if fold.heard(fact.position):
            self._drop(fold, fact.moment)
        many = self.folds.get((fact.machine_id, TOO_MANY, ""))
        if many and many.active and self.raised[fact.machine_id] <= MOST_RAISED // 2:
            many.changed = True
            self._drop(many, fact.moment)

    def _drop(self, fold, moment):
        if fold.active:
            fold.active, fold.cleared_at = False, max(moment, fold.raised_at)
            self.raised[fold.machine_id] -= 1
            self._weigh(fold, moment)
        elif fold.raised_at is None:
            fold.raised_at = fold.cleared_at = moment

    def _fold(self, machine_id, code, slot):
        key = machine_id, str(code)[:CODE_LENGTH], str(slot or "")[:CODE_LENGTH]
        if key not in self.folds:
            self.folds[key] = FaultFold(*key)
        return self.folds[key]

    def save(self):
        """Create what is new, write what has changed."""
        changed = [fold for fold in self.folds.values() if fold.changed]
        Fault = self.env["wine.machine.fault"].sudo()
        for fold in changed:
            if fold.record:
                fold.record.sudo().write(_values(fold))
        Fault.create([_identity(fold) | _values(fold) for fold in changed if not fold.record])


def _identity(fold):
    return {"machine_id": fold.machine_id, "code": fold.code, "slot_code": fold.slot or False}


def _values(fold):
    epoch, seq = fold.position or (0, 0)
    return {
        "active": fold.active,
        "severity": fold.severity,
        "text": fold.text,
        "raised_at": fold.raised_at,
        "cleared_at": fold.cleared_at,
        "times": fold.times,
        "device_epoch": epoch,
        "device_seq": seq,
    }
