# SPDX-License-Identifier: LGPL-3.0-or-later
"""The fleet: many machines in one thread. Use it from a test like this::

with Fleet(config, tmp_path, Options(start_spread=0, dispense=0)) as fleet:
    fleet.run_until(fleet.ready, timeout=10)
    vend_id = fleet.machine(uuid).buy("A1", pay="cash", outcome="failed")
    fleet.run_until(fleet.drained, timeout=10)
    print(fleet.report()["totals"])
"""

import fcntl
import logging
import resource
import time
from pathlib import Path

from fleet import config as configuration
from fleet import report
from fleet.errors import BadConfig
from fleet.loop import Loop
from fleet.machine import Machine
from fleet.options import Options

log = logging.getLogger(__name__)


class Fleet:
    """Machines of a configuration (path, dict or Config) with their journals in `state_dir`.

    Not thread-safe: one thread makes it, steps it and scripts its machines. `listeners` are called
    with (machine, entry) for each finished attempt to sell; entries as in the report.
    """

    log = log

    def __init__(self, config, state_dir, options=None, machines=None, clock=time.time):
        self.config, self.options = configuration.read(config), options or Options()
        self.now = clock
        self.state_dir = Path(state_dir)
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self._lock = _only_one(self.state_dir)
        _more_files()
        self.loop, self.listeners, self.actors = Loop(), [], []
        self._connects, self._connect_at = 0.0, self.now()
        self.machines = [Machine(self, entry) for entry in self.config.machines[:machines]]
        self._by_name = {}
        for machine in self.machines:
            self._by_name |= {machine.uuid: machine, machine.serial: machine}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        self.stop()

    def machine(self, name):
        """A machine by UUID or serial; KeyError where there is none."""
        return self._by_name[name]

    def told(self, machine, entry):
        """A machine finished an attempt to sell."""
        for listener in self.listeners:
            listener(machine, entry)

    # running

    def start(self):
        """Begin to connect; the rest happens in `step`."""
        for machine in self.machines:
            machine.go_online()
        return self

    def step(self, timeout=0.05):
        """One turn: connect, listen for at most `timeout` seconds, act, publish."""
        self._connect(self.now())
        self.loop.poll(timeout)
        now = self.now()
        for actor in self.actors:
            actor(now)
        for machine in self.machines:
            if machine.due <= now:
                machine.tick(now)

    def _connect(self, now):
        gained = (now - self._connect_at) * self.options.connect_rate
        self._connects = min(self._connects + max(gained, 0.0), 20.0)
        self._connect_at = now
        for machine in self.machines:
            if self._connects < 1:
                return
            idle = machine.link.state == "down" or now > machine.retry_at + 30
            if machine.wanted and not machine.online and idle and now >= machine.retry_at:
                self._connects -= 1
                machine.link.drop()
                machine.connect(now)

    def run_until(self, predicate, timeout=10.0):
        """Step until `predicate()` is true; says whether it became so within the seconds given."""
        end = time.monotonic() + timeout
        while not predicate():
            if time.monotonic() >= end:
                return False
            self.step(0.02)
        return True

    def run(self, seconds):
        """Step for so many seconds."""
        self.run_until(lambda: False, seconds)

    def stop(self):
        """Every machine says goodbye; journals are closed and stay."""
        for machine in self.machines:
            machine.leave()
            machine.close()
        self.loop.close()
        self._lock.close()

    # what it looks like

    def ready(self):
        """Whether every machine is online with a planogram."""
        return all(machine.online and machine.version for machine in self.machines)

    def pending(self):
        """Events that the platform has not acknowledged."""
        return sum(len(machine.state.pending) for machine in self.machines)

    def drained(self):
        """Whether nothing is in hand and everything is acknowledged."""
        busy = any(machine.device.vending.job for machine in self.machines)
        return not busy and not self.pending()

    def report(self):
        """What was sold, by machine and in total; see `fleet.report`."""
        return report.of(self.machines)


def _only_one(folder):
    """Two fleets on one journal would use numbers twice: the second does not begin."""
    lock = open(folder / "fleet.lock", "w")  # held, and let go by the system, while we live
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise BadConfig(f"another fleet runs on the journals in {folder}") from error
    return lock


def _more_files():
    """Two files per machine are open at once: take as many as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
