# SPDX-License-Identifier: LGPL-3.0-or-later
"""Rubbish through a bridge's receiving end into the real database, and into the projection."""

import json
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from tests.fuzz.mutate import Fuzzer, places
from tests.fuzz.receiving import Expected, Found, Receiver, newest
from tests.fuzz.sizes import FACTS, size
from tests.harness import House

STORE = size("store", 3000)
NOW = datetime.now(timezone.utc)


@pytest.fixture(scope="module")
def house():
    with House("wine_fuzz") as made:
        made.fleet = {entry["uuid"]: entry["password"] for entry in made.provision()["machines"]}
        yield made


@pytest.fixture(scope="module")
def receiver(house):
    return Receiver(house)


def used_up(house, seconds=120):
    """Project all that is stored, with the projector of the bridge."""
    from odoo.addons.wine_device_bridge.process.project import Projector
    from odoo.addons.wine_device_bridge.process.settings import Settings

    projector = Projector(Settings(house.name), threading.Event(), threading.Event())
    deadline = time.monotonic() + seconds
    while house.waiting() and time.monotonic() < deadline:
        if not projector.round():
            time.sleep(0.1)
    return house.waiting()


def test_everything_is_stored_or_quarantined_with_its_code(house, receiver):
    """Through the receiving end of a bridge into PostgreSQL: each message is accounted for."""
    fuzzer = Fuzzer(17, base=receiver.link.topics.base, machines=tuple(house.fleet)[:5])
    since, expected, batch = newest(house), Expected(receiver.link.topics, receiver.machines), []
    for topic, payload, spoilt in fuzzer.spoilt_messages(STORE):
        expected.add(receiver.as_heard(topic), payload, spoilt)
        batch.append((topic, payload))
        if len(batch) == 100:
            receiver.hear(batch)
            batch = []
    receiver.hear(batch)
    found, totals = Found(house, since), receiver.telemetry.totals
    print(f"\n{expected}; in the database {vars(found)}; readings {totals}")
    expected.agree(found)
    assert found.unstorable == 0, "PostgreSQL refuses what the reader lets through"
    assert {"schema", "too_large", "unknown_epoch"} <= found.codes.keys()
    assert (totals["unreadable"], totals["lost"]) == (expected.unreadable, 0)
    assert len(receiver.taken) == receiver.put, "the broker is not told of all"
    assert receiver.answers()


def test_what_was_stored_is_used_or_put_aside(house):
    """Messages that keep the schema and make no sense: no machine stops for them."""
    assert used_up(house, 120 + STORE / 50) == 0
    _all_decided(house)


#: what a schema lets through and a shop never sells
HOSTILE = {
    "qty": (1, 2, 99, 255, 10**6, 10**9, 2**31, 2**53),
    "price": ("0", "0.00", "0.001", "-5.00", "99999999999999.99", "1" + "0" * 30 + ".00", "12.345"),
    "currency": ("XXX", "USD", "JPY", "EUR", "CNY"),
    "slot": ("A1", "Z99", "'; --", "\u202eA1", "A1 ", "\u0410" + "1"),
    "sku": ("W-1", "no such", "\U0001f377" * 20, " ", "../x"),
    "pay": ("cash", "card", "qr", "wallet", "voucher", "free", "test", "shells"),
    "outcome": ("success", "failed", "partial", "unknown", "perhaps"),
    "price_version": (0, 1, 17, 2**31, 2**53),
    "refunded": (True, False),
    "visit_id": ("0199c39f-aaaa-7000-8000-00000000000a", "visit", None),
    "by": ("x" * 250, "\u0645\u0631", "", None),
    "coins": ("0.00", "-1.00", "999999999999.99"),
    "notes": ("0.00", "1" + "0" * 25),
    "meter": ("0.00", "-1.00", "10" * 15),
    "before": (0, -5, 10**9), "after": (0, -5, 10**9), "filled": (0, -5, 10**9),
    "removed": (0, 10**9), "bad": (0, 10**9), "ml": (0, -1, 10**12),
    "count": (0, -1, 2**53), "value": ("0.00", "-1.00", "1" + "0" * 30),
    "code": ("E1", "x" * 60, "\u202e"), "text": ("x" * 1000, "\u0645" * 100),
}  # fmt: skip
TIMES = (
    {},
    {"ts": (NOW - timedelta(days=45) + timedelta(minutes=1)).isoformat()},
    {"ts": (NOW - timedelta(days=46)).isoformat()},
    {"ts": (NOW + timedelta(minutes=4)).isoformat()},
    {"ts": (NOW + timedelta(days=4000)).isoformat()},
    {"ts": "0001-01-01T00:00:00+14:00"},
    {"ts": "9999-12-31T23:59:59-14:00"},
    {"ts": None, "ts_q": "unset"},
)


