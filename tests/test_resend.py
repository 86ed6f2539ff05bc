# SPDX-License-Identifier: LGPL-3.0-or-later
"""A line that swallows events, a board that forgot its journal: real devices, broker and bridge.

The devices of this test are worse than the fleet's: they believe that what they have sent has
arrived, and do not listen to what an acknowledgement names as missing. Then `event.resend` alone
brings the events, and what no journal holds any more becomes a case. The bridge has its projectors
in processes of their own.
"""

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from fleet.device import Message
from fleet.options import Options
from fleet.runner import Fleet
from tests.harness import House

OPTIONS = Options(seed=5, rate=0, start_spread=0, hello=0.2, ack_timeout=3600.0, tele=0)


@pytest.fixture(scope="module")
def house():
    with House("wine_resend") as house:
        house.config = house.provision()
        house.start_bridge(WINE_BRIDGE_PROJECTORS="2")
        with house.env() as env:
            parameters = env["ir.config_parameter"]
            parameters.set_param("wine_device_bridge.gap_seconds", "1")
            parameters.set_param("wine_device_bridge.gap_start_delay", "0")
        yield house


@pytest.fixture
def fleet(house, tmp_path):
    with Fleet(house.config, tmp_path / "fleet", OPTIONS) as fleet:
        fleet.start()
        assert fleet.run_until(fleet.ready, 60)
        assert fleet.run_until(fleet.drained, 30)
        assert fleet.run_until(lambda: not house.waiting(), 60), "no projector has begun"
        yield fleet


def swallow(machine, count):
    """The line loses the next ``count`` events, once each; the device is content."""
    device, publish = machine.device, machine.link.publish
    first = device.state.next_seq
    lost = set(range(first, first + count))

    def lossy(message):
        if message.suffix != "up/evt" or not lost:
            return publish(message)
        content = json.loads(message.payload)
        events = content if isinstance(content, list) else [content]
        passed = [event for event in events if event["seq"] not in lost]
        lost.difference_update(event["seq"] for event in events)
        return publish(replace(message, payload=json.dumps(passed))) if passed else None

    machine.link.publish = lossy
    hear = device.acknowledged

    def acknowledged(ack, now=None):
        again = device.outbox.again
        device.outbox.again = lambda seqs: 0
        try:
            hear(ack, now)
        finally:
            device.outbox.again = again

    device.acknowledged = acknowledged


def doors(machine, fleet, count):
    """So many events, each in a message of its own."""
    for number in range(count):
        machine.act("open_door" if number % 2 == 0 else "close_door", "key")
        fleet.run(0.05)


def look(house):
    """Run the watch until it has asked."""
    time.sleep(1.1)
    house.do(lambda env: env["wine.bridge.gap"]._cron_watch())


def gap_of(house, machine):
    rows = house.query(
        """SELECT gap.state, gap.missing::int, gap.tries, wine_case.state FROM wine_bridge_gap gap
             JOIN wine_machine machine ON machine.id = gap.machine_id
             LEFT JOIN wine_case ON wine_case.id = gap.case_id
            WHERE machine.uuid = %s ORDER BY gap.id DESC LIMIT 1""",
        machine.uuid,
    )
    return rows[0] if rows else None


def stored(house, machine):
    """Doors that were told; the counters that it is asked for after a loss come between them."""
    [(count,)] = house.query(
        """SELECT count(*) FROM wine_bridge_event event
             JOIN wine_machine machine ON machine.id = event.machine_id
            WHERE machine.uuid = %s AND event.type = 'door'""",
        machine.uuid,
    )
    return count


def test_what_the_line_swallowed_comes_when_it_is_asked_for(house, fleet):
    machine = fleet.machines[0]
    had = stored(house, machine)
    swallow(machine, 3)
    doors(machine, fleet, 6)
    assert fleet.run_until(lambda: stored(house, machine) == had + 3, 10)
    look(house)
    assert gap_of(house, machine)[:3] == ("open", 3, 0)
    look(house)
    assert gap_of(house, machine)[:3] == ("asked", 3, 1)
    assert fleet.run_until(lambda: stored(house, machine) == had + 6, 15), "nothing was sent again"
    assert fleet.run_until(fleet.drained, 10), "the acknowledgement covers it all"
    look(house)
    assert gap_of(house, machine) == ("filled", 0, 1, None)
    assert house.until(lambda: not house.waiting(), 20)
    [(states,)] = house.query(
        "SELECT array_agg(DISTINCT state) FROM wine_bridge_command WHERE type = 'event.resend'"
    )
    assert states == ["succeeded"]


