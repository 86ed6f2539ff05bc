# SPDX-License-Identifier: LGPL-3.0-or-later
"""Service visits in a batch: the first witness is booked, the second one compared."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID, uuid5

from odoo.fields import Domain

from ..core.business_time import business_date
from ..core.facts import BadFact, PhoneCount
from ..core.told import _lt
from ..core.witness import TOGETHER, by_lane

#: visits that only a machine told of get their identity from its message
TOLD_BY_MACHINE = UUID("5d9a4c1e-7c0b-4f0e-9d2c-3d1f2b7a6e10")


def source_of(fact):
    return "phone" if isinstance(fact, PhoneCount) else "machine"


class VisitFold:  # pylint: disable=method-required-super
    """One visit that facts of this batch tell of.

    ``record`` is empty for a visit that we did not know; ``lines`` is what was told first, by slot
    and product, or None where nothing was told yet.
    """

    def __init__(self, batch, uuid, record):
        self.batch, self.uuid, self.record = batch, uuid, record
        self.source = record.restock_source
        self.lines = by_lane(record.line_ids) if self.source else None
        self.told = None  # (fact, rows) to be booked
        self.compared = None
        self.gaps = []

    def tell(self, fact, rows):
        """The first report: it is booked when the batch is written."""
        self.source, self.told = source_of(fact), (fact, rows)
        self.lines = {(row.slot, row.product): row for row in rows}

    def compare(self, fact, rows):
        """The second report moves nothing; the machine's number sharpens the phone's moment."""
        source, gaps = source_of(fact), []
        told = {(row.slot, row.product): row for row in rows}
        for lane in self.lines.keys() | told.keys():
            gaps += self._gaps(lane[0], self.lines.get(lane), told.get(lane))
        if source == "machine" and self.source == "phone":
            self._sharpen(fact, told)
        if source == self.source and not gaps:
            fact.result = "duplicate"
            return
        self.compared = source
        self.gaps += sorted(gaps)

    def _sharpen(self, fact, told):
        """What the phone left in each slot, now known by the number of the device."""
        left, counters = defaultdict(int), {}
        for lane, row in told.items():
            left[row.slot] += self.lines.get(lane, row).after
            counters[row.slot] = row.counter
        for slot, counter in counters.items():
            counter.sharpen(left[slot], fact.position, fact.moment)

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
            self.record._book_restock(
                rows, self.source, fact.moment, self.batch.scraps, fact.clock_trusted
            )
        if self.compared:
            self.record._restock_compared(self.compared, self.gaps)

    def _make(self):
        """A visit that the machine knows of and we do not: it has happened, so it is recorded."""
        fact, _rows = self.told
        machine, region = self.batch.machine(fact), self.batch.region(fact)
        env, staff = self.batch.env, fact.data.get("by")
        self.record = self.record.create(
            {
                "uuid": self.uuid,
                "machine_id": machine.id,
                "region_id": region.id,
                "date": business_date(fact.moment, region.tz),
                "user_id": False,
                "reason": env._("Reported by the machine; staff: %s", staff)
                if staff
                else env._("Reported by the machine"),
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
        domain |= _perhaps(batch, silent)
    visits = Visit.search(domain, order="started_at desc, id desc")
    visits.lock_for_update()
    folds = {visit.uuid: VisitFold(batch, visit.uuid, visit) for visit in visits}
    for uuid in uuids - folds.keys():
        folds[uuid] = VisitFold(batch, uuid, Visit)
    return folds


def _perhaps(batch, facts):
    """Domain of the visits of which machines may speak that name none."""
    moments = [fact.moment for fact in facts]
    days = {business_date(fact.moment, batch.region(fact).tz) for fact in facts}
    begun = Domain(
        [
            ("state", "in", ("started", "done")),
            ("started_at", "<=", max(moments) + TOGETHER),
            "|",
            ("done_at", "=", False),
            ("done_at", ">=", min(moments) - TOGETHER),
        ]
    )
    planned = Domain([("state", "=", "planned"), ("date", "in", list(days))])
    return Domain("machine_id", "in", [fact.machine_id for fact in facts]) & (begun | planned)


def visit_of(batch, fact):
    """The fold of the visit that a fact belongs to, or None.

    A machine that names no visit is taken to speak of the one under way at about that moment, so
    that the phone's report of the same bottles does not move them again. Where there is none, the
    visit is recorded as the machine tells it, and the phone may still turn up and claim it.
    """
    uuid = fact.data.get("visit_id")
    if not uuid:
        return _under_way(batch, fact) or _new_visit(batch, fact)
    fold = batch.visits.get(uuid)
    if not fold:
        raise BadFact(_lt("visit_id %(uuid)r is no UUID in lower case", uuid=str(uuid)))
    visit = fold.record
    if visit and visit.machine_id.id != fact.machine_id:
        raise BadFact(_lt("visit %(uuid)s is one of another machine", uuid=uuid))
    return None if visit.state == "cancelled" else fold


def _under_way(batch, fact):
    """The visit under way at about that moment, or else planned for that day."""
    day = business_date(fact.moment, batch.region(fact).tz)
    found = [
        (distance, fold.record.sequence, fold.record.id, fold)
        for fold in batch.visits.values()
        if fold.record.machine_id.id == fact.machine_id
        and "machine" not in (fold.source, fold.record.compared_source, fold.compared)
        and (distance := _distance(fold.record, fact.moment, day)) <= TOGETHER
    ]
    return min(found)[-1] if found else None


def _distance(visit, moment, day):
    """How far a moment lies outside a visit; that of a planned one is the furthest that counts."""
    if visit.state == "planned":
        return TOGETHER if visit.date == day else timedelta.max
    if not visit.started_at or visit.state == "cancelled":
        return timedelta.max
    after = moment - visit.done_at if visit.done_at else timedelta(0)
    return max(visit.started_at - moment, after, timedelta(0))


def _new_visit(batch, fact):
    """A visit of which only the machine has told, known again by the identity of its message."""
    if isinstance(fact, PhoneCount):
        return None
    name = f"{fact.machine_id}/{fact.position or fact.reference or fact.moment}"
    uuid = str(uuid5(TOLD_BY_MACHINE, name))
    if uuid not in batch.visits:
        batch.visits[uuid] = VisitFold(batch, uuid, batch.env["wine.visit"])
    return batch.visits[uuid]
