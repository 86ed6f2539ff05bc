# SPDX-License-Identifier: LGPL-3.0-or-later
"""The devices themselves: killed, emptied, swapped, out of time, saying everything twice."""

import json
import select
import signal
import subprocess
import time

from fleet.clock import Clock
from tests.chaos.stage import scenario
from tools.env.paths import PROJECT, PYTHON

YEAR = 365.25 * 86400
KILLS = 2


@scenario("devices killed, journals kept")
def killed(stage):
    """The machines run in a process of their own, which is killed twice while they sell;
    they come back with their journals."""
    stage.close_crew()
    folder = stage.ground.cluster.folder
    config = folder / "fleet.json"
    config.write_text(json.dumps(stage.ground.fleet_config()))
    for _kill in range(KILLS):
        share = round(stage.events * 0.9 / KILLS)
        _until_killed(stage, [config, stage.ground.state, share])
        stage.made += share
    stage.open_crew()
    stage.over()
    stage.work_rest()


def _until_killed(stage, arguments):
    command = [PYTHON, "-m", "tests.chaos.devices", *arguments]
    with subprocess.Popen(list(map(str, command)), cwd=PROJECT, stdout=subprocess.PIPE) as child:
        while not select.select([child.stdout], [], [], 0.05)[0]:
            entry = stage.desk.chance.choice(stage.ground.config["machines"])
            stage.desk.ask(entry["uuid"], stage.desk.chance.choice(list(entry["stock"])))
        line = child.stdout.readline()
        stage.trouble(line.strip() == b"enough", "the machines did not get far enough to be killed")
        child.send_signal(signal.SIGKILL)
        child.wait()


@scenario("boards emptied and swapped")
def swapped(stage):
    """A quarter of the machines get another board while they sell: it claims with a code, gets the
    next epoch, knows nothing and counts from 1. What the old one had delivered stays; whoever
    swapped it counts the bottles, because nobody else knows what the old one sold unheard."""
    stage.work(0.5)
    stage.over()
    chosen = stage.crew.machines[::4]
    codes = stage.ground.do(lambda env: _codes(env, [machine.serial for machine in chosen]))
    for machine in chosen:
        claim = stage.ground.do(lambda env, m=machine: _claim(env, m.serial, codes[m.serial]))
        stage.crew.new_board(machine, *claim)
        stage.crew.fleet.step(0)
    _remember(stage, chosen)
    stage.work(0.5)
    stage.trouble(all(m.state.epoch > 1 for m in chosen), "a board did not get its epoch")
    stage.settle()
    for machine in chosen:
        machine.act("restock")


def _codes(env, serials):
    machines = env["wine.machine"].search([("serial", "in", serials)])
    return {machine.serial: env["wine.bridge.claim"]._make(machine)[0] for machine in machines}


def _claim(env, serial, code):
    _machine, epoch, _version, secret = env["wine.bridge.claim"]._redeem(serial, code)
    return epoch, secret


def _remember(stage, machines):
    """The next scenario's fleet has these boards."""
    known = {machine.uuid: machine.config for machine in machines}
    for entry in stage.ground.config["machines"]:
        if entry["uuid"] in known:
            config = known[entry["uuid"]]
            entry.update(epoch=config.epoch, password=config.password)


class WrongClock(Clock):
    """Ahead or behind by so many seconds, whatever the network says, and says what it likes."""

    def __init__(self, ahead, quality):
        super().__init__()
        self.ahead, self.claimed = ahead, quality

    def read(self, now):
        """The wrong time."""
        return now + self.ahead

    def quality(self, _now):
        """What it believes of itself."""
        return self.claimed


WRONG = ((3 * YEAR, "synced"), (-2 * YEAR, "synced"), (-26 * YEAR, "unset"), (YEAR, "drifted"))


@scenario("device clocks wrong by years")
def wrong_clocks(stage):
    """Every machine's clock is years away from the truth, half of them without knowing: sales are
    booked at the time of their receipt, and say so."""
    for number, machine in enumerate(stage.crew.machines):
        machine.device.clock = WrongClock(*WRONG[number % len(WRONG)])
    stage.over()
    stage.work(1)
    stage.settle()
    wrong = stage.ground.query(
        "SELECT count(*) FROM wine_vend WHERE id > %s"
        " AND received_at IS NOT NULL"
        " AND (clock_trusted OR abs(extract(epoch FROM moment - received_at)) > 1)",
        stage.since["wine_vend"],
    )[0][0]
    if wrong:
        stage.wrong.append(f"{wrong} vends are booked at a time that was not true")


@scenario("everything twice and out of order", short=True, batch=3, duplicate_rate=0.5)
def disorder(stage):
    """Half of all messages are sent twice, and a third is held back and overtaken by later ones."""
    for machine in stage.crew.machines:
        Overtaken(machine, stage.crew.chance)
    stage.over()
    stage.work(1)
    stage.settle()
    twice = stage.ground.query(
        "SELECT sum(duplicates) FROM wine_bridge_event WHERE id > %s",
        stage.since["wine_bridge_event"],
    )[0][0]
    stage.trouble(twice, "nothing arrived twice")
    stage.note(f"{twice:,} duplicates were dropped")


class Overtaken:
    """Stands between a machine and its line and lets later messages pass earlier ones."""

    def __init__(self, machine, chance):
        self.machine, self.chance, self.held = machine, chance, []
        self.send = machine.link.publish
        machine.link.publish = self

    def __call__(self, message):
        """Publish, or hold back for up to a second."""
        now = time.monotonic()
        due = [one for at, one in self.held if at <= now]
        self.held = [(at, one) for at, one in self.held if at > now]
        if message.suffix == "up/evt" and self.chance.random() < 0.33:
            self.held.append((now + self.chance.random(), message))
        else:
            self.send(message)
        for one in due:
            self.send(one)
        return True
