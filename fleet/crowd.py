# SPDX-License-Identifier: LGPL-3.0-or-later
"""The people around the machines of a live run: consumers, a field person, and bad luck."""

import heapq
import random

from fleet.climate import COMPRESSOR
from fleet.errors import Refused

PAYS = ("card", "card", "cash")


class Crowd:
    """Acts on a fleet by a timetable drawn from the seed. `vends` ends the selling after so many.

    Rates are per simulated hour; `speed` makes those hours pass faster.
    """

    def __init__(self, fleet, vends=None):
        self.fleet, self.options, self.left = fleet, fleet.options, vends
        self.closed = False
        self._agenda, self._count = [], 0
        for machine in fleet.machines:
            seed = f"crowd/{self.options.seed}/{machine.uuid}/{machine.state.boots}"
            self._plan_first(machine, random.Random(seed))

    def _plan_first(self, machine, chance):
        now = self.fleet.now()
        self._plan(now, self.options.sales, self.consumer, machine, chance)
        self._plan(now, self.options.offline_rate, self.bad_line, machine, chance)
        self._plan(now, 1 / max(self.options.jam_hours, 1e-6), self.look, machine, chance)
        self._plan(now, self.options.cooling_rate, self.breakdown, machine, chance)
        self._plan(now, self.options.door_rate, self.forgetful, machine, chance)
        if self.options.restock:
            self._plan(now, 4.0, self.person, machine, chance)

    def _plan(self, now, per_hour, deed, machine, chance, again=True):
        """Do it after a time drawn for so many an hour; never for a rate of nothing."""
        if per_hour > 0:
            wait = chance.expovariate(per_hour) * 3600 / self.options.speed
            self._count += 1
            what = (per_hour, deed, machine, chance, again)
            heapq.heappush(self._agenda, (now + wait, self._count, what))

    def __call__(self, now):
        """Do what is due; one of the fleet's actors."""
        while self._agenda and self._agenda[0][0] <= now and not self.closed:
            per_hour, deed, machine, chance, again = heapq.heappop(self._agenda)[-1]
            deed(machine, chance, now)
            if again:
                self._plan(now, per_hour, deed, machine, chance)

    # deeds

    def consumer(self, machine, chance, _now):
        """Somebody comes: buys what there is, or asks the platform with a token."""
        if machine.online and chance.random() < self.options.auth_rate:
            kind = chance.choice(("member", "pickup", "voucher"))
            machine.request(kind, f"T{chance.randrange(10**8):08d}")
            return
        stocked = self._stocked(machine)
        if not stocked:
            return
        slot = chance.choice(stocked)
        pair = machine.state.slots[slot]["qty"] > 1 and chance.random() < self.options.pair_rate
        self._buy(machine, slot, chance.choice(PAYS), 2 if pair else 1)

    def _buy(self, machine, slot, pay, qty):
        try:
            machine.buy(slot, pay, qty)
        except Refused:
            return
        if self.left is not None:
            self.left -= 1
            self.closed = self.left <= 0

    def _stocked(self, machine):
        slots, blocked = machine.state.slots, machine.device.vending.blocked
        return [code for code in slots if not blocked(code, 1)]

    def bad_line(self, machine, chance, now):
        """The modem loses the line for a while."""
        if machine.wanted:
            machine.go_offline()
            back = 1 / max(self.options.offline_hours, 1e-6)
            self._plan(now, back, self.good_line, machine, chance, again=False)

    def good_line(self, machine, _chance, _now):
        """The line is back."""
        machine.go_online()

    def look(self, machine, _chance, _now):
        """Somebody frees jams and cleans sensors."""
        machine.act("clear")

    def breakdown(self, machine, chance, now):
        """The compressor fails; somebody repairs it later."""
        if COMPRESSOR not in machine.state.faults:
            machine.act("fail", COMPRESSOR)
            again = 1 / max(self.options.cooling_hours, 1e-6)
            self._plan(now, again, self.repair, machine, chance, again=False)

    def repair(self, machine, _chance, _now):
        """Somebody makes it run again."""
        machine.act("clear_fault", COMPRESSOR)

    def forgetful(self, machine, chance, now):
        """Somebody leaves the door open, and comes back."""
        if machine.state.door != "opened":
            machine.act("open_door", "key")
            self._plan(now, 4.0, self.careful, machine, chance, again=False)

    def careful(self, machine, _chance, _now):
        """The door is shut."""
        machine.act("close_door", "key")

    def person(self, machine, _chance, _now):
        """The field person comes where a slot is low."""
        below = self.options.restock_below
        for code, line in machine.device.shadow.lines().items():
            par = line.get("par") or line["capacity"]
            if machine.state.slots[code]["qty"] < below * par:
                machine.act("visit")
                return
