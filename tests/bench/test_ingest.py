# SPDX-License-Identifier: LGPL-3.0-or-later
"""Durable ingest against the least it can cost: both drain the same messages off a real broker.

Each round the crowd publishes while nobody listens; the broker keeps everything in two sessions.
Then the bare loop (bare.py: stock paho, three columns, one index) and the bridge drain theirs, one
after the other, each a process of its own with the cores to itself. Ours besides checks each
message against its schema, finds duplicates, keeps six indexes and journals, and answers each
machine. Commit comes before PUBACK in both, PUBACK before ``evt_ack`` in ours.
``WINE_BENCH_EVENTS`` sets the events of a round (40,000).
"""

import os
import statistics
import sys
import time

from tests.bench import bare, crowd
from tests.bench.common import report
from tests.harness import House
from tools.env import kit, mosquitto, postgres

NAME = "wine_bench_ingest"
EVENTS = int(os.environ.get("WINE_BENCH_EVENTS") or 40_000)
MACHINES, ROUNDS = 1000, 3
#: ours reaches so much of the bare loop's rate; and so many events a second
AIM, LEAST = 0.7, 5000


class Race:
    """A house with a crowd, and the two processes that drain what it said."""

    def __init__(self, house):
        self.house = house
        self.filter = f"wine/v1/{NAME}/+/up/evt"
        crowd.admit(house.broker, NAME)
        with house.env() as env:
            self.speaker = crowd.Speaker(crowd.machines(env, MACHINES), NAME)
            env.cr.execute(bare.TABLE)

    def run_bare(self):
        broker, dsn = self.house.broker, f"dbname={NAME}"
        where = (broker.host, broker.port, mosquitto.BRIDGE, broker.bridge_password)
        command = [sys.executable, "-m", "tests.bench.bare", *where, self.filter, dsn]
        return kit.process(command, {**os.environ, **postgres.environment()}, f"{NAME}-bare")

    def run_ours(self):
        environment = kit.bridge_environment(NAME, self.house.broker)
        environment["WINE_BRIDGE_PROJECT"] = "0"
        return kit.process(kit.bridge_command(NAME), environment, f"{NAME}-bridge")

    def open_sessions(self):
        """Each of the two connects once, so that the broker keeps messages for it."""
        for run, table in ((self.run_bare, "bench_bare"), (self.run_ours, "wine_bridge_event")):
            before = self.number(table)
            with run(), crowd.voice(self.house.broker) as voice:

                def heard(voice=voice, table=table, before=before):
                    voice.say([self.speaker.publish(self.speaker.uuids[0])])
                    return self.number(table) > before

                assert self.house.until(heard, 60, lambda: time.sleep(0.5))

    def speak(self):
        """Everybody in turn, while nobody listens."""
        uuids = self.speaker.uuids
        turns = (uuids[number % len(uuids)] for number in range(EVENTS))
        with crowd.voice(self.house.broker) as voice:
            voice.say([self.speaker.publish(uuid) for uuid in turns])
            voice.finish()

    def number(self, table):
        """The number given last: asked of the sequence, which costs the database nothing."""
        return self.house.query(f"SELECT last_value FROM {table}_id_seq")[0][0]  # noqa: S608

    def drain(self, run, table):
        """Events a second from the first one stored to the last."""
        goal = self.number(table) + EVENTS
        with run():
            first = self._when(table, goal - EVENTS + 1)
            begun = self.number(table)
            last = self._when(table, goal)
            time.sleep(0.5)  # the last PUBACKs
        return (goal - begun) / (last - first)

    def _when(self, table, number):
        deadline = time.monotonic() + 120
        while self.number(table) < number:
            assert time.monotonic() < deadline, f"{table} stays at {self.number(table)}"
            time.sleep(0.005)
        return time.monotonic()


def test_durable_ingest_against_a_bare_loop():
    rates = {"bare": [], "ours": []}
    with House(NAME) as house:
        race = Race(house)
        race.open_sessions()
        for _round in range(ROUNDS):
            race.speak()
            rates["bare"].append(race.drain(race.run_bare, "bench_bare"))
            rates["ours"].append(race.drain(race.run_ours, "wine_bridge_event"))
        sums = house.query(
            "SELECT count(*), sum(duplicates) FROM wine_bridge_event WHERE epoch = 1"
        )
    bare_rate, rate = (statistics.median(rates[who]) for who in ("bare", "ours"))
    ratios = [ours / least for ours, least in zip(rates["ours"], rates["bare"], strict=True)]
    report(
        f"Durable ingest, {ROUNDS} × {EVENTS} events of {MACHINES} machines",
        [
            ("bare loop", f"{bare_rate:9.0f} events/s"),
            ("ours", f"{rate:9.0f} events/s (at least {LEAST})"),
            ("ratio", f"{statistics.median(ratios):9.2f} (at least {AIM})"),
            ("stored, duplicates", f"{sums[0][0]}, {sums[0][1]}"),
        ],
    )
    assert sums[0][0] >= ROUNDS * EVENTS
    assert statistics.median(ratios) >= AIM
    assert rate >= LEAST
