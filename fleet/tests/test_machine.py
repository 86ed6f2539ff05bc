# SPDX-License-Identifier: LGPL-3.0-or-later
"""A machine's line and power, without a broker."""

import json

import pytest

from fleet import burst
from fleet.errors import JournalDamaged
from fleet.history import Row
from fleet.loop import Loop
from fleet.machine import RETRY
from fleet.options import Options
from fleet.replay import Replay
from fleet.runner import Fleet
from fleet.tests import standin


@pytest.fixture
def lonely(tmp_path):
    """A fleet of two whose broker is not there, with planograms."""
    config = standin.configuration(standin.free_port(), 2)
    fleet = Fleet(config, tmp_path, Options(dispense=0, connect_rate=1000))
    for machine in fleet.machines:
        machine.device.shadow.receive(standin.planogram(), fleet.now())
    yield fleet
    fleet.stop()


def test_attempts_become_rarer(lonely):
    machine = lonely.machines[0]
    waits = []
    for _ in range(8):
        machine.connect(1000.0)
        waits.append(machine.retry_at - 1000.0)
    assert RETRY[0] / 2 <= waits[0] <= RETRY[0]
    assert RETRY[1] / 2 <= waits[-1] <= RETRY[1]


def test_sales_go_on_without_a_line_and_survive_a_power_cut(lonely):
    machine = lonely.machine("WV-0001")
    vend_id = machine.buy("A1", pay="cash", outcome="success")
    before = machine.state.snapshot()["snapshot"]
    machine.power_cut()
    assert machine.state.snapshot()["snapshot"] == before | {"boots": 2}
    assert machine.state.sold[vend_id]["outcome"] == "success"
    assert json.loads(machine.state.pending[1])["hist"] is True


def test_machines_are_found_by_uuid_and_serial(lonely):
    machine = lonely.machines[1]
    assert lonely.machine(machine.uuid) is lonely.machine("WV-0002") is machine
    with pytest.raises(KeyError):
        lonely.machine("WV-0003")
    assert (machine.find("W2"), machine.find("W9"), machine.version) == ("A2", None, 1)


def test_only_the_first_machines(tmp_path):
    fleet = Fleet(standin.configuration(1884, 5), tmp_path, machines=2)
    assert len(fleet.machines) == 2 and not fleet.ready() and fleet.drained()
    fleet.stop()


def test_listeners_hear_of_each_attempt(lonely):
    heard = []
    lonely.listeners.append(lambda machine, entry: heard.append((machine.serial, entry["outcome"])))
    lonely.machines[0].buy("A1", outcome="failed")
    lonely.machines[1].buy("A1")
    assert heard == [("WV-0001", "failed"), ("WV-0002", "success")]


def test_a_forced_outcome_waits_for_the_next_vend(lonely):
    machine = lonely.machines[0]
    machine.force("unknown")
    first, second = machine.buy("A1"), machine.buy("A1")
    outcomes = [machine.state.sold[vend]["outcome"] for vend in (first, second)]
    assert outcomes == ["unknown", "success"]


def test_a_higher_epoch_in_the_configuration_is_a_new_board(lonely):
    lonely.machines[0].buy("A1")
    lonely.stop()
    source = standin.configuration(1884, 2)
    source["machines"][0]["epoch"] = 3
    fleet = Fleet(source, lonely.state_dir)
    epochs = [(machine.state.epoch, machine.state.next_seq) for machine in fleet.machines]
    assert epochs == [(3, 1), (1, 1)]
    assert fleet.machines[0].state.slots["A1"]["qty"] == 7
    fleet.stop()


def test_a_damaged_journal_is_not_begun_on(lonely):
    lonely.machines[0].buy("A1")
    lonely.stop()
    path = lonely.state_dir / f"{lonely.machines[0].uuid}.journal"
    content = path.read_bytes()
    path.write_bytes(content[:20] + b"?" + content[21:])
    with pytest.raises(JournalDamaged, match="line 1"):
        Fleet(lonely.config, lonely.state_dir)


# replay and burst by themselves


def test_rows_find_their_slot_or_say_why_not(lonely):
    rows = [
        Row(2, "wv-0001", "W1", 2, "12.50", "25.00", 1_700_000_000.0),
        Row(3, "WV-0002", "W2", 3, "12.50", "37.51", 1_700_000_000.0),
        Row(4, "WV-0002", "W7", 1),
        Row(5, "nobody", "W1", 1),
        Row(6, "WV-0001", "W1", 0, problem="quantity 0"),
    ]
    told = Replay(lonely, "digest").run(rows, "serial")
    assert (told.told, told.known, told.split) == (5, 0, [3])
    assert [line.split(":")[0] for line in told.unsent] == ["line 4", "line 5", "line 6"]
    assert str(told.value()) == "62.51"
    again = Replay(lonely, "digest").run(rows, "serial")
    assert (again.told, again.known) == (0, 5)
    assert Replay(lonely, "another file").run(rows[:1], "serial").told == 2


def test_a_burst_tells_so_many(lonely):
    assert burst.run(lonely, 12) == 24
    assert lonely.pending() == 24
    assert burst.run(lonely, 3, lambda: True) == 2


def test_a_burst_without_a_planogram_moves_the_door(tmp_path):
    fleet = Fleet(standin.configuration(standin.free_port()), tmp_path)
    assert burst.run(fleet, 4) == 4
    kinds = [json.loads(text)["type"] for text in fleet.machines[0].state.pending.values()]
    assert kinds == ["door"] * 4
    fleet.stop()


def test_a_loop_forgets_sockets_that_it_does_not_know():
    import socket

    loop = Loop()
    first, second = socket.socketpair()
    loop.remove(first)
    loop.watch(first, True)
    first.close()
    loop.remove(first)
    second.close()
    loop.poll(0)
    loop.close()
