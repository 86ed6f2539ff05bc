# SPDX-License-Identifier: LGPL-3.0-or-later
"""How a folded batch reaches the database, and who is told."""

from collections import Counter

from odoo.tools import SQL

from ..bulk import bulk_create
from ..core.told import _lt
from ..models.wine_vend_order import Posting

#: facts after which no screen looks different
QUIET = ("telemetry", "test.vend", "counter.snapshot")
#: cases that cost a machine nothing to make, and how many of each kind it has open one by one
LOOSE, SINGLY = ("orphan", "message"), 100


def write_vends(batch):
    """Create new vends in one go, write changed ones."""
    Vend = batch.env["wine.vend"]
    new = [fold for fold in batch.vends.values() if fold.record is None]
    names = Vend._next_names(len(new)) if new else []
    blank = dict.fromkeys(set().union(*(fold.values for fold in new)), False)
    values = [
        {**blank, **fold.values, "uuid": fold.uuid, "name": name}
        for fold, name in zip(new, names, strict=True)
    ]
    for fold, record in zip(new, bulk_create(Vend, values), strict=True):
        fold.record = record
        fold.values = {}
    changed = [fold for fold in batch.vends.values() if fold.values]
    batch.settled = [
        fold.record
        for fold in changed
        if fold.record.state == "unknown" and fold.state != "unknown"
    ]
    for fold in changed:
        fold.record._write_flow(fold.values)
    Vend.union(*(fold.record for fold in (*new, *changed)))._mark_report()


def write_orders(batch):
    """Sales first, for refunds name the lines that they reverse."""
    Vend = batch.env["wine.vend"]
    sales = [
        fold.record._sale_posting()
        if undelivered is None
        else fold.record._held_money_postings(undelivered)
        for fold, undelivered in batch.sales
    ]
    orders = Vend._post(sales)
    by_vend = {order.wine_vend_id: order for order in orders}
    Vend._post(
        [
            Posting(
                fold.record,
                -units,
                fold.record.price,
                fold.record._refund_kind(),
                goods=False,
                reverses=by_vend[fold.record],
            )
            for fold, units in batch.refunds
        ]
    )
    captured = Vend.union(*(fold.record for fold, _undelivered in batch.sales))
    captured.filtered(lambda vend: vend.origin == "platform")._capture_payment()
    for fold, _units in batch.refunds:
        fold.record._refund_payment(fold.record.amount_refunded)
    if batch.voids:
        Vend.union(*(fold.record for fold in batch.voids))._void_payment()


def write_counters(batch):
    """All changed slots in one statement."""
    rows = [
        (
            counter.slot_id,
            counter.qty,
            counter.state,
            *(counter.counted or (0, 0)),
            counter.counted_at,
            counter.by_moment,
            *(counter.said or (0, 0)),
        )
        for counter in batch.counters.values()
        if counter.changed
    ]
    if not rows:
        return
    Slot = batch.env["wine.machine.slot"]
    written = ["qty", "state", "counted_epoch", "counted_seq", "counted_at", "counted_by_moment"]
    written += ["said_epoch", "said_seq"]
    Slot.flush_model(written)
    batch.env.cr.execute(
        SQL(
            """UPDATE wine_machine_slot slot SET qty = new.qty, state = new.state,
                      counted_epoch = new.epoch, counted_seq = new.seq,
                      counted_at = new.counted_at, counted_by_moment = new.by_moment,
                      said_epoch = new.said_epoch, said_seq = new.said_seq
                 FROM (VALUES %s) AS new (id, qty, state, epoch, seq, counted_at, by_moment,
                                          said_epoch, said_seq)
                WHERE slot.id = new.id""",
            SQL(", ").join(
                SQL(
                    "(%s::int, %s::int, %s::varchar, %s::int, %s::numeric, %s::timestamp, "
                    "%s::boolean, %s::int, %s::numeric)",
                    *row,
                )
                for row in rows
            ),
        )
    )
    Slot.browse([row[0] for row in rows]).invalidate_recordset([*written, *Slot._following_qty()])
    turns = [(slot, counter.turns) for slot, counter in batch.counters.items() if counter.turns]
    if turns:
        batch.env["wine.slot.stockout"]._record_turns(turns)