def test_what_no_journal_holds_is_a_case_until_it_comes_after_all(house, fleet):
    machine = fleet.machines[1]
    had = stored(house, machine)
    swallow(machine, 2)
    doors(machine, fleet, 4)
    assert fleet.run_until(lambda: stored(house, machine) == had + 2, 10)
    state = machine.device.state
    lost = [state.pending[seq] for seq in sorted(state.pending)[:2]]
    state.pending = {seq: text for seq, text in state.pending.items() if text not in lost}
    look(house)
    look(house)
    assert gap_of(house, machine)[:2] == ("asked", 2)
    answered = "SELECT count(*) FROM wine_bridge_command WHERE code = 'not_held'"
    assert fleet.run_until(lambda: house.query(answered)[0][0], 20), "the device did not say so"
    look(house)
    look(house)
    assert gap_of(house, machine) == ("missing", 2, 1, "open")
    publish_again(machine, lost)
    assert fleet.run_until(lambda: stored(house, machine) == had + 4, 15)
    look(house)
    assert gap_of(house, machine) == ("filled", 0, 1, "decided")


def publish_again(machine, texts):
    """Somebody has read the journal of the old board and plays it in."""
    machine.link.publish(Message("up/evt", json.dumps([json.loads(text) for text in texts])))


def test_a_board_that_was_reset_without_a_claim(house, fleet):
    """Same credential and epoch, empty journal: a case; a good device skips used numbers."""
    machine = fleet.machines[2]
    doors(machine, fleet, 4)
    assert fleet.run_until(fleet.drained, 10)
    used = machine.device.state.next_seq
    machine.go_offline()
    fleet.run(0.3)
    device = machine.device
    device.commit({"skip": 1})
    device.fresh, device.boot_id = True, str(uuid4())
    machine.go_online()
    query = """SELECT count(*) FROM wine_case WHERE kind = 'conflict' AND state = %s
                  AND reference LIKE 'numbers-%%'"""
    assert fleet.run_until(lambda: house.query(query, "open")[0][0] == 1, 20), "nobody was told"
    doors(machine, fleet, 2)
    assert fleet.run_until(fleet.drained, 10)
    assert device.state.next_seq >= used + 2, "it goes on behind what was used"
    [(refused,)] = house.query(
        "SELECT count(*) FROM wine_bridge_event WHERE code = 'identity_conflict'"
    )
    assert refused == 0
    machine.go_offline()
    fleet.run(0.3)
    device.boot_id = str(uuid4())
    machine.go_online()
    assert fleet.run_until(lambda: house.query(query, "decided")[0][0] == 1, 20)


def test_processes_of_their_own(house, fleet):
    """`WINE_BRIDGE_PROJECTORS=2`: a killed one comes back, and all end with the bridge."""
    machine, bridge = fleet.machines[3], house.bridge
    assert house.until(lambda: len(children(bridge.pid)) == 2, 20)
    victim = children(bridge.pid)[0]
    os.kill(victim, signal.SIGKILL)
    doors(machine, fleet, 4)
    assert fleet.run_until(fleet.drained, 10)
    assert house.until(lambda: not house.waiting(), 30), "the other one does not go on"
    assert house.until(lambda: len(set(children(bridge.pid)) - {victim}) == 2, 20)
    left = children(bridge.pid)
    house.kill_bridge()
    # who is still loading looks for its bridge after that
    assert house.until(lambda: not any(alive(pid) for pid in left), 60), "orphans stay"


def children(pid):
    listings = Path(f"/proc/{pid}/task").glob("*/children")
    direct = [int(word) for listing in listings for word in listing.read_text().split()]
    return [child for child in direct if alive(child)]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
