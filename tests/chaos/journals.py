# SPDX-License-Identifier: LGPL-3.0-or-later
"""The devices' end of the count: what their journals say ever happened."""

import json
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from fleet.journal import Journal, scan
from fleet.state import State

HISTORY = ".history"


@dataclass(frozen=True)
class Sold:
    """One vend as its machine journalled it: cents that it kept, and bottles.

    Neither where nothing came out, or where a power cut left nobody to know: that is a case.
    """

    event: str
    machine: str
    cents: int
    qty: int


@dataclass
class Told:
    """What devices journalled since `begin`: by event id, by vend id, by (machine, slot)."""

    events: dict = field(default_factory=dict)  # id → (machine, type)
    pending: set = field(default_factory=set)  # ids that are not acknowledged yet
    destroyed: set = field(default_factory=set)  # ids that went with the board they were on
    sales: dict = field(default_factory=dict)  # vend id → Sold; no cents where none was kept
    turns: Counter = field(default_factory=Counter)  # vend id → how often it was delivered
    asked: dict = field(default_factory=dict)  # vend id → machine, of payments at the platform
    gone: Counter = field(default_factory=Counter)  # machine → bottles that nobody heard of
    slots: dict = field(default_factory=dict)  # (machine, slot) → bottles


class KeptJournal(Journal):
    """A journal that forgets nothing: what is compacted away is kept beside it for the count."""

    def compact(self, record):
        """Put the old lines aside before one record takes their place."""
        with open(self.path.with_suffix(HISTORY), "ab") as kept:
            kept.write(self.path.read_bytes())
        super().compact(record)


def begin(folder):
    """From here on it is counted; False where an earlier event is not acknowledged yet."""
    settled = True
    for path in Path(folder).glob("*.journal"):
        journal, state = Journal(path), State()
        for record in journal.open():
            state.apply(record)
        settled = settled and not state.pending
        state.sold = {}
        journal.compact(state.snapshot())
        journal.close()
        path.with_suffix(HISTORY).unlink(missing_ok=True)
    return settled


def read(folder):
    """All journals of a folder as one `Told`."""
    told = Told()
    for path in sorted(Path(folder).glob("*.journal")):
        machine = path.stem
        for record in _records(path.with_suffix(HISTORY)):
            _note(told, machine, record)
        state = State()
        for record in _records(path):
            state.apply(record)
            _note(told, machine, record)
        told.pending |= {json.loads(text)["id"] for text in state.pending.values()}
        told.slots |= {(machine, code): slot["qty"] for code, slot in state.slots.items()}
    return told


def _records(path):
    return scan(path.read_bytes(), path.name)[0] if path.exists() else []


def _note(told, machine, record):
    for event in record.get("evt", ()):
        told.events[event["id"]] = (machine, event["type"])
        if event["type"] == "vend.local":
            told.sales[event["data"]["vend_id"]] = _sold(event["id"], machine, event["data"])
        elif event["type"] == "vend.rejected":
            told.sales.setdefault(event["data"]["vend_id"], Sold(event["id"], machine, 0, 0))
    results = {event["data"].get("vend_id"): event["id"] for event in record.get("evt", ())}
    for entry in record.get("sold", ()):
        told.turns[entry["vend_id"]] += 1
        if entry["origin"] == "platform":
            told.sales[entry["vend_id"]] = _delivered(results[entry["vend_id"]], machine, entry)


def _delivered(event, machine, entry):
    """A vend of the platform: its result says no price, the machine's report does."""
    if entry["outcome"] in ("success", "partial"):
        return Sold(event, machine, _cents(entry), entry["qty"])
    return Sold(event, machine, 0, 0)


def _cents(data):
    return int(Decimal(data["price"]) * 100) * data["qty"]


def _sold(event, machine, data):
    if data["outcome"] in ("success", "partial"):
        return Sold(event, machine, _cents(data), data["qty"])
    kept_nothing = data["outcome"] == "failed" and data.get("refunded")
    assert kept_nothing or data["outcome"] == "unknown", f"not counted here: {data}"
    return Sold(event, machine, 0, 0)
