# SPDX-License-Identifier: LGPL-3.0-or-later
"""Paid orders by the batch against `pos.order.sync_from_ui` fed the same vends one by one.

The baseline is what a point of sale would do with each vend: one order, one line, one payment, one
call, with stock left for the closing as our own path leaves it for the flush. Both run in this
process, on copies of the same database, on the same vends. The batch path also reads and marks the
inbox, makes the vends, moves the slot counters and shares every sale out among four partners.
"""

import random
import statistics
from unittest.mock import patch
from uuid import uuid4

from tests.bench.common import report, stopwatch
from tests.harness import House

BATCHES, SIZE = 6, 500
ONE_BY_ONE = 150
AIM = 30


def facts(env, count, chance):
    from odoo import fields
    from odoo.addons.wine_vending.core.facts import Fact

    machines = env["wine.machine"].search([("state", "=", "active")])
    slots = machines.slot_ids.filtered("product_id")
    now = fields.Datetime.now()
    made = []
    for number in range(count):
        slot = chance.choice(slots)
        machine = slot.machine_id
        data = {
            "vend_id": str(uuid4()),
            "slot": slot.code,
            "sku": slot.product_id.default_code,
            "qty": 1,
            "price": f"{slot.price:.2f}",
            "currency": machine.currency_id.name,
            "pay": chance.choice(("cash", "card", "card")),
            "outcome": "success",
            "price_version": machine.planogram_id.version,
            "sensor": "confirmed",
        }
        made.append(
            Fact(
                machine.id,
                "vend.local",
                data,
                now,
                now,
                reference=str(uuid4()),
                position=(1, number + 1),
            )
        )
    return made


def batched(house, chance):
    """Milliseconds per vend of each batch, from the inbox to the shares, committed."""
    from tests.bench.inbox import project
    from tests.bench.test_share_posting import set_up

    with house.env() as env:
        set_up(env)
    return [project(house, SIZE, chance) for _batch in range(BATCHES)]


def one_by_one(house, chance):
    """Milliseconds per order through the interface of the point of sale, committed one by one.

    Odoo's own work alone: these orders are not announced to profit sharing.
    """
    from odoo.addons.wine_vending.models.wine_sale_line import WineSaleLine

    with patch.object(WineSaleLine, "_announce"):
        return _one_by_one(house, chance)


def _one_by_one(house, chance):
    spent = []
    with house.env() as env:
        batch = facts(env, ONE_BY_ONE, chance)
        values = [_ui_order(env, fact) for fact in batch]
        env.cr.commit()
    for order in values:
        with house.env() as env, stopwatch() as seconds:
            env["pos.order"].sync_from_ui([order])
            env.flush_all()
            env.cr.commit()
        spent.append(1000 * seconds())
    return spent


def _ui_order(env, fact):
    """What the browser of a point of sale sends for the same vend."""
    machine = env["wine.machine"].browse(fact.machine_id)
    region = machine.region_id
    session = env["pos.session"]._wine_open_sessions(region)[region]
    product = env["product.product"].search([("default_code", "=", fact.data["sku"])], limit=1)
    taxes = env["account.tax"]._wine_machine_taxes(product, machine.company_id)[product.id]
    price = float(fact.data["price"])
    amounts = taxes.compute_all(price, machine.currency_id, 1, product)
    method = region._payment_methods()[fact.data["pay"]]
    reference, tracking = f"Order {uuid4()}", "001"
    return {
        "uuid": fact.data["vend_id"], "name": reference, "pos_reference": reference,
        "tracking_number": tracking, "sequence_number": 1, "access_token": str(uuid4()),
        "session_id": session.id, "state": "paid", "user_id": env.uid, "partner_id": False,
        "date_order": str(fact.moment), "fiscal_position_id": False, "to_invoice": False,
        "pricelist_id": False, "company_id": machine.company_id.id, "amount_return": 0,
        "amount_total": price, "amount_paid": price,
        "amount_tax": price - amounts["total_excluded"],
        "lines": [(0, 0, {
            "uuid": str(uuid4()), "product_id": product.id, "qty": 1, "price_unit": price,
            "price_subtotal": amounts["total_excluded"], "price_subtotal_incl": price,
            "tax_ids": [(6, 0, taxes.ids)], "discount": 0, "full_product_name": product.name,
            "pack_lot_ids": [],
        })],
        "payment_ids": [(0, 0, {
            "uuid": str(uuid4()), "amount": price, "payment_method_id": method.id,
            "name": str(fact.moment), "payment_date": str(fact.moment),
        })],
    }  # fmt: skip


def test_batches_against_one_by_one():
    chance = random.Random(11)
    with House("wine_bench") as house:
        baseline = one_by_one(house, chance)
        ours = batched(house, chance)
    per_order, per_vend = statistics.median(baseline), statistics.median(ours)
    ratio = per_order / per_vend
    report(
        f"Paid orders, {BATCHES} batches of {SIZE} against {ONE_BY_ONE} one by one",
        [
            (
                "sync_from_ui, one by one",
                f"{per_order:8.2f} ms an order  {1000 / per_order:7.0f}/s",
            ),
            ("batch, inbox to shares", f"{per_vend:8.2f} ms a vend    {1000 / per_vend:7.0f}/s"),
            ("ratio", f"{ratio:8.1f} (aim: {AIM})"),
        ],
    )
    assert ratio >= AIM
