# SPDX-License-Identifier: LGPL-3.0-or-later
"""The batch: what its facts need is read once, what they change is written once."""

from collections import defaultdict

from odoo.tools import SQL

from ..core.business_time import business_date
from ..core.facts import BadFact, PhoneCount
from ..core.placement import placement_at
from ..core.shadow_order import is_news, said_at
from ..core.slot_counter import SlotCounter
from ..core.told import _lt, told_of
from ..core.vend_fold import VendFold
from . import planogram, watching, writing
from .faults import FaultBook
from .visits import load_visits, visit_of

#: no machine counts further; more is a misread number
MOST = 1_000_000
#: type of fact → function(batch, fact)
HANDLERS = {}


def handles(*types):
    """Register a function as the handler of these types of facts."""

    def register(function):
        HANDLERS.update(dict.fromkeys(types, function))
        return function

    return register


def is_count(value):
    """Whether a value is a plain number of things that a database column holds."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def position(fact):
    """Where the device puts a fact among the others, as fields of a vend."""
    epoch, seq = fact.position or (0, 0)
    return {"device_epoch": epoch, "device_seq": seq}


class Batch:
    """Facts of many machines, each machine's in its own order, folded in memory and flushed once.

    A fact that cannot be used (:class:`BadFact`) changes nothing and is reported in its ``result``;
    the others go on. Nothing is queried per fact.
    """

    def __init__(self, env, facts):
        self.env = env
        self.facts = facts
        self.machines = {
            machine.id: machine
            for machine in env["wine.machine"].browse({fact.machine_id for fact in facts}).exists()
        }
        self.stays = self._load_stays()
        self.vends = self._load_vends()
        self.slots, self.counters = self._load_slots()
        self.visits = load_visits(self)
        self.products = self._load_products()
        self.prices = self._load_prices()
        self.sales = []  # (fold, undelivered or None)
        self.refunds = []  # (fold, units, reverses the sale of this batch)
        self.cases = []
        self.pickings = defaultdict(lambda: defaultdict(float))
        self.scraps = []
        self.collections = []
        self.counter_readings = []
        self.voids = []
        self.settled = []  # vends whose outcome a person was asked for, and the machine told
        self.machine_values = defaultdict(dict)
        self.faults = FaultBook(env, self.machines, facts)
        self.outages = []  # (machine id, kind, whether it begins, moment)
        self.readings = []  # rows of wine.machine._take_readings
        self.noteworthy = False  # something that may raise or close an alert
        self.applied = {}  # (machine id, version) → when it was first reported in this batch

    # === READING, ONCE === #

    def _data(self, key):
        return {fact.data[key] for fact in self.facts if isinstance(fact.data.get(key), str)}

    def _restocked(self, key):
        return {
            row[key]
            for fact in self.facts
            if isinstance(fact.data.get("slots"), list)
            for row in fact.data["slots"]
            if isinstance(row, dict) and isinstance(row.get(key), str)
        }

    def _load_stays(self):
        """Where machines stood that have moved since something in this batch happened."""
        moved = {
            fact.machine_id
            for fact in self.facts
            if fact.machine_id in self.machines and self._is_before_move(fact)
        }
        return self.env["wine.machine.placement"]._stays(moved) if moved else {}

    def _is_before_move(self, fact):
        moved_at = self.machines[fact.machine_id].moved_at
        return bool(moved_at) and fact.moment < moved_at

    def _load_vends(self):
        records = self.env["wine.vend"].search([("uuid", "in", list(self._data("vend_id")))])
        return {vend.uuid: VendFold(vend.uuid, vend.state, vend) for vend in records}

    def _load_slots(self):
        codes = self._data("slot") | self._restocked("slot")
        codes |= {fold.record.slot_code for fold in self.vends.values() if fold.record.slot_code}
        slots = self.env["wine.machine.slot"].search(
            [("machine_id", "in", list(self.machines)), ("code", "in", list(codes))]
        )
        by_code = {(slot.machine_id.id, slot.code): slot for slot in slots}
        counters = {
            slot: SlotCounter(
                slot.id,
                slot.qty,
                slot.state,
                slot._position(),
                counted_at=slot.counted_at or None,
                by_moment=slot.counted_by_moment,
                said=slot._said(),
            )
            for slot in slots
        }
        self._load_sales(counters)
        return by_code, counters

    def _load_sales(self, counters):
        """Give the counters the sales that a late count in this batch may lie before."""
        counts = [fact for fact in self.facts if fact.type in ("restock.done", "slot.state")]
        positions = [fact.position for fact in counts if fact.position]
        moments = [fact.moment for fact in counts if isinstance(fact, PhoneCount)]
        if not (positions or moments) or not counters:
            return
        since = [SQL("(device_epoch, device_seq) > %s", min(positions))] if positions else []
        since += [SQL("moment > %s", min(moments))] if moments else []
        self.env["wine.vend"].flush_model()
        by_id = {slot.id: counter for slot, counter in counters.items()}
        for slot_id, epoch, seq, qty, moment in self.env.execute_query(
            SQL(
                """SELECT slot_id, device_epoch, device_seq, qty_done, moment FROM wine_vend
                    WHERE slot_id IN %s AND (%s) AND qty_done > 0""",
                tuple(by_id),
                SQL(" OR ").join(since),
            )
        ):
            at = (epoch, int(seq)) if epoch else None
            by_id[slot_id].sales.append((at, qty, moment))

    def _load_products(self):
        skus = list(self._data("sku") | self._restocked("sku"))
        found = (
            self.env["product.product"]
            .with_context(active_test=False)
            .search([("default_code", "in", skus)], order="active, id desc")
        )
        return {product.default_code: product for product in found}

    def _load_prices(self):
        """{(slot id, version): (price, product id)} of the versions that the facts name."""
        versions = {
            fact.data["price_version"]
            for fact in self.facts
            if is_count(fact.data.get("price_version"))
        }
        slot_ids = [slot.id for slot in self.slots.values()]
        if not versions or not slot_ids:
            return {}
        self.env["wine.planogram.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT line.slot_id, planogram.version, line.price, line.product_id
                     FROM wine_planogram_line line
                     JOIN wine_planogram planogram ON planogram.id = line.planogram_id
                    WHERE line.slot_id IN %s AND planogram.version IN %s""",
                tuple(slot_ids),
                tuple(versions),
            )
        )
        return {(slot, version): (float(price), product) for slot, version, price, product in rows}

    # === FOLDING === #

    def run(self):
        """Fold every fact, then write."""
        for fact in self.facts:
            handler = HANDLERS.get(fact.type)
            if not handler:
                fact.result = "unhandled"
                continue
            try:
                self._handle(handler, fact)
            except BadFact as error:
                self._refuse(fact, told_of(error))
        self.flush()

    def take(self, fact):
        """Take one fact in, for somebody who waits for the answer.

        :raise BadFact: it cannot be used; nothing was changed
        """
        self._handle(HANDLERS[fact.type], fact)
        self.flush()

    def _handle(self, handler, fact):
        if fact.machine_id not in self.machines:
            raise BadFact(_lt("the machine is no longer known here"))
        try:
            handler(self, fact)
        except KeyError as error:
            raise BadFact(_lt("the field %(field)s is missing", field=str(error))) from error
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise BadFact(_lt("a field cannot be read: %(why)s", why=told_of(error))) from error
        fact.result = fact.result or "done"
        if isinstance(fact, PhoneCount):
            return
        seen = self.machine_values[fact.machine_id]
        seen["last_seen"] = max(seen.get("last_seen", fact.received), fact.received)

    def _refuse(self, fact, text):
        fact.result = f"failed: {text}"
        self.case(
            "message",
            fact,
            _lt(
                "The machine reported %(type)s and it could not be used: %(text)s.",
                type=fact.type,
                text=text,
            ),
            reference=fact.reference or None,
        )

    def report(self, fact, version, errors):
        """The machine says which planogram version it has applied, and what is wrong with slots.

        An old report that arrives late says only that the version was applied once.
        """
        at = said_at(fact.moment, fact.received)
        first = self.applied.get((fact.machine_id, version), at)
        self.applied[fact.machine_id, version] = min(first, at)
        known, machine = self.machine_values[fact.machine_id], self.machine(fact)
        known_version = known.get("reported_version", machine.reported_version)
        known_at = known.get("reported_at", machine.reported_at) or None
        if not is_news(version, at, known_version, known_at):
            return
        if version != known_version:  # what follows from it is not worked out for nothing
            known["reported_version"] = version
        known.update(
            reported_at=at,
            reported_errors=errors,
            reported_sha256=str(fact.data.get("sha256") or "")[:64],
        )

    def machine(self, fact):
        return self.machines[fact.machine_id]

    def region(self, fact):
        """The region in which the machine stood when it happened."""
        stay = self._stay(fact)
        return (
            self.env["wine.region"].browse(stay.region_id) if stay else self._machine_region(fact)
        )

    def _machine_region(self, fact):
        machine = self.machines.get(fact.machine_id)
        return machine.region_id if machine else self.env["wine.region"]

    def site(self, fact):
        """The site at which the machine stood when it happened."""
        stay = self._stay(fact)
        return self.env["wine.site"].browse(stay.site_id) if stay else self.machine(fact).site_id

    def _stay(self, fact):
        stays = self.stays.get(fact.machine_id)
        return placement_at(stays, fact.moment) if stays else None

    def slot(self, fact, code):
        """Slot record (empty where the machine has none of this code) and its counter."""
        slot = self.slots.get((fact.machine_id, code), self.env["wine.machine.slot"])
        counter = self.counters.get(slot) or SlotCounter(0, 0, "ok")
        counter.at = fact.moment
        return slot, counter

    def visit(self, fact):
        """The fold of the service visit that a fact tells of, or None."""
        return visit_of(self, fact)

    def order(self, fact):
        """(position, moment, by moment) that put a count among the other facts of its slot."""
        by_moment = isinstance(fact, PhoneCount)
        return fact.position, fact.moment if by_moment or fact.clock_trusted else None, by_moment

    def business_date(self, fact):
        return business_date(fact.moment, self.region(fact).tz)

    def case(self, kind, fact, text, *, fold=None, reference=None, amount=0):
        """Remember a case; opened at the end, once per kind and reference.

        :param text: plain, or a sentence (``_lt`` of ``core/told``) to be translated for its reader
        """
        machine = self.machines.get(fact.machine_id)
        region = self.region(fact)
        self.cases.append(
            (
                fold,
                {
                    "kind": kind,
                    "machine_id": machine.id if machine else False,
                    "region_id": region.id,
                    "currency_id": region.currency_id.id,
                    "reference": reference or (fold.uuid if fold else None),
                    "text": text,
                    "amount": amount,
                },
            )
        )

    def contradiction(self, fact, fold):
        """The machine tells another outcome than before: the first one stands, a person looks."""
        text = _lt(
            "The machine reports vend %(vend)s again with another outcome: %(new)s, before it was "
            "%(old)s. The first report stays in the books.",
            vend=fold.uuid,
            new=fact.data["outcome"],
            old=fold.get("outcome"),
        )
        self.case("conflict", fact, text, fold=fold)

    # === WRITING, ONCE === #

    def flush(self):
        """Write what the facts changed, kind by kind."""
        differing = planogram.machines_to_compare(self)
        writing.mark_stale(self)
        writing.write_vends(self)
        writing.write_orders(self)
        writing.write_counters(self)
        writing.write_visits(self)
        writing.write_stock(self)
        writing.write_machines(self)
        watching.write_faults(self)
        watching.write_outages(self)
        watching.write_readings(self)
        writing.write_collections(self)
        writing.write_counter_readings(self)
        planogram.write_applied(self)
        differing._refresh_reported()
        writing.write_cases(self)
        writing.announce(self)
