# SPDX-License-Identifier: LGPL-3.0-or-later
"""The devices of a scenario, driven at full speed: they sell, are filled, open and shut doors."""

import random
import time
from dataclasses import replace
from unittest.mock import patch

from fleet.errors import Refused
from fleet.options import Options
from fleet.runner import Fleet
from tests.chaos.journals import KeptJournal

FAST = Options(
    seed=5,
    rate=0,
    batch=10,
    start_spread=0,
    hello=1.0,
    ack_timeout=5.0,
    dispense=0,
    think=0.05,
    tele=0,
    connect_rate=500.0,
    fail_rate=0.03,
    duplicate_rate=0.02,
)
PACE = 1500  # events that all machines together journal in a second, at most
PAYS = ("card", "card", "cash")


class Crew:
    """A fleet on the journals of a folder, and what its machines do."""

    def __init__(self, config, folder, clock=time.time, desk=None, **options):
        """:param desk: where consumers pay who do not pay at the machine"""
        self.chance = random.Random(f"{options.get('seed', FAST.seed)}/{time.time_ns()}")
        self.destroyed, self.desk = set(), desk
        with patch("fleet.machine.Journal", KeptJournal):
            self.fleet = Fleet(config, folder, replace(FAST, **options), clock=clock)
        self.turn = 0

    def start(self):
        """Connect; the machines begin to do something with `work`."""
        self.fleet.start()
        return self

    def close(self):
        """Every machine says goodbye; the journals stay."""
        self.fleet.stop()

    @property
    def machines(self):
        """The fleet's machines."""
        return self.fleet.machines

    def step(self):
        """A moment of the fleet, for whoever waits for something else."""
        self.fleet.step(0.02)

    def run(self, seconds):
        """Let time pass."""
        self.fleet.run(seconds)

    def until(self, condition, seconds=120):
        """Step until it is so; False where it did not become so in time. Asked twice a second."""
        state = {"at": 0.0, "is": False}

        def now():
            if time.monotonic() >= state["at"]:
                state.update({"is": condition(), "at": time.monotonic() + 0.2})
            return state["is"]

        return self.fleet.run_until(now, seconds)

    # === WORK === #

    def fill(self):
        """Whoever has an empty slot is filled: what the platform sells is to be there."""
        for machine in self.machines:
            if not all(slot["qty"] for slot in machine.state.slots.values()):
                machine.act("restock")

    def journalled(self):
        """Events that the machines have numbered since each of them was a new board."""
        return sum(machine.state.next_seq - 1 for machine in self.machines)

    def work(self, events, machines=None):
        """Have so many events journalled, spread evenly over the machines."""
        machines = machines or self.machines
        before = {machine: machine.state.next_seq for machine in machines}
        began, done = time.monotonic(), 0
        while done < events:
            for _ in range(max(1, min(len(machines), 50))):
                self._deed(machines[self.turn % len(machines)])
                self.turn += 1
            self.fleet.step(0)
            done = sum(machine.state.next_seq - seq for machine, seq in before.items())
            ahead = done / PACE - (time.monotonic() - began)
            if ahead > 0:
                self.fleet.run(ahead)
        return done

    def _deed(self, machine):
        lot = self.chance.random()
        try:
            if lot < 0.1 and self.desk and self._asked(machine):
                return
            if lot < 0.78:
                self._sale(machine)
            elif lot < 0.9:
                machine.act("open_door", "key")
                machine.act("close_door", "key")
            elif lot < 0.97:
                machine.act("test_vend", next(iter(machine.state.slots)))
            else:
                machine.act("count")
        except Refused as refusal:
            if refusal.code != "busy":
                machine.act("restock")

    def _asked(self, machine):
        slots = list(machine.state.slots)
        return bool(slots) and self.desk.ask(machine.uuid, self.chance.choice(slots))

    def _sale(self, machine):
        slots = machine.state.slots
        slot = self.chance.choice(list(slots))
        qty = 2 if self.chance.random() < 0.05 else 1
        machine.buy(slot, self.chance.choice(PAYS), min(qty, max(slots[slot]["qty"], 1)))

    # === BOARDS === #

    def new_board(self, machine, epoch, password):
        """Another board, or the same one emptied: what it had not delivered goes with it."""
        import json

        pending = machine.state.pending.values()
        self.destroyed |= {json.loads(text)["id"] for text in pending}
        machine.config = replace(machine.config, password=password)
        machine.link.machine = machine.config
        with patch("fleet.machine.Journal", KeptJournal):
            machine.reset_board(epoch)
        machine.link.machine = machine.config

    def power_cut(self, machine):
        """Everything in a machine's memory is gone at once."""
        with patch("fleet.machine.Journal", KeptJournal):
            machine.power_cut()
        machine.retry_at = 0.0
