# SPDX-License-Identifier: LGPL-3.0-or-later
"""The main job: machines sell, the bridge stores, Odoo books every bottle."""

import json
import random
import threading
import time
from collections import Counter, defaultdict
from decimal import Decimal

import pytest

from odoo.exceptions import UserError

from fleet.crowd import Crowd
from fleet.options import Options
from fleet.runner import Fleet
from tests.harness import House

VENDS = 440
AUTHORISED = 60
BUSY = Options(
    seed=7,
    speed=300.0,
    rate=0,
    start_spread=0.5,
    ack_timeout=3.0,
    dispense=0.05,
    fail_rate=0.06,
    jam_rate=0.02,
    unknown_rate=0.02,
    keep_rate=0.4,
    duplicate_rate=0.2,
    drift=20.0,
    unset_rate=0.2,
    offline_rate=0.4,
    offline_hours=0.4,
    restock=True,
)


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """A whole day of 20 machines, driven to its end; yields (house, report of the fleet)."""
    with House("wine_e2e") as house:
        config = house.provision(apart=True)
        house.start_bridge()
        with Fleet(config, tmp_path_factory.mktemp("fleet"), BUSY) as fleet:
            yield house, _drive(house, fleet)


def _drive(house, fleet):
    fleet.start()
    assert fleet.run_until(fleet.ready, 60), "not every machine got its planogram"
    assert fleet.run_until(lambda: _all_online(house), 60), "not every machine is seen online"
    crowd = Crowd(fleet, vends=VENDS)
    fleet.actors.append(crowd)
    platform = Platform(house, random.Random(7), AUTHORISED)
    platform.start()
    assert fleet.run_until(lambda: platform.done >= AUTHORISED // 2, 120)
    house.kill_bridge()
    fleet.run(2)
    house.start_bridge(wait=False)
    assert fleet.run_until(lambda: crowd.closed and platform.done >= AUTHORISED, 240)
    fleet.actors.clear()
    for machine in fleet.machines:
        machine.go_online()
        machine.force()
    assert fleet.run_until(fleet.drained, 120), f"{fleet.pending()} events not acknowledged"
    assert fleet.run_until(lambda: _nothing_open(house), 120), "vends stay open"
    assert fleet.run_until(fleet.drained, 60)
    assert house.until(lambda: not house.waiting()), f"{house.waiting()} messages not used"
    return fleet.report()


def _all_online(house):
    rows = house.query(
        "SELECT count(*) FROM wine_machine WHERE state = 'active' AND connection_state <> 'online'"
    )
    return rows[0][0] == 0


def _nothing_open(house):
    house.do(lambda env: env["wine.vend"]._cron_expire())
    rows = house.query(
        "SELECT count(*) FROM wine_vend WHERE state IN "
        "('reserved', 'authorised', 'accepted', 'dispensing')"
    )
    return rows[0][0] == 0 and not house.waiting()


class Platform(threading.Thread):
    """Consumers who pay through the platform, one now and then, beside those at the machines."""

    def __init__(self, house, chance, count):
        super().__init__(daemon=True)
        self.house, self.chance, self.count = house, chance, count
        self.done = 0

    def run(self):
        while self.done < self.count:
            self.done += self.house.do(self._buy)
            time.sleep(0.1)

    def _buy(self, env):
        machines = env["wine.machine"].search([("connection_state", "=", "online")])
        slots = machines.slot_ids.filtered(lambda slot: slot.product_id and slot.qty > 1)
        if not slots:
            return 0
        try:
            pay = self.chance.choice(("qr", "wallet", "card"))
            vend = env["wine.vend"]._reserve(self.chance.choice(slots), pay)
        except UserError:
            return 0
        vend._authorise(age_checked=True, seconds=15)
        return 1


@pytest.fixture(scope="module")
def books(day):
    """Everything that Odoo has about the vends, by vend id, before the day is closed."""
    house, report = day
    with house.env() as env:
        yield {vend.uuid: vend for vend in env["wine.vend"].search([])}, report


def entries(report):
    return [(row, entry) for row in report["machines"] for entry in row["sold"]]


def test_the_day_was_what_it_should_be(day):
    """The run had all of it: or the other tests prove less than they say."""
    _house, report = day
    outcomes = Counter((entry["origin"], entry["outcome"]) for _row, entry in entries(report))
    assert outcomes["local", "success"] > 300
    assert outcomes["platform", "success"] > 20
    for wanted in ("failed", "unknown"):
        assert outcomes["local", wanted], f"no local vend came out {wanted}"
    assert report["totals"]["duplicates_sent"] > 0
    assert report["totals"]["values"]["owed"], "no machine kept a consumer's money"


def test_every_vend_of_the_fleet_is_known(books):
    vends, report = books
    missing = [entry for _row, entry in entries(report) if entry["vend_id"] not in vends]
    assert not missing
    strange = {
        vend
        for uuid, vend in vends.items()
        if vend.origin == "device"
        and vend.pay_kind != "test"
        and uuid not in {e["vend_id"] for _r, e in entries(report)}
    }
    assert not strange


def test_sold_and_kept_is_exactly_one_paid_line(books):
    vends, report = books
    for row, entry in entries(report):
        if entry["outcome"] not in ("success", "partial"):
            continue
        vend = vends[entry["vend_id"]]
        assert vend.state == "captured", (vend.name, entry)
        (order,) = vend.order_ids
        (line,) = order.lines
        assert order.state in ("paid", "done")
        assert Decimal(f"{order.amount_total:.2f}") == Decimal(entry["total"]), entry
        assert Decimal(f"{order.amount_paid:.2f}") == Decimal(entry["total"])
        assert (line.qty, line.product_id.default_code) == (entry["qty"], entry["sku"])
        assert Decimal(f"{line.price_unit:.2f}") == Decimal(entry["price"])
        assert order.wine_machine_id.uuid == row["uuid"]
        assert order.session_id.wine_region_id == vend.region_id
        assert vend.region_id.complete_name == row["region"]
        assert order.payment_ids.payment_method_id.wine_kind == vend.pay_kind


def test_every_failed_vend_is_money_back(books):
    vends, report = books
    owed = Decimal(0)
    for _row, entry in entries(report):
        if entry["outcome"] != "failed":
            continue
        vend = vends[entry["vend_id"]]
        assert sum(vend.order_ids.mapped("amount_total")) == 0
        if entry["refunded"] or entry["origin"] == "platform":
            assert vend.state == "voided", entry
            assert not vend.order_ids, "money that was never kept was never sold for"
        else:
            assert vend.state == "refunded", entry
            assert len(vend.order_ids) == 2
            owed += Decimal(f"{vend.amount_refunded:.2f}")
    assert {"USD": owed} == {
        currency: Decimal(value) for currency, value in report["totals"]["values"]["owed"].items()
    }


def test_unknown_outcomes_wait_for_a_person(books):
    vends, report = books
    for _row, entry in entries(report):
        if entry["outcome"] == "unknown":
            vend = vends[entry["vend_id"]]
            assert vend.state == "unknown"
            assert not vend.order_ids
            assert vend.case_ids.filtered(lambda case: case.kind == "unknown").state == "open"


def test_what_no_machine_delivered_cost_nobody_anything(books):
    vends, report = books
    told = {entry["vend_id"] for _row, entry in entries(report)}
    for uuid, vend in vends.items():
        if uuid not in told:
            assert vend.origin == "platform" or vend.pay_kind == "test"
            assert vend.state == "voided", vend.name
            assert not vend.order_ids


def test_the_total_is_the_fleets_to_the_cent(day):
    house, report = day
    kept = Decimal(report["totals"]["values"]["kept"]["USD"])
    booked = house.query("SELECT sum(amount_total) FROM pos_order WHERE wine_vend_id IS NOT NULL")
    assert Decimal(str(booked[0][0])).quantize(Decimal("0.01")) == kept


def test_slot_counters_are_the_fleets(day):
    house, report = day
    counted = {
        (machine, code): qty
        for machine, code, qty in house.query(
            """SELECT machine.uuid, slot.code, slot.qty FROM wine_machine_slot slot
                 JOIN wine_machine machine ON machine.id = slot.machine_id"""
        )
    }
    for row in report["machines"]:
        for code, slot in row["slots"].items():
            if slot["state"] != "removed":
                assert counted[row["uuid"], code] == slot["qty_left"], (row["serial"], code)


def test_nothing_was_refused(day):
    house, _report = day
    assert (
        house.query(
            "SELECT code, result FROM wine_bridge_event WHERE state IN ('failed', 'quarantined')"
        )
        == []
    )
    assert house.query("SELECT sum(duplicates) FROM wine_bridge_event")[0][0] > 0


def test_closing_books_it_all(day):
    """Stock of each machine, cost of sales, payments: after closing, to the bottle and the cent."""
    house, report = day
    sessions = house.close_days()
    assert sessions
    _stock_agrees(house, report)
    with house.env() as env:
        for session in env["pos.session"].browse(sessions):
            _session_agrees(session)


def _stock_agrees(house, report):
    ledger = defaultdict(int)
    for uuid, sku, qty in house.query(
        """SELECT machine.uuid, product.default_code, sum(quant.quantity)
             FROM stock_quant quant
             JOIN wine_machine machine ON machine.location_id = quant.location_id
             JOIN product_product product ON product.id = quant.product_id
            GROUP BY 1, 2"""
    ):
        ledger[uuid, sku] += int(qty)
    held = defaultdict(int)
    for row in report["machines"]:
        for slot in row["slots"].values():
            held[row["uuid"], slot["sku"]] += slot["qty_left"]
    difference = {
        key: (ledger[key], held[key])
        for key in ledger.keys() | held.keys()
        if ledger[key] != held[key]
    }
    assert not difference


def _session_agrees(session):
    assert session.state == "closed"
    entry = session.move_id
    assert entry.state == "posted"
    assert abs(sum(entry.line_ids.mapped("balance"))) < 0.005
    sold = sum(session.order_ids.mapped("amount_total"))
    cost_accounts = session.order_ids.lines.product_id.product_tmpl_id.mapped(
        lambda template: template.get_product_accounts()["expense"].id
    )
    receivable = sum(
        entry.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).mapped("balance")
    )
    assert abs(receivable - sold) < 0.005, session.name
    cost = sum(
        entry.line_ids.filtered(lambda line: line.account_id.id in cost_accounts).mapped("balance")
    )
    goods = session.order_ids.filtered(lambda order: order.wine_stock_state != "none").lines
    expected = sum(line.qty * line.product_id.standard_price for line in goods)
    assert abs(cost - expected) < 0.01 * max(len(goods), 1), session.name
    assert set(session.order_ids.mapped("wine_stock_state")) <= {"done", "none"}


