# SPDX-License-Identifier: LGPL-3.0-or-later
"""Service visits in a batch: the first witness is booked, the second one compared."""

from uuid import UUID

from odoo.fields import Domain

from ..core.business_time import business_date
from ..core.facts import BadFact, PhoneCount


def source_of(fact):
    return "phone" if isinstance(fact, PhoneCount) else "machine"


class VisitFold:  # pylint: disable=method-required-super
    """One visit that facts of this batch tell of.

    ``record`` is empty for a visit that we did not know; ``lines`` is what was told first, by slot,
    or None where nothing was told yet.
    """

    def __init__(self, batch, uuid, record):
        self.batch, self.uuid, self.record = batch, uuid, record
        self.source = record.restock_source
        self.lines = {line.slot_id: line for line in record.line_ids} if self.source else None
        self.told = None  # (fact, rows) to be booked
        self.compared = None
        self.gaps = []

    def tell(self, fact, rows):
        """The first report: it is booked when the batch is written."""
        if len({row.slot for row in rows}) != len(rows):
            raise BadFact("a slot stands twice in the rows of one visit")
        self.source, self.told = source_of(fact), (fact, rows)
        self.lines = {row.slot: row for row in rows}

    def compare(self, fact, rows):
        """The second report moves nothing; the machine's number sharpens the phone's moment."""
        source, gaps = source_of(fact), []
        told = {row.slot: row for row in rows}
        for slot in self.lines.keys() | told.keys():
            gaps += self._gaps(slot, self.lines.get(slot), told.get(slot))
        if source == "machine" and self.source == "phone":
            for slot, row in told.items():
                first = self.lines.get(slot)
                after = first.after if first else row.after
                row.counter.sharpen(after, fact.position, fact.moment)
        if source == self.source and not gaps:
            fact.result = "duplicate"
            return
        self.compared = source
        self.gaps += sorted(gaps)

    def _gaps(self, slot, first, second):
        """Texts of what the two reports say differently of one slot."""
        one = (first.filled, first.removed, first.bad) if first else (0, 0, 0)
        two = second.moved if second else (0, 0, 0)
        counted = first and second and second.before is not None
        if one == two and not (counted and first.after != second.after):
            return []
        return [f"{slot.code}: {_sum(first)} / {_sum(second)}"]

    def book(self):
        """Book what was told, and ask a person about what does not agree."""
        if not self.told and not self.compared:
            return
        if not self.record:
            self._make()
        if self.told:
            fact, rows = self.told
            self.record._book_restock(rows, self.source, fact.moment, self.batch.scraps)
        if self.compared:
            self.record._restock_compared(self.compared, self.gaps)

    def _make(self):
        """A visit that the machine knows of and we do not: it has happened, so it is recorded."""
        fact, _rows = self.told
        machine, region = self.batch.machine(fact), self.batch.region(fact)
        self.record = self.record.create(
            {
                "uuid": self.uuid,
                "machine_id": machine.id,
                "region_id": region.id,
                "date": business_date(fact.moment, region.tz),
                "user_id": False,
                "reason": self.batch.env._(
                    "Reported by the machine; staff: %s", fact.data.get("by") or "?"
                ),
            }
        )


def _sum(row):
    """The numbers of a slot in every language: found + filled − taken out − bad = now."""
    if not row:
        return "–"
    before = "?" if row.before is None else row.before
    return f"{before} + {row.filled} − {row.removed} − {row.bad} = {row.after}"


def _is_uuid(value):
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def load_visits(batch):
    """{uuid: VisitFold} of the visits that facts name or that were under way at their moment."""
    facts = [fact for fact in batch.facts if fact.type == "restock.done"]
    if not facts:
        return {}
    Visit = batch.env["wine.visit"]
    named = {fact.data.get("visit_id") for fact in facts}
    uuids = {uuid for uuid in named if _is_uuid(uuid)}
    domain = Domain("uuid", "in", list(uuids))
    silent = [fact for fact in facts if not fact.data.get("visit_id")]
    if silent:
        domain |= Domain(
            [
                ("machine_id", "in", [fact.machine_id for fact in silent]),
                ("state", "in", ("started", "done")),
                ("started_at", "<=", max(fact.moment for fact in silent)),
                "|",
                ("done_at", "=", False),
                ("done_at", ">=", min(fact.moment for fact in silent)),
            ]
        )
    visits = Visit.search(domain, order="started_at desc, id desc")
    visits.lock_for_update()
    folds = {visit.uuid: VisitFold(batch, visit.uuid, visit) for visit in visits}
    for uuid in uuids - folds.keys():
        folds[uuid] = VisitFold(batch, uuid, Visit)
    return folds


def visit_of(batch, fact):
    """The fold of the visit that a fact belongs to, or None.

    A machine that names no visit is taken to speak of the one under way at that moment, so that
    the phone's report of the same bottles does not move them again; a further report of the same
    machine is one more filling.
    """
    uuid = fact.data.get("visit_id")
    if uuid:
        fold = batch.visits.get(uuid)
        if not fold:
            raise BadFact(f"visit_id {uuid!r} is no UUID in lower case")
        visit = fold.record
        if visit and visit.machine_id.id != fact.machine_id:
            raise BadFact(f"visit {uuid} is one of another machine")
        return None if visit.state == "cancelled" else fold
    for fold in batch.visits.values():
        visit = fold.record
        if (
            visit.machine_id.id == fact.machine_id
            and visit.started_at
            and visit.started_at <= fact.moment
            and visit.state in ("started", "done")
            and (not visit.done_at or visit.done_at >= fact.moment)
            and fold.source != "machine"
            and fold.record.compared_source != "machine"
            and fold.compared != "machine"
        ):
            return fold
    return None
