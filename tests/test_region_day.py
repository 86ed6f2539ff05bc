# SPDX-License-Identifier: LGPL-3.0-or-later
"""A region's day: machines sell, a route is planned, a phone and the machines tell of the visits.

Two witnesses tell of each stop, the phone of the person and the machine itself, in both orders,
with the phone's entries sent twice and the bridge killed in between. At the end every bottle and
every coin is where the books say it is.
"""

from collections import defaultdict
from decimal import Decimal

import pytest

from fleet.crowd import Crowd
from fleet.options import Options
from fleet.runner import Fleet
from tests.harness import House
from tests.phone import Phone
from tools.env import kit

DATABASE = "wine_region"
MANAGER, STAFF = "harbor", "service-harbor"
SELLING = Options(
    seed=11,
    speed=300.0,
    rate=0,
    start_spread=0.5,
    ack_timeout=3.0,
    dispense=0.05,
    fail_rate=0.04,
    keep_rate=0.5,
    duplicate_rate=0.2,
    drift=20.0,
    tele=2.0,
)


class Day:
    """What happens, step by step; the tests look at what it left behind."""

    def __init__(self, house, fleet, address):
        self.house, self.fleet, self.address = house, fleet, address
        self.told = {}  # visit UUID → what was done there
        self.by_uuid = {machine.uuid: machine for machine in fleet.machines}

    def live(self):
        self.fleet.start()
        assert self.fleet.run_until(self.fleet.ready, 60), "not every machine got its planogram"
        self.sell(260)
        self.region, machines = self.house.do(self._open_warehouse)
        self.house.do(lambda env: env["wine.forecast"]._cron_compute())
        self.house.do(lambda env: self._plan(env, machines))
        self.visit()
        self.count()
        self.sell(80)
        self._turn_a_counter_on()
        self.count()
        self.house.do(lambda env: env["wine.cash.collection"]._cron_settle_late())
        self.house.do(lambda env: env["wine.counter.snapshot"]._cron_compare_again())

    def sell(self, vends):
        crowd = Crowd(self.fleet, vends=vends)
        self.fleet.actors.append(crowd)
        assert self.fleet.run_until(lambda: crowd.closed, 240), "the crowd does not buy"
        self.fleet.actors.clear()
        for machine in self.fleet.machines:
            machine.go_online()
        self.settle()

    def settle(self):
        assert self.fleet.run_until(self.fleet.drained, 120), "events are not acknowledged"
        assert self.house.until(lambda: not self.house.waiting(), 120), "messages are not used"

    def count(self):
        for machine in self.fleet.machines:
            machine.act("count")
        self.settle()

    def _turn_a_counter_on(self):
        """A bottle left a machine and nobody was told: only its counter knows."""
        machine = self.fleet.machines[0]
        prices = next(prices for prices in machine.state.meters.values() if prices)
        prices[next(iter(prices))] += 1
        self.tampered = machine.uuid

    # the office

    def _open_warehouse(self, env):
        """The manager's region with most machines, its warehouse well stocked."""
        manager = env["res.users"].search([("login", "=", MANAGER)])
        regions = env["wine.region"].search([("id", "child_of", manager.wine_region_ids.ids)])
        staff = env["res.users"].search([("login", "=", STAFF)])
        region = max(
            regions, key=lambda r: len(r.machine_ids.filtered(lambda m: m.state == "active"))
        )
        region.staff_ids |= staff
        quants = env["stock.quant"]
        for product in region.machine_ids.slot_ids.product_id:
            if product.tracking == "none":
                quants._update_available_quantity(product, region.warehouse_id.lot_stock_id, 500)
        return region.id, region.machine_ids.filtered(lambda m: m.state == "active").ids

    def _plan(self, env, machines):
        manager = env["res.users"].search([("login", "=", MANAGER)])
        staff = env["res.users"].search([("login", "=", STAFF)])
        env = env(user=manager)
        env["wine.machine"].sudo().browse(machines)._refresh_needs()
        plan = env["wine.route.plan"]
        plan = plan.browse(
            plan._open(
                env["wine.region"].browse(self.region), env["wine.machine"].browse(machines)
            )["res_id"]
        )
        plan.write({"user_id": staff.id, "van_bottles": 5000, "max_stops": 50})
        plan.action_refresh()
        plan.action_create_route()

    # the road

    def visit(self):
        phone = Phone(self.address, STAFF)
        stops = [stop for stop in phone.load() if stop["mine"] and stop["state"] == "planned"]
        assert len(stops) >= 3, "the route is too short to prove anything"
        uuids = dict(self.house.query("SELECT id, uuid FROM wine_machine"))
        for number, stop in enumerate(stops):
            machine = self.by_uuid[uuids[stop["machine"]]]
            if number == len(stops) // 2:
                self.house.kill_bridge()
                self.house.start_bridge(wait=False)
            if number % 2:
                self._machine_first(phone, stop, machine, odd=number == 1)
            else:
                self._phone_first(phone, stop, machine)
        self.settle()

    def _phone_first(self, phone, stop, machine):
        """No line at the machine: its report comes after the phone's."""
        machine.go_offline()
        rows = self._tell_phone(phone, stop, machine)
        phone.send(keep=True)
        self._all_done(phone.send())
        self._work(machine, stop, rows)
        machine.go_online()
        self.settle()

    def _machine_first(self, phone, stop, machine, odd):
        """No line on the phone: the machine's report comes first; ``odd`` is a miscount on it."""
        rows = self._tell_phone(phone, stop, machine, odd)
        self._work(machine, stop, rows)
        self.settle()
        phone.send(keep=True)
        self._all_done(phone.send())

    def _tell_phone(self, phone, stop, machine, odd=False):
        """What the person enters; what is really done is returned."""
        rows = []
        for slot in phone.route["machines"][str(stop["machine"])]["slots"]:
            now = machine.state.slots[slot["code"]]
            room = max(slot["capacity"] - now["qty"], 0)
            filled = min(room, (stop["planned"] or {}).get(str(slot["id"]), slot["fill"]))
            row = {"slot": slot["code"], "sku": slot["sku"], "before": now["qty"]}
            moved = {"filled": filled, "removed": 0, "bad": 0}
            rows.append(row | moved | {"after": now["qty"] + filled})
        entered = [dict(row) for row in rows]
        if odd:
            wrong = next(row for row in entered if row["filled"])
            wrong["filled"] -= 1
            wrong["after"] -= 1
        cash = machine.state.cash
        phone.note(stop, "start", {})
        phone.note(stop, "restock", {"rows": entered})
        phone.note(stop, "cash", {"coins": cash["coins"], "notes": cash["notes"]})
        phone.note(stop, "done", {"cleaned": True, "temperature": 11.5, "note": ""})
        self.told[stop["uuid"]] = {
            "machine": machine.uuid,
            "odd": odd,
            "filled": sum(row["filled"] for row in rows),
            "cash": Decimal(cash["coins"]) + Decimal(cash["notes"]),
        }
        return rows

    def _work(self, machine, stop, rows):
        fill = {row["slot"]: row["before"] + row["filled"] for row in rows}
        machine.act("restock", fill=fill, visit_id=stop["uuid"])
        machine.act("collect", visit_id=stop["uuid"])

    def _all_done(self, results):
        assert not [result for result in results if result["status"] != "done"]


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """The whole day, driven to its end."""
    with House(DATABASE) as house:
        config = house.provision()
        house.start_bridge()
        with (
            kit.odoo_server(DATABASE) as address,
            Fleet(config, tmp_path_factory.mktemp("fleet"), SELLING) as fleet,
        ):
            done = Day(house, fleet, address)
            done.live()
            yield done


