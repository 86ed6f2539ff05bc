# SPDX-License-Identifier: LGPL-3.0-or-later
"""Two bridges with a projector each against one, on the same messages.

First storing alone (everything waits at the broker when they start), then storing and using it.
The crowd, the broker and PostgreSQL want cores as well: what two may win is what one leaves idle,
so the ratio is asserted only where there are four cores or more, and printed in any case, with the
share of the cores that one bridge already took. ``WINE_BENCH_EVENTS`` sets the events (20,000).
"""

import os
import time
from contextlib import ExitStack

import pytest

from tests.bench import crowd
from tests.bench.common import report
from tests.harness import House
from tools.env import kit

NAME = "wine_bench_two"
EVENTS = int(os.environ.get("WINE_BENCH_EVENTS") or 20_000)
MACHINES, AIM = 500, 1.6
CORES = len(os.sched_getaffinity(0))


def busy():
    """Seconds that all cores have worked so far."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _wait, irq, soft = map(int, stat.readline().split()[1:8])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


class Contest:
    """The same crowd for one bridge and for two, each with sessions of their own."""

    def __init__(self, house):
        self.house = house
        crowd.admit(house.broker, NAME)
        with house.env() as env:
            self.speaker = crowd.Speaker(crowd.machines(env, MACHINES), NAME)

    def bridges(self, stack, names, projectors, *options):
        environment = kit.bridge_environment(NAME, self.house.broker)
        environment["WINE_BRIDGE_PROJECTORS"] = str(projectors)
        command = [*kit.bridge_command(NAME), *options]
        return [
            stack.enter_context(
                kit.process(
                    command, {**environment, "WINE_BRIDGE_INSTANCE": name}, f"{NAME}-{name}"
                )
            )
            for name in names
        ]

    def retire(self, names):
        """They have no share any more in what the next ones are told."""
        with ExitStack() as stack:
            for process in self.bridges(stack, names, 0, "--only", "retire"):
                assert process.wait(90) == 0

    def run(self, names, projectors):
        """(events a second, share of the cores): told while they are away, then they come back."""
        with ExitStack() as stack:
            self.bridges(stack, names, 0)
            assert self.house.until(lambda: self.alive() == len(names), 90)
        uuids = self.speaker.uuids
        with crowd.voice(self.house.broker) as voice:
            voice.say([self.speaker.publish(uuids[n % MACHINES]) for n in range(EVENTS)])
            voice.finish()
        goal = self.number() + EVENTS
        with ExitStack() as stack:
            self.bridges(stack, names, projectors)
            self.wait(lambda: self.number() > goal - EVENTS)
            begun, worked, first = time.monotonic(), busy(), self.number()
            self.wait(lambda: self.number() >= goal)
            if projectors:
                self.wait(lambda: not self.house.waiting())
            spent = time.monotonic() - begun
            share = (busy() - worked) / spent / CORES
        self.retire(names)
        done = EVENTS if projectors else goal - first
        return done / spent, share

    def forget(self):
        """What was only stored is no work for those who use it."""
        with self.house.env() as env:
            env.cr.execute("UPDATE wine_bridge_event SET state = 'done' WHERE state = 'new'")

    def alive(self):
        """Bridges that hold the lock by which they are counted (process/presence.py)."""
        return self.house.query(
            """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7420
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
        )[0][0]

    def number(self):
        return self.house.query("SELECT last_value FROM wine_bridge_event_id_seq")[0][0]

    def wait(self, condition):
        assert self.house.until(condition, 900, lambda: time.sleep(0.02))


@pytest.mark.timeout(3600)
def test_two_bridges_against_one():
    figures = {}
    with House(NAME) as house:
        contest = Contest(house)
        for projectors in (0, 1):
            for names in (("one",), ("a", "b")):
                figures[projectors, len(names)] = contest.run(names, projectors)
                contest.forget()
        rows = house.query(
            "SELECT count(*), count(DISTINCT event_id) FROM wine_bridge_event WHERE boot = %s",
            contest.speaker.boot,
        )[0]
    lines = []
    for projectors, what in ((0, "stored"), (1, "stored and used")):
        (one, share), (two, both) = figures[projectors, 1], figures[projectors, 2]
        lines += [
            (f"{what}, one bridge", f"{one:8.0f} events/s, {share:.0%} of {CORES} cores"),
            (f"{what}, two bridges", f"{two:8.0f} events/s, {both:.0%} of {CORES} cores"),
            (f"{what}, ratio", f"{two / one:8.2f} (at least {AIM} on 4 cores or more)"),
        ]
    report(f"Two bridges against one, {EVENTS} events of {MACHINES} machines", lines)
    assert rows[0] == rows[1] == 4 * EVENTS
    if CORES >= 4:
        assert figures[1, 2][0] / figures[1, 1][0] >= AIM
