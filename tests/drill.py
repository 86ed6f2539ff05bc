# SPDX-License-Identifier: LGPL-3.0-or-later
"""Steps that the drills of docs/operations/backup.md have in common: what machines do meanwhile,
and what a person does with a database that came back."""

import os
import subprocess

from fleet.options import Options
from tools.env import kit, odoo

QUICK = Options(seed=5, rate=0, start_spread=0, dispense=0, hello=0.5, ack_timeout=2.0, tele=0)


def online(fleet, names):
    """Whether each of these machines is connected."""
    return all(fleet.machine(name).online for name in names)


def buy(machine, count):
    """So many bottles are sold, out of all slots in turn."""
    slots = sorted(machine.state.slots, key=lambda code: -machine.state.slots[code]["qty"])
    for number in range(count):
        if machine.state.slots[slots[number % len(slots)]]["qty"] < 2:
            machine.act("restock")
        machine.buy(slots[number % len(slots)], outcome="success")


def sell(house, fleet, names, count):
    """Each machine sells so many bottles; the platform has acknowledged and used all of it."""
    assert fleet.run_until(lambda: online(fleet, names), 60)
    assert fleet.run_until(lambda: all(fleet.machine(name).version for name in names), 60)
    for name in names:
        buy(fleet.machine(name), count)
    assert fleet.run_until(fleet.drained, 60)
    assert house.until(lambda: not house.waiting(), step=lambda: fleet.run(0.2))


def restored(house):
    """``odoo wine_bridge_restored``, as the runbook says; what it prints."""
    command = odoo.command("wine_bridge_restored", "-d", house.name, conf=house.conf)
    environment = kit.bridge_environment(house.name, house.broker)
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def hurry(env):
    """The same steps as in life, without the waiting between them."""
    for name in ("gap_seconds", "gap_start_delay"):
        value = "1" if name == "gap_seconds" else "0"
        env["ir.config_parameter"].set_param(f"wine_device_bridge.{name}", value)


def watched(house, fleet):
    """One look at the gaps; how many are still open, and how many are given up."""
    house.do(lambda env: env["wine.machine"]._cron_adopt_epochs())
    house.do(lambda env: env["wine.bridge.gap"]._cron_watch())
    fleet.run(0.5)
    rows = house.query(
        """SELECT count(*) FILTER (WHERE state IN ('open', 'asked')),
                  count(*) FILTER (WHERE state = 'missing') FROM wine_bridge_gap"""
    )
    return rows[0]


def stored(house, uuid, epoch):
    """Numbers of the events that the platform has of one journal, in order."""
    rows = house.query(
        """SELECT seq::int FROM wine_bridge_event JOIN wine_machine machine
               ON machine.id = machine_id
            WHERE uuid = %s AND epoch = %s AND channel = 'evt' ORDER BY seq""",
        uuid,
        epoch,
    )
    return [row[0] for row in rows]
