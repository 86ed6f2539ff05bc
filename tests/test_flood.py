# SPDX-License-Identifier: LGPL-3.0-or-later
"""One machine that sends 1,000 messages a second slows none of fifty others, and loses nothing.

What that means here: 95 % of what the others say is acknowledged within twice the time that it
takes without the flood and :data:`SLACK` more, in the same run, and all of it is stored once. One
flood, eight seconds long; what the broker or the line bear is not tried.
"""

import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.harness import House
from tests.speakers import Speaker
from tools.env.paths import PROJECT, PYTHON

pytestmark = pytest.mark.alone
NORMAL, PER_SECOND = 50, 1000
QUIET, FLOOD = 4.0, 8.0
#: seconds that the computer may take for itself, beside twice the time without a flood
SLACK = 0.1
#: MiB: what the bridge may grow by while it is flooded
GROWTH = 80


@pytest.fixture(scope="module")
def house():
    with House("wine_flood") as made:
        made.do(_machines)
        made.fleet = {entry["uuid"]: entry["password"] for entry in made.provision()["machines"]}
        made.start_bridge()
        yield made


def _machines(env):
    """As many as are needed, beside those of the demo."""
    there = env["wine.machine"].search([])
    for number in range(len(there), NORMAL + 1):
        machine = there[0].copy({"name": f"Quiet {number}", "serial": f"FLOOD-{number}"})
        machine.action_commission()


@pytest.fixture(scope="module")
def boards(house):
    base = f"wine/v1/{house.name}"
    made = [Speaker(house.broker.port, base, uuid, secret) for uuid, secret in house.fleet.items()]
    assert house.until(lambda: all(board.client.is_connected() for board in made), 20)
    for board in made:  # until the bridge is there
        assert house.until(lambda board=board: board.heard, 60, step=lambda b=board: _knock(b))
    yield made
    for board in made:
        board.close()


def _again(board):
    """What was not acknowledged is told again, as docs/protocol asks."""
    time.sleep(2)
    for seq in board.waiting():
        board.tell(seq)


def _knock(board):
    board.knock()
    time.sleep(0.2)


class Round:
    """The normal machines: each says one event a second, for a while."""

    def __init__(self, boards):
        self.boards, self.seq, self.stop = boards, 0, threading.Event()

    def run(self, seconds):
        """Speak; returns the seconds from each event to its ``evt_ack``."""
        for board in self.boards:
            board.delays.clear()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.seq += 1
            for board in self.boards:
                board.tell(self.seq)
                time.sleep(1 / len(self.boards))
        deadline = time.monotonic() + 15
        while any(board.waiting() for board in self.boards) and time.monotonic() < deadline:
            time.sleep(0.05)
        return sorted(delay for board in self.boards for delay in board.delays)


def p95(delays):
    return delays[int(len(delays) * 0.95)]


def resident(pid):
    """MiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if "VmRSS" in line) / 1024


def flooding(house, uuid):
    """The flood, in a process of its own."""
    arguments = [house.broker.port, f"wine/v1/{house.name}", uuid, FLOOD + 1, PER_SECOND]
    return subprocess.Popen(
        [PYTHON, "-m", "tests.speakers", *map(str, arguments)],
        cwd=PROJECT,
        env={**os.environ, "SECRET": house.fleet[uuid]},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_flood(house, boards):
    loud, normal = boards[0], boards[1 : NORMAL + 1]
    talk = Round(normal)
    talk.run(1.5)  # warm
    quiet = talk.run(QUIET)
    before = resident(house.bridge.pid)

    loud.close()  # its place at the broker is taken by the flood
    flood = flooding(house, loud.uuid)
    time.sleep(1.0)
    flooded = talk.run(FLOOD)
    during = resident(house.bridge.pid)
    report = json.loads(flood.communicate(timeout=30)[0])
    rate = report["sent"] / report["seconds"]
    print(
        f"\nevent to evt_ack of {len(normal)} machines, p95: {p95(quiet) * 1000:.0f} ms alone, "
        f"{p95(flooded) * 1000:.0f} ms beside {rate:.0f} messages/s of one; "
        f"the bridge grew by {during - before:.0f} MiB"
    )

    assert rate > 0.9 * PER_SECOND, (
        f"only {rate:.0f} messages/s: that is not the flood of the title"
    )
    waiting = {board.uuid: board.waiting() for board in normal if board.waiting()}
    assert not waiting, f"events without evt_ack: {waiting}"
    assert p95(flooded) <= 2 * p95(quiet) + SLACK
    assert during - before <= GROWTH
    _nothing_lost_or_doubled(house, normal, talk.seq)


def _nothing_lost_or_doubled(house, boards, count):
    rows = house.query(
        """SELECT machine.uuid, count(*), count(DISTINCT event.seq), max(event.seq)
             FROM wine_bridge_event event JOIN wine_machine machine ON machine.id = machine_id
            WHERE event.seq IS NOT NULL AND event.channel = 'evt' AND event.state <> 'quarantined'
            GROUP BY machine.uuid"""
    )
    found = {uuid: tuple(map(int, rest)) for uuid, *rest in rows}
    assert {found[board.uuid] for board in boards} == {(count, count, count)}


def test_who_flooded_is_told_of_and_loses_nothing(house, boards):
    """It got its share, an alert was raised, and once it waits for answers all of it is stored."""
    uuid = boards[0].uuid
    share = house.query(
        """SELECT count(*) FROM wine_bridge_event event
             JOIN wine_machine machine ON machine.id = machine_id
            WHERE uuid = %s AND channel = 'evt' AND event.state <> 'quarantined'""",
        uuid,
    )[0][0]
    assert 100 <= share <= 500 + 50 * 40, f"{share} events stored of the flood"
    noted = """SELECT times FROM wine_bridge_disturbance JOIN wine_machine machine
                   ON machine.id = machine_id WHERE uuid = %s AND kind = 'flood'"""
    assert house.until(lambda: house.query(noted, uuid), 10), "the flood is not noted"
    assert house.query(noted, uuid)[0][0] > 1000
    house.do(lambda env: env["wine.machine.alert"]._watch())
    alerts = house.do(
        lambda env: (
            env["wine.machine.alert"]
            .search([("machine_id.uuid", "=", uuid), ("kind", "=", "flood")])
            .mapped("state")
        )
    )
    assert alerts == ["open"]

    board = Speaker(house.broker.port, f"wine/v1/{house.name}", uuid, house.fleet[uuid])
    try:
        for seq in range(1, 101):
            board.tell(seq)
        stored = house.until(lambda: not board.waiting(), 45, step=lambda: _again(board))
        assert stored, f"not stored: {board.waiting()}"
    finally:
        board.close()
    assert house.bridge.poll() is None