def test_every_stop_is_done_once_and_both_witnesses_were_heard(day):
    with day.house.env() as env:
        visits = env["wine.visit"].search([("uuid", "in", list(day.told))])
        assert len(visits) == len(day.told)
        for visit in visits:
            assert visit.state == "done", visit.display_name
            assert {visit.restock_source, visit.compared_source} == {"phone", "machine"}
            assert visit.temperature == 11.5
            assert sum(visit.line_ids.mapped("filled")) == day.told[visit.uuid]["filled"]
        assert set(visits.batch_id.mapped("state")) == {"done"}


def test_only_the_miscount_is_a_question(day):
    odd = [uuid for uuid, told in day.told.items() if told["odd"]]
    assert len(odd) == 1
    with day.house.env() as env:
        cases = env["wine.case"].search([("visit_id.uuid", "in", list(day.told))])
        assert cases.filtered(lambda case: case.state == "open").visit_id.mapped("uuid") == odd
        assert not env["wine.case"].search([("kind", "=", "cash")])


def test_counters_agree_with_the_sales_but_for_the_one_that_was_turned_on(day):
    with day.house.env() as env:
        for machine in env["wine.machine"].search([("uuid", "in", list(day.by_uuid))]):
            readings = env["wine.counter.snapshot"].search(
                [("machine_id", "=", machine.id)], order="moment, id"
            )
            assert len(readings) == 2, machine.name
            verdict = "gap" if machine.uuid == day.tampered else "equal"
            assert readings.mapped("verdict") == ["first", verdict], machine.name
        cases = env["wine.case"].search([("kind", "=", "counter")])
        assert cases.machine_id.mapped("uuid") == [day.tampered]


