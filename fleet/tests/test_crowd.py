# SPDX-License-Identifier: LGPL-3.0-or-later
"""People around the machines, without a broker: their timetable and what they leave behind."""

import pytest

from fleet.crowd import Crowd
from fleet.options import Options
from fleet.runner import Fleet
from fleet.tests import standin


class Time:
    """A clock that a test turns."""

    def __init__(self):
        self.now = 1_790_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def town(tmp_path):
    """Makes (fleet, crowd, hours): machines offline with a planogram; hours(n) lets time pass."""
    fleets = []

    def make(vends=None, qty=8, **options):
        clock = Time()
        options = Options(**({"dispense": 0, "sales": 20.0} | options))
        config = standin.configuration(1, 3, qty=qty)
        fleet = Fleet(config, tmp_path / str(len(fleets)), options, clock=clock)
        fleets.append(fleet)
        for machine in fleet.machines:
            machine.device.shadow.receive(standin.planogram(), clock.now)
        crowd = Crowd(fleet, vends)

        def hours(count):
            for _ in range(int(count * 60)):
                clock.now += 60
                crowd(clock.now)
                for machine in fleet.machines:
                    machine.device.tick(clock.now)

        return fleet, crowd, hours

    yield make
    for fleet in fleets:
        fleet.stop()


def test_sales_come_at_their_rate(town):
    fleet, _crowd, hours = town(qty=1000)
    hours(10)
    assert 450 < fleet.report()["totals"]["attempts"] < 750


def test_speed_makes_hours_pass_faster(town):
    fleet, _crowd, hours = town(qty=1000, speed=10.0, sales=2.0)
    hours(10)
    assert 450 < fleet.report()["totals"]["attempts"] < 750


def test_it_ends_after_so_many_vends(town):
    fleet, crowd, hours = town(vends=25, qty=1000)
    hours(5)
    assert crowd.closed and fleet.report()["totals"]["attempts"] == 25


def test_nobody_buys_from_an_empty_machine(town):
    fleet, _crowd, hours = town(qty=2)
    hours(10)
    totals = fleet.report()["totals"]
    assert all(s["qty"] >= 0 for m in fleet.machines for s in m.state.slots.values())
    assert totals["attempts"] <= 24
    kinds = [text for m in fleet.machines for text in m.state.pending.values()]
    assert any('"state":"empty"' in text for text in kinds)


def test_the_field_person_keeps_them_full(town):
    fleet, _crowd, hours = town(qty=2, restock=True)
    hours(10)
    assert fleet.report()["totals"]["attempts"] > 200
    told = [text for m in fleet.machines for text in m.state.pending.values()]
    assert any('"restock.done"' in text for text in told)


def test_jams_happen_and_are_freed(town):
    fleet, _crowd, hours = town(qty=1000, jam_rate=0.2)
    hours(10)
    told = "".join(text for m in fleet.machines for text in m.state.pending.values())
    assert '"fault.raised"' in told and '"fault.cleared"' in told and '"jammed"' in told


def test_lines_are_lost_and_come_back(town):
    fleet, _crowd, hours = town(offline_rate=2.0, offline_hours=0.2)
    seen = set()
    for _ in range(40):
        hours(0.1)
        seen |= {machine.wanted for machine in fleet.machines}
    assert seen == {True, False}


def test_the_same_seed_sells_the_same(town):
    def sales(**options):
        fleet, _crowd, hours = town(fail_rate=0.3, **options)
        hours(2)
        return [(e["slot"], e["pay"], e["outcome"], e["ts"]) for m in fleet.machines
                for e in m.state.sold.values()]  # fmt: skip

    assert sales(seed=7) == sales(seed=7)
    assert sales(seed=8) != sales(seed=7)


def test_clocks_drift_and_are_lost(town):
    fleet, _crowd, hours = town(drift=60.0, unset_rate=0.0, qty=1000)
    hours(3)
    told = "".join(text for m in fleet.machines for text in m.state.pending.values())
    assert '"ts_q":"drifted"' in told and '"ts_q":"synced"' in told
    fleet, _crowd, hours = town(unset_rate=1.0)
    hours(1)
    texts = [text for m in fleet.machines for text in m.state.pending.values()]
    assert texts and all('"ts_q":"unset"' in text and '"ts":"2000-' in text for text in texts)