def hostile(fuzzer, slots, currency):
    """One event that keeps the schema, as far as that can be had."""
    from odoo.addons.wine_device_bridge.core.envelope import Envelope, read

    machine = fuzzer.random.choice(fuzzer.machines)
    for _try in range(20):
        channel, example = fuzzer.random.choice(fuzzer.examples)
        if channel == "tele":
            continue
        content = fuzzer.fresh(example) | {"hist": True} | fuzzer.random.choice(TIMES)
        content["id"] = fuzzer.uuid()
        if "seq" in content:
            content["seq"] = 100_000 + fuzzer.number
        data = content["data"]
        _fit(fuzzer, data, slots[machine], currency)
        for path in places(data):
            key = path[-1]
            if key in HOSTILE and fuzzer.random.random() < 0.35:
                where = data
                for step in path[:-1]:
                    where = where[step]
                where[key] = fuzzer.random.choice(HOSTILE[key])
        payload = json.dumps({k: v for k, v in content.items() if v is not None}).encode()
        if isinstance(read(machine, channel, payload)[0], Envelope):
            return f"{fuzzer.base}/{machine}/up/{channel}", payload
    raise AssertionError("nothing of this keeps the schema")


def _fit(fuzzer, data, slots, currency):
    """Begin with something that could be a sale here."""
    slot, sku, price = fuzzer.random.choice(slots)
    own = {"slot": slot, "sku": sku, "price": str(price), "currency": currency, "price_version": 1}
    data.update({key: value for key, value in own.items() if key in data})
    if "vend_id" in data and fuzzer.random.random() < 0.7:
        data["vend_id"] = fuzzer.uuid()


def test_events_that_keep_the_schema_and_make_no_sense(house, receiver):
    """Each is used, kept or failed with a case; orders, vends and payments agree to the cent."""
    rows = house.query(
        """SELECT machine.uuid, slot.code, product.default_code, slot.price
             FROM wine_machine_slot slot JOIN wine_machine machine ON machine.id = slot.machine_id
             JOIN product_product product ON product.id = slot.product_id"""
    )
    machines = tuple(sorted({row[0] for row in rows}))[5:10]
    slots = {uuid: [row[1:] for row in rows if row[0] == uuid] for uuid in machines}
    currency = house.do(lambda env: env.company.currency_id.name)
    fuzzer = Fuzzer(23, base=f"wine/v1/{house.name}", machines=machines)
    for begin in range(0, FACTS, 250):
        events = [hostile(fuzzer, slots, currency) for _n in range(min(250, FACTS - begin))]
        for start in range(0, len(events), 50):
            receiver.hear(events[start : start + 50])
        assert used_up(house) == 0, "a machine does not go on"
    states = _all_decided(house)
    words = house.query(
        """SELECT left(result, 60), count(*), count(case_id), max(attempts) FROM wine_bridge_event
            WHERE state = 'failed' GROUP BY 1 ORDER BY 2 DESC LIMIT 12"""
    )
    print(f"\n{FACTS} hostile events: {states}; failed: {words}")
    _money_agrees(house)


def _all_decided(house):
    states = dict(house.query("SELECT state, count(*) FROM wine_bridge_event GROUP BY state"))
    assert not states.get("new")
    silent = house.query(
        """SELECT type, result, count(*) FROM wine_bridge_event
            WHERE state = 'failed' AND COALESCE(result, '') = '' GROUP BY 1, 2"""
    )
    assert not silent, f"failed without a word: {silent}"
    raised = house.query(
        """SELECT type, result FROM wine_bridge_event
            WHERE state = 'failed' AND attempts > 0 AND case_id IS NULL"""
    )
    assert not raised, f"it raised, and no case says so: {raised}"
    return states


def _money_agrees(house):
    """What is paid is what was ordered; what is captured was ordered; nothing is negative."""
    unequal = house.query(
        """SELECT pos_order.name, amount_total, amount_paid, paid.amount
             FROM pos_order
             LEFT JOIN (SELECT pos_order_id, sum(amount) AS amount FROM pos_payment
                         GROUP BY pos_order_id) paid ON paid.pos_order_id = pos_order.id
            WHERE wine_machine_id IS NOT NULL
              AND (abs(amount_total - amount_paid) > 0.004
                   OR abs(amount_total - COALESCE(paid.amount, 0)) > 0.004)"""
    )
    assert not unequal
    wrong = house.query(
        """SELECT vend.state, vend.amount_captured, vend.amount_refunded, orders.total
             FROM wine_vend vend
             LEFT JOIN (SELECT wine_vend_id, sum(amount_total) AS total FROM pos_order
                         GROUP BY wine_vend_id) orders ON orders.wine_vend_id = vend.id
            WHERE abs(COALESCE(orders.total, 0) - COALESCE(vend.amount_captured, 0)
                      + CASE WHEN vend.amount_captured > 0
                             THEN COALESCE(vend.amount_refunded, 0) ELSE 0 END) > 0.004"""
    )
    assert not wrong