def write_stock(batch):
    """Goods that field staff put into machines, took out, or found bad."""
    Picking = batch.env["stock.picking"]
    for (machine, region, inwards), quantities in batch.pickings.items():
        warehouse = region.warehouse_id
        source, target = warehouse.lot_stock_id, machine.location_id
        if not inwards:
            source, target = target, source
        Picking._wine_make_done(
            warehouse.int_type_id, source, target, quantities, origin=machine.name
        )
    if batch.scraps:
        batch.env["stock.scrap"]._wine_scrap(batch.scraps)


def write_visits(batch):
    """Visits that somebody told of; sales that a count had seen already explain what it missed."""
    for fold in batch.visits.values():
        fold.book()
    late = {slot: counter.late for slot, counter in batch.counters.items() if counter.late and slot}
    if late:
        batch.env["wine.visit.line"]._explain(late)


def write_machines(batch):
    """What machines said of themselves; no tracking, this is telemetry and not an edit."""
    for machine_id, values in batch.machine_values.items():
        if machine_id in batch.machines:
            batch.machines[machine_id].with_context(tracking_disable=True).write(values)


def write_cases(batch):
    """Open the cases, tied to their vends now that these exist."""
    for fold, values in batch.cases:
        if fold is not None:
            values["vend_id"] = fold.record.id
    _gather(batch.env, [values for fold, values in batch.cases if fold is None])
    Case = batch.env["wine.case"]
    Case._open_cases([values for _fold, values in batch.cases])
    if batch.settled:
        asked = [("kind", "=", "unknown"), ("state", "=", "open")]
        ids = [vend.id for vend in batch.settled]
        Case.sudo().search([*asked, ("vend_id", "in", ids)])._close_settled()


def _gather(env, cases):
    """Of what a machine says without sense, so much is told singly; the rest is one more case.

    No vend and no money hangs on these, and all of it stands among the machine's messages.
    """
    loose = [values for values in cases if values["kind"] in LOOSE and values["machine_id"]]
    if not loose:
        return
    machines = list({values["machine_id"] for values in loose})
    told = Counter()
    for machine, kind, count in (
        env["wine.case"]
        .sudo()
        ._read_group(
            [("state", "=", "open"), ("machine_id", "in", machines), ("kind", "in", LOOSE)],
            ["machine_id", "kind"],
            ["__count"],
        )
    ):
        told[machine.id, kind] = count
    for values in loose:
        key = values["machine_id"], values["kind"]
        told[key] += 1
        if told[key] > SINGLY:
            values["reference"] = f"many-{values['kind']}-{values['machine_id']}"
            values["text"] = _lt(
                "The machine goes on so: there are more than %(count)s cases of this kind, and no "
                "more are opened until some are closed. Its messages have all of them. Its device, "
                "or somebody who has its credential, does not keep to the protocol.",
                count=SINGLY,
            )


def write_collections(batch):
    """Book the collections of the batch, after its sales."""
    if not batch.collections:
        return
    env = batch.env
    visits = env["wine.visit"].search(
        [("uuid", "in", [vals["visit"] for vals in batch.collections if vals["visit"]])]
    )
    by_uuid = {(visit.machine_id.id, visit.uuid): visit.id for visit in visits}
    names = list({vals["collector"] for vals in batch.collections} - {""})
    users = {user.login: user.id for user in env["res.users"].search([("login", "in", names)])}
    for vals in batch.collections:
        vals["visit_id"] = by_uuid.get((vals["machine_id"], vals.pop("visit")))
        vals["user_id"] = users.get(vals["collector"])
    env["wine.cash.collection"]._take(batch.collections)


def announce(batch):
    """Tell open screens which machines changed; readings alone are no news to them."""
    news = {}
    for fact in batch.facts:
        if fact.result == "done" and fact.type not in QUIET:
            kind = "sales" if fact.type.startswith("vend.") else "state"
            news.setdefault(kind, set()).add(fact.machine_id)
    for kind, ids in news.items():
        batch.env["wine.machine"].browse(ids)._announce(kind)


def write_counter_readings(batch):
    """Keep counters; they are compared with the sales by a scheduled action, at once after."""
    if batch.counter_readings:
        batch.env["wine.counter.snapshot"]._take(batch.counter_readings, compare=False)


def mark_stale(batch):
    """Vends that lie before a reading of their machine: it will be compared again."""
    for fold in batch.vends.values():
        machine = batch.machines.get(fold.get("machine_id") if not fold.record else 0)
        machine = machine or (fold.record and fold.record.machine_id)
        if fold.values.get("qty_done") and machine and machine.counter_read_at:
            if fold.get("moment") <= machine.counter_read_at:
                batch.machine_values[machine.id]["counter_stale"] = True
