# SPDX-License-Identifier: LGPL-3.0-or-later
"""A device without a broker, and a fleet with one."""

import json
import time

import pytest

from fleet import firmware
from fleet.config import read
from fleet.device import Device
from fleet.journal import MemoryJournal
from fleet.options import Options
from fleet.runner import Fleet
from fleet.tests import standin


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """One mosquitto for the session; the test fails where none is installed."""
    broker = standin.Broker(tmp_path_factory.mktemp("broker")).start()
    yield broker
    broker.stop()


class Bench:
    """A device in the hand: own time, own journal, everything it says in `said`."""

    def __init__(self, journal=None, qty=8, options=None, desired=None, online=True, **config):
        entry = standin.configuration(1, qty=qty)
        entry["machines"][0] |= config
        self.config = read(entry).machines[0]
        self.options = options or Options(start_spread=0, dispense=0, hello=0, tele=0, rate=0)
        self.journal = journal or MemoryJournal()
        self.now = time.time()
        self.said = []
        self.power()
        if online:
            self.device.connected(self.now)
        if desired is not False:
            self.receive("desired", desired or standin.planogram())

    def power(self):
        """A device from what the journal holds."""
        self.device = Device(self.config, self.options, self.journal)
        self.device.boot(self.now)

    @property
    def state(self):
        """State of the device."""
        return self.device.state

    def receive(self, suffix, document):
        """A message for the device."""
        self.device.receive(suffix, json.dumps(document), self.now)
        return self.listen()

    def listen(self, seconds=0.0):
        """Let time pass; returns what the device says meanwhile, as (suffix, document)."""
        self.now += seconds
        self.device.tick(self.now)
        said = [(m.suffix, json.loads(m.payload)) for m in self.device.out]
        self.device.out.clear()
        self.said += said
        return said

    def command(self, kind, args=None, **how):
        """A command; returns its answers' data, and keeps the events in `said`."""
        document = standin.command(kind, args, **how)
        said = self.receive("cmd", document)
        return [message["data"] for suffix, message in said if suffix == "up/ack"]

    def events(self, kind=None):
        """Data of journalled and unacknowledged events."""
        events = [json.loads(text) for text in self.state.pending.values()]
        return [event for event in events if kind in (None, event["type"])]

    def data(self, kind):
        """Data of the pending events of a type."""
        return [event["data"] for event in self.events(kind)]

    def vend(self, **changes):
        """An authorised vend by a new command; returns the statuses of its answers."""
        args = standin.authorisation(**changes)
        return [answer["status"] for answer in self.command("vend.authorize", args)]


@pytest.fixture
def bench():
    """A device online with a planogram of four slots of eight bottles."""
    return Bench()


@pytest.fixture
def world(broker, tmp_path):
    """Makes (fleet, platform) around the broker; everything is put away afterwards."""
    made = []

    def make(
        count=1, desired=None, acking=True, tenant="test", qty=8, firmware_key=None, **options
    ):
        config = standin.configuration(broker.port, count, qty=qty) | {"tenant": tenant}
        config["firmware_key"] = firmware_key and firmware.public(firmware_key)
        platform = standin.Platform(config, acking).start()
        platform.desire(desired or standin.planogram())
        quick = {"start_spread": 0, "dispense": 0, "hello": 0.5, "rate": 0, "ack_timeout": 1.0}
        fleet = Fleet(config, tmp_path / "state", Options(**(quick | options)))
        made.append((fleet, platform))
        assert fleet.start().run_until(fleet.ready, 10)
        return fleet, platform

    yield make
    for fleet, platform in made:
        fleet.stop()
        platform.stop()


@pytest.fixture(scope="session")
def bench_factory():
    """Makes devices, for tests that need many of them."""
    return Bench