def test_bottles_are_where_the_books_say(day):
    """Slot counters, the stock ledger of each machine, and what left the warehouse."""
    house = day.house
    house.close_days()
    ledger, held = defaultdict(int), defaultdict(int)
    for uuid, sku, qty in house.query(
        """SELECT machine.uuid, product.default_code, sum(quant.quantity)
             FROM stock_quant quant
             JOIN wine_machine machine ON machine.location_id = quant.location_id
             JOIN product_product product ON product.id = quant.product_id GROUP BY 1, 2"""
    ):
        ledger[uuid, sku] += int(qty)
    counted = {
        (uuid, code): qty
        for uuid, code, qty in house.query(
            """SELECT machine.uuid, slot.code, slot.qty FROM wine_machine_slot slot
                 JOIN wine_machine machine ON machine.id = slot.machine_id"""
        )
    }
    for machine in day.fleet.machines:
        for code, slot in machine.state.slots.items():
            held[machine.uuid, slot["sku"]] += slot["qty"]
            assert counted[machine.uuid, code] == slot["qty"], (machine.serial, code)
    assert {key: qty for key, qty in ledger.items() if qty} == {
        key: qty for key, qty in held.items() if qty
    }


def test_coins_are_where_the_books_say(day):
    """Each bag was booked once with what was in it; what was sold since lies in the machines."""
    with day.house.env() as env:
        bags = env["wine.cash.collection"].search([("visit_id.uuid", "in", list(day.told))])
        assert len(bags) == len(day.told)
        for bag in bags:
            told = day.told[bag.visit_id.uuid]
            assert bag.state == "posted", bag.name
            assert Decimal(f"{bag.counted:.2f}") == told["cash"], bag.name
            assert not bag.difference, (bag.name, bag.difference)
            assert bag.compared_source, "the second report was not heard"
        for machine in env["wine.machine"].search([("uuid", "in", list(day.by_uuid))]):
            meter = Decimal(day.by_uuid[machine.uuid].state.cash["meter"])
            assert Decimal(f"{machine.cash_in_machine:.2f}") == meter, machine.name


def test_the_account_of_a_region_is_the_sum_of_its_machines(day):
    day.house.close_days()
    with day.house.env() as env:
        for region in env["wine.region"].search([("machine_ids", "!=", False)]):
            account = region.pos_config_id.payment_method_ids.filtered(
                lambda method: method.wine_kind == "cash"
            ).journal_id.default_account_id
            balance = sum(
                env["account.move.line"]
                .search([("account_id", "=", account.id), ("parent_state", "=", "posted")])
                .mapped("balance")
            )
            cash = sum(region.machine_ids.mapped("cash_in_machine"))
            assert abs(balance - cash) < 0.005, region.complete_name


def test_machines_told_how_cold_they_are(day):
    silent = day.house.query(
        """SELECT uuid FROM wine_machine WHERE state = 'active' AND id NOT IN
               (SELECT machine_id FROM wine_machine_reading WHERE kind = 'temperature')"""
    )
    assert not silent
