# SPDX-License-Identifier: LGPL-3.0-or-later
"""Reconnect storm: everybody comes back at once, each with its journal of 50 events.

After an outage all machines connect within seconds, none of them waiting its turn as the protocol
asks (docs/protocol §4): each one a connection of its own with a persistent session and a will, a
birth, its state, and an array of 50 events; each goes on until an ``evt_ack`` covers them, and says
again what got no answer in 30 s. ``WINE_BENCH_MACHINES`` sets how many (500; the whole: 10,000).
"""

import asyncio
import json
import os
import resource
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.bench import crowd, device
from tests.bench.common import report
from tests.harness import House

NAME = "wine_bench_storm"
MACHINES = int(os.environ.get("WINE_BENCH_MACHINES") or 500)
EVENTS = 50
#: seconds for all to be stored and to be used, of 10,000 machines; MiB of the bridge
STORED, PROJECTED, MEMORY = 180, 1800, 300
PART = MACHINES / 10_000


def machines(house):
    """In portions: making a machine is work of its own."""
    made = []
    while len(made) < MACHINES:
        with house.env() as env:
            made += crowd.machines(env, min(1000, MACHINES - len(made)), len(made))
    return made


def journal(speaker, uuid):
    """What a machine sends when it comes back: [(topic, payload)]; the last are its events."""
    birth = {"fw": "1", "proto": 1, "caps": [], "next_seq": EVENTS + 1, "desired_version": 1}
    said = [
        ("birth", speaker.envelope(uuid, "birth", {**birth, "slots": 3})),
        ("state", speaker.envelope(uuid, "state", {"state": "online"})),
    ]
    messages = [(speaker.topic(uuid, channel), json.dumps(body).encode()) for channel, body in said]
    return [*messages, speaker.publish(uuid, EVENTS)]


def peak(process):
    """Most memory that a process has had, MiB."""
    with open(f"/proc/{process.pid}/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def stored(house):
    return house.query("SELECT count(*) FROM wine_bridge_event WHERE channel = 'evt'")[0][0]


def all_stored(house, before, bridge):
    """(moment, memory of the bridge) when the last event was stored."""
    enough = before + MACHINES * EVENTS
    assert house.until(lambda: stored(house) >= enough, STORED * 2, lambda: time.sleep(1))
    return time.monotonic(), peak(bridge)


@pytest.mark.timeout(3600)
def test_everybody_comes_back_at_once():
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    with House(NAME) as house:
        crowd.admit(house.broker, NAME)
        speaker = crowd.Speaker(machines(house), NAME)
        journals = {uuid: journal(speaker, uuid) for uuid in speaker.uuids}
        before = stored(house)
        bridge = house.start_bridge()
        crowd.wait_online(house, NAME)
        begun = time.monotonic()
        with ThreadPoolExecutor(1) as aside:
            looking = aside.submit(all_stored, house, before, bridge)
            again = asyncio.run(device.storm(house.broker, journals, EVENTS, STORED * 2))
            told = time.monotonic() - begun
            moment, at_ingest = looking.result()
        safe = moment - begun
        assert house.until(lambda: not house.waiting(), PROJECTED, lambda: time.sleep(1))
        used = time.monotonic() - begun
        rows = house.query(
            """SELECT count(*), count(DISTINCT (machine_id, epoch, seq)), sum(duplicates),
                      count(*) FILTER (WHERE state <> 'done')
                 FROM wine_bridge_event WHERE boot = %s AND channel = 'evt'""",
            speaker.boot,
        )[0]
        memory = peak(bridge)
    report(
        f"Reconnect storm, {MACHINES} machines with {EVENTS} events each",
        [
            ("all stored", f"{safe:8.1f} s ({MACHINES * EVENTS / safe:.0f}/s; 10,000: {STORED} s)"),
            ("all told", f"{told:8.1f} s, {again} arrays were sent again"),
            (
                "all used",
                f"{used:8.1f} s ({MACHINES * EVENTS / used:.0f}/s; 10,000: {PROJECTED} s)",
            ),
            ("memory of the bridge", f"{memory:8.0f} MiB, {at_ingest:.0f} when all was stored"),
            ("rows, duplicates, not used", f"{rows[0]}, {rows[2]}, {rows[3]}"),
        ],
    )
    assert rows[0] == rows[1] == MACHINES * EVENTS
    assert rows[3] == 0
    assert memory <= MEMORY
    assert safe <= max(STORED * PART, 30)
    assert told <= max(STORED * PART, 60), "machines say again what is stored"
    assert used <= max(PROJECTED * PART, 120)
