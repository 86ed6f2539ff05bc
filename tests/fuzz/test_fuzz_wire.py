# SPDX-License-Identifier: LGPL-3.0-or-later
"""Rubbish over a real broker to a real bridge: all of it accounted for, its memory bounded.

Machines send by QoS 1, readings too, so that nothing may be lost on the way and all can be counted;
the limit of what one machine may say is lifted, for it would let five refused messages a second
through (`tests/test_flood.py` tries the limit). Topics that are not a machine's own are sent by one
machine, and the broker turns them away.
"""

import json
import re
import time
from pathlib import Path

import pytest

from tests.fuzz.mutate import Fuzzer
from tests.fuzz.receiving import Expected, Found, machines_of, newest
from tests.fuzz.sizes import size
from tests.harness import House
from tests.speakers import Speaker, event
from tools.env.paths import LOGS

WIRE = size("wire", 800)
MACHINES, ROUND = 12, 50
#: spoilt messages before memory is looked at
WARM = min(WIRE // 4, 5000)
#: MiB: what a bridge may ever take (docs/operations/running.md), and what rubbish may add to it
MOST, GROWTH = 300, 80
#: what MQTT does not let pass as a name, or not as one to publish to
FORBIDDEN = set("+#\0\ud800\udfff")
#: bytes: what the broker takes in one packet, less its head (`tools/env/mosquitto.py`)
PACKET = 262_144 - 1024


@pytest.fixture(scope="module")
def house():
    (LOGS / "wine_fuzzwire-bridge.log").unlink(missing_ok=True)
    with House("wine_fuzzwire") as made:
        made.fleet = {entry["uuid"]: entry["password"] for entry in made.provision()["machines"]}
        made.start_bridge(WINE_BRIDGE_RATE="0", WINE_BRIDGE_BURST="1000000")
        yield made


class Rubbish:
    """Machines that speak rubbish, another that goes on selling, and one that is a stranger."""

    def __init__(self, house):
        from odoo.addons.wine_device_bridge.core.topics import Topics

        self.house, self.topics = house, Topics("wine/v1", house.name)
        pairs = list(house.fleet.items())[: MACHINES + 2]
        self.boards = {uuid: self._board(uuid, secret) for uuid, secret in pairs[2:]}
        self.calm, self.stranger = (self._board(*pair) for pair in pairs[:2])
        self.fuzzer = Fuzzer(29, base=self.topics.base, machines=tuple(self.boards))
        self.expected = Expected(self.topics, machines_of(house))
        self.strange = self.told = 0

    def _board(self, uuid, secret):
        return Speaker(self.house.broker.port, self.topics.base, uuid, secret)

    def close(self):
        for board in (*self.boards.values(), self.calm, self.stranger):
            board.close()

    def send(self, count):
        """So many spoilt messages, by rounds; after each one the bridge has stored it."""
        sent = 0
        while count > 0:
            topic, payload = self.fuzzer.message()
            if set(topic) & FORBIDDEN or not topic or len(payload) > PACKET:
                continue  # no client can send that, or the broker hangs up
            count -= self.fuzzer.spoilt
            own = self.topics.parse_up(topic)
            if not own or own[0] not in self.boards:
                self.strange += 1
                self.stranger.client.publish(topic, payload, 1)
                continue
            self.expected.add(topic, payload, self.fuzzer.spoilt)
            self.boards[own[0]].client.publish(topic, payload, 1)
            sent += 1
            if sent % (ROUND * MACHINES // 2) == 0:
                self._fence()
        self._fence()

    def _fence(self):
        """A good event of each machine behind its rubbish, and one of the calm one; all stored."""
        fences = []
        for uuid, board in self.boards.items():
            self.fuzzer.number += 1
            fence = event(self.fuzzer.number)
            fences.append(fence["id"])
            self.expected.items["good"] += 1
            board.client.publish(f"{self.topics.base}/{uuid}/up/evt", _bytes(fence), 1)
        self.told += 1
        self.expected.items["good"] += 1
        self.calm.tell(self.told)
        stored = "SELECT count(*) FROM wine_bridge_event WHERE event_id = ANY(%s)"
        there = lambda: self.house.query(stored, fences)[0][0] == len(fences)  # noqa: E731
        pause = lambda: time.sleep(0.05)  # noqa: E731
        assert self.house.until(there, 60, pause), "the bridge does not go on"
        assert self.house.until(lambda: not self.calm.waiting(), 30, pause), "a good machine waits"


def _bytes(content):
    return json.dumps(content).encode()


def memory(pid, field):
    """MiB: VmRSS now, VmHWM at most until now."""
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if field in line) / 1024


def test_rubbish_over_the_wire_is_all_accounted_for(house):
    rubbish = Rubbish(house)
    try:
        calm = rubbish.calm
        assert house.until(lambda: calm.heard, 60, step=lambda: (calm.knock(), time.sleep(0.3)))
        since, pid = newest(house), house.bridge.pid
        rubbish.send(WARM)
        assert house.until(lambda: not house.waiting(), 120)
        before = memory(pid, "VmHWM")
        begun = time.monotonic()
        rubbish.send(WIRE - WARM)
        spent = time.monotonic() - begun
        _settle(house, since, rubbish.expected)
        assert house.bridge.poll() is None, "the bridge is gone"
        most = memory(pid, "VmHWM")
        assert house.stop_bridge() == 0
    finally:
        rubbish.close()
    found = Found(house, since)
    print(
        f"\n{rubbish.expected}; in the database {vars(found)}; {rubbish.strange} more on topics "
        f"of others; {spent:.0f} s; the bridge took {before:.0f} MiB after {WARM} messages, "
        f"{most:.0f} after all"
    )
    rubbish.expected.agree(found)
    assert found.unstorable == 0, "PostgreSQL refuses what the reader lets through"
    assert {"schema", "too_large", "foreign_machine"} <= found.codes.keys()
    assert _last_report() == {"unreadable": rubbish.expected.unreadable, "lost": 0, "dropped": 0}
    assert not _of_a_stranger(house, since, rubbish), "the broker let a strange topic through"
    assert most < MOST and most - before < GROWTH


def _settle(house, since, expected):
    """All is counted, and what can be used is used."""
    items = sum(expected.items.values())
    counted = house.until(lambda: Found(house, since).all >= items, 60)
    assert counted, f"{Found(house, since).all} of {items} are there"
    assert house.until(lambda: not house.waiting(), 120 + WIRE / 50)


def _last_report():
    text = (LOGS / "wine_fuzzwire-bridge.log").read_text(errors="replace")
    words = ("unreadable", "lost", "dropped")
    return {word: int(re.findall(rf"{word} (\d+)", text)[-1]) for word in words}


def _of_a_stranger(house, since, rubbish):
    speakers = [*rubbish.boards, rubbish.calm.uuid]
    return house.query(
        """SELECT topic, code FROM wine_bridge_event event
             LEFT JOIN wine_machine machine ON machine.id = machine_id
            WHERE event.id > %s AND NOT COALESCE(uuid = ANY(%s), false) LIMIT 5""",
        since,
        speakers,
    )
