# SPDX-License-Identifier: LGPL-3.0-or-later
"""From a machine's publish to its ``evt_ack``, at the plan's peak of 1,500 events a second.

The whole platform runs beside it: broker, bridge, projection, all on the same cores as the crowd
that speaks and listens. Every event is a publish of its own; sales and doors, in turn from 1,000
machines. What is measured is what a machine waits: its publish, the broker, the batch, the commit,
the answer through the broker. ``WINE_BENCH_SECONDS`` sets how long (20).
"""

import json
import os
import threading
import time

from tests.bench import crowd
from tests.bench.common import report
from tests.harness import House

NAME = "wine_bench_ack"
SECONDS = int(os.environ.get("WINE_BENCH_SECONDS") or 20)
MACHINES, RATE, TICK, WARM_UP = 1000, 1500, 0.01, 3
#: 95 of 100 events are answered within so many seconds
AIM = 0.25


class Clock:
    """When each event was published and when an answer first covered it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = {}  # machine → {seq: when}
        self.waits = []  # (when published, seconds)

    def publishes(self, uuid, seq, now):
        with self.lock:
            self.sent.setdefault(uuid, {})[seq] = now

    def hears(self, messages):
        """An ``evt_ack`` covers all up to its number but for what it names as missing."""
        now = time.monotonic()
        for topic, payload, *_rest in messages:
            said = json.loads(payload)
            with self.lock:
                waiting = self.sent.get(topic.decode().split("/")[3], {})
                missing = set(said["missing"])
                for seq in [s for s in waiting if s <= said["ack_seq"] and s not in missing]:
                    begun = waiting.pop(seq)
                    self.waits.append((begun, now - begun))

    def unanswered(self):
        with self.lock:
            return sum(map(len, self.sent.values()))


def speak(voice, speaker, clock):
    """Publish at the rate, a hundredth of a second at a time; returns the rate that was kept."""
    begun, told, uuids = time.monotonic(), 0, speaker.uuids
    while (passed := time.monotonic() - begun) < SECONDS:
        messages = []
        while told < passed * RATE:
            uuid = uuids[told % len(uuids)]
            messages.append(speaker.publish(uuid))
            clock.publishes(uuid, speaker.seqs[uuid], time.monotonic())
            told += 1
        voice.say(messages)
        time.sleep(TICK)
    return told / (time.monotonic() - begun)


def test_event_to_acknowledgement():
    clock = Clock()
    with House(NAME) as house:
        crowd.admit(house.broker, NAME)
        with house.env() as env:
            speaker = crowd.Speaker(crowd.machines(env, MACHINES), NAME)
        house.start_bridge()
        with crowd.voice(house.broker) as ear, crowd.voice(house.broker) as voice:
            ear.listen(f"wine/v1/{NAME}/+/down/evt_ack", clock.hears)
            crowd.wait_online(house, NAME)
            rate = speak(voice, speaker, clock)
            assert house.until(lambda: not clock.unanswered(), 30), clock.unanswered()
            projected = house.query("SELECT count(*) FROM wine_bridge_event WHERE state <> 'new'")
        stored = _stored(house)
    begun = min(when for when, _wait in clock.waits)
    waits = sorted(wait for when, wait in clock.waits if when - begun > WARM_UP)
    p50, p95, p99 = (waits[int(len(waits) * part)] for part in (0.5, 0.95, 0.99))
    report(
        f"Publish to evt_ack, {RATE} events/s of {MACHINES} machines for {SECONDS} s",
        [
            ("rate kept", f"{rate:8.0f} events/s"),
            ("median", f"{p50 * 1000:8.0f} ms"),
            ("p95", f"{p95 * 1000:8.0f} ms (at most {AIM * 1000:.0f})"),
            ("p99, longest", f"{p99 * 1000:8.0f} ms, {waits[-1] * 1000:.0f} ms"),
            ("stored, projected by then", f"{stored}, {projected[0][0]}"),
        ],
    )
    assert rate >= RATE * 0.97, "the crowd itself could not keep up"
    assert p95 <= AIM


def _stored(house):
    return house.query("SELECT count(*) FROM wine_bridge_event WHERE epoch = 1")[0][0]
