# SPDX-License-Identifier: LGPL-3.0-or-later
"""`burst`: how much do broker and platform take? Sales of one bottle, without asking the stock."""

import time

from fleet.ids import history_id


def run(fleet, events, stopped=lambda: False):
    """Journal so many events per machine in small rounds; returns how many were told.

    A machine without a planogram opens and shuts its door instead.
    """
    told, run_id = 0, time.time_ns()
    for number in range(events):
        for machine in fleet.machines:
            told += bool(_one(machine, f"{run_id}/{number}", number))
        fleet.step(0)
        if stopped():
            break
    return told


def _one(machine, name, number):
    slots = list(machine.device.shadow.lines().values())
    if not slots:
        machine.act("open_door" if number % 2 == 0 else "close_door", "burst")
        return True
    line = slots[number % len(slots)]
    vend_id = history_id("burst", machine.uuid, name)
    now = machine.fleet.now()
    return machine.past_sale(vend_id, line["slot"], line["price"], "card", now)