def test_a_second_fleet_cannot_speak_for_the_first(day):
    """Broker access: a machine's credential opens nothing of another machine."""
    house, report = day
    import paho.mqtt.client as mqtt

    row = house.query("SELECT uuid FROM wine_machine ORDER BY id LIMIT 1")[0]
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(row[0], "wrong")
    answers = []
    client.on_connect = lambda _c, _u, _f, reason, _p: answers.append(reason)
    client.connect(house.broker.host, house.broker.port)
    client.loop_start()
    house.until(lambda: answers, 10)
    client.loop_stop()
    assert answers and answers[0].is_failure


def test_sigterm_drains(day):
    """Told to stop, the bridge stores what it has received, says goodbye and leaves nothing behind.

    What machines send from then on waits at the broker for the next bridge.
    """
    house, _report = day
    import paho.mqtt.client as mqtt

    states = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set("wine-bridge", house.broker.bridge_password)
    client.on_message = lambda _c, _u, message: states.append(json.loads(message.payload))
    client.on_connect = lambda c, *_rest: c.subscribe(f"wine/v1/{house.name}/platform/state", 1)
    client.connect(house.broker.host, house.broker.port)
    client.loop_start()
    assert house.until(lambda: states and states[-1]["state"] == "online", 10)
    assert house.stop_bridge() == 0
    assert house.until(lambda: states[-1]["state"] == "offline", 10)
    client.loop_stop()
