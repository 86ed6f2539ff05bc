# SPDX-License-Identifier: LGPL-3.0-or-later
"""The platform's end of the count: plain SQL on what was stored and booked since a mark."""

from tests.chaos.count import Held

TABLES = ("wine_bridge_event", "wine_vend", "pos_order", "pos_payment", "wine_share_entry")


def mark(cr):
    """Where the tables end now."""
    found = {}
    for table in TABLES:
        cr.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608 - names of this file
        found[table] = cr.fetchone()[0]
    return found


def read(cr, since, prefix, stock=False):
    """What came after `since`, as `Held`; slots of the machines whose serials begin so.

    :param stock: whether the stock ledger was brought up to date and is to be counted too
    """
    held = Held()
    held.events = _rows(cr, EVENTS, since["wine_bridge_event"])
    held.quarantined = _rows(cr, QUARANTINED, since["wine_bridge_event"])[0][0]
    held.vends = _rows(cr, VENDS, since["wine_vend"])
    held.orders = _rows(cr, ORDERS, since["pos_order"])
    held.payments = _rows(cr, PAYMENTS, since["pos_payment"])
    held.shares = _rows(cr, SHARES, since["wine_share_entry"])
    slots = _rows(cr, SLOTS, f"{prefix}%")
    held.slots = {(machine, code): qty for machine, code, qty in slots}
    held.stock = dict(_rows(cr, STOCK, f"{prefix}%")) if stock else {}
    return held


def _rows(cr, sql, value):
    cr.execute(sql, [value])
    return cr.fetchall()


EVENTS = """
    SELECT event_id, state FROM wine_bridge_event
     WHERE id > %s AND channel = 'evt' AND state <> 'quarantined'"""
QUARANTINED = "SELECT count(*) FROM wine_bridge_event WHERE id > %s AND state = 'quarantined'"
VENDS = """
    SELECT uuid, state, qty_done, coalesce(round(amount_captured * 100), 0)::int
      FROM wine_vend WHERE id > %s AND pay_kind <> 'test'"""
ORDERS = """
    SELECT vend.uuid, sum(line.qty)::int, round(pos_order.amount_total * 100)::int
      FROM pos_order
      JOIN pos_order_line line ON line.order_id = pos_order.id
 LEFT JOIN wine_vend vend ON vend.id = pos_order.wine_vend_id
     WHERE pos_order.id > %s GROUP BY pos_order.id, vend.uuid"""
PAYMENTS = """
    SELECT vend.uuid, round(pos_payment.amount * 100)::int
      FROM pos_payment
      JOIN pos_order ON pos_order.id = pos_payment.pos_order_id
 LEFT JOIN wine_vend vend ON vend.id = pos_order.wine_vend_id
     WHERE pos_payment.id > %s"""
SHARES = """
    SELECT vend.uuid, entry.source
      FROM wine_share_entry entry LEFT JOIN wine_vend vend ON vend.id = entry.vend_id
     WHERE entry.id > %s GROUP BY vend.uuid, entry.source"""
SLOTS = """
    SELECT machine.uuid, slot.code, slot.qty FROM wine_machine_slot slot
      JOIN wine_machine machine ON machine.id = slot.machine_id WHERE machine.serial LIKE %s"""
STOCK = """
    SELECT machine.uuid, sum(quant.quantity)::int FROM stock_quant quant
      JOIN wine_machine machine ON machine.location_id = quant.location_id
     WHERE machine.serial LIKE %s GROUP BY machine.uuid"""
