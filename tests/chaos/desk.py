# SPDX-License-Identifier: LGPL-3.0-or-later
"""The consumers' end: who pays through the platform, and what became of it when all is over.

A payment has a reference of its own. Whoever does not know whether the platform took it, because
the database died at that moment, asks for that reference before he pays again.
"""

import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass

AT_ONCE = 25  # payments of one transaction
ROOM = 500  # payments that may wait; whoever comes then pays at the machine
SECONDS = 20  # a machine answers within this time or never
DOUBTS = 0.05  # of payments, those that are taken back at once
PAIRS = 0.05
PAUSE = 0.3


@dataclass(frozen=True)
class Payment:
    """Somebody's, for a bottle of a slot; `until` then he waits for a machine that is offline."""

    reference: str
    machine: str
    slot: str
    qty: int
    doubts: bool
    until: float


class Desk:
    """Takes payments in a thread of its own, and tells the machines to deliver.

    `asked` maps every payment that the platform has taken to (vend id, machine).
    """

    def __init__(self, ground, seconds=SECONDS):
        self.ground, self.seconds = ground, seconds
        self.asked, self.refusals, self.failures = {}, Counter(), Counter()
        self.queue, self.chance, self.number = deque(), random.Random(7), 0
        self.name = f"desk-{time.time_ns()}"
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        """No more payments."""
        self._closed.set()
        self._thread.join(30)

    def ask(self, machine, slot):
        """Somebody pays for a bottle of a machine's slot; False where the desk has its hands full.

        :param str machine: its UUID
        """
        if len(self.queue) >= ROOM:
            return False
        self.number += 1
        qty = 2 if self.chance.random() < PAIRS else 1
        doubts, until = self.chance.random() < DOUBTS, time.monotonic() + self.seconds
        reference = f"{self.name}-{self.number}"
        self.queue.append(Payment(reference, machine, slot, qty, doubts, until))
        return True

    @property
    def idle(self):
        """Whether every payment is taken or refused."""
        return not self.queue

    # === THE THREAD === #

    def _run(self):
        while not self._closed.is_set():
            wanted = [self.queue[at] for at in range(min(AT_ONCE, len(self.queue)))]
            if not wanted or not self._serve(wanted):
                time.sleep(PAUSE if wanted else 0.02)

    def _serve(self, wanted):
        """One transaction; whether anything came of it."""
        try:
            taken, later, refusals = self.ground.do(lambda env: self._take(env, wanted))
        except Exception as error:  # noqa: BLE001 - no database: the same payments once more
            self.failures[type(error).__name__] += 1
            return False
        self.asked |= taken
        self.refusals += refusals
        self.queue.extend(later)  # before they leave: who waits is never away from the queue
        for _payment in wanted:
            self.queue.popleft()
        return len(later) < len(wanted)

    def _take(self, env, wanted):
        """(taken, those that wait, why the others were refused); earlier tries are known again."""
        from odoo.exceptions import UserError

        known = env["wine.vend"].search([("pay_ref", "in", [one.reference for one in wanted])])
        taken = {vend.pay_ref: (vend.uuid, vend.machine_id.uuid) for vend in known}
        later, refusals = [], Counter()
        for payment in wanted:
            slot = self._slot(env, payment)
            if payment.reference in taken:
                continue
            if slot.machine_id.connection_state != "online" and time.monotonic() < payment.until:
                later.append(payment)
                continue
            try:
                vend = env["wine.vend"]._reserve(
                    slot, "qr", qty=payment.qty, pay_ref=payment.reference
                )
            except UserError as error:
                refusals[str(error).rpartition(": ")[2]] += 1
                continue
            vend._authorise(age_checked=True, seconds=self.seconds)
            if payment.doubts:
                vend._send_cancel()
            taken[payment.reference] = (vend.uuid, payment.machine)
        return taken, later, refusals

    @staticmethod
    def _slot(env, payment):
        return env["wine.machine.slot"].search(
            [("machine_id.uuid", "=", payment.machine), ("code", "=", payment.slot)]
        )

    # === THE END === #

    def open_vends(self):
        """Vends that a machine may still answer, after those whose time is over were voided."""
        self.ground.do(lambda env: env["wine.vend"]._cron_expire())
        return self.ground.query(
            "SELECT count(*) FROM wine_vend WHERE origin = 'platform' AND pay_ref LIKE %s"
            " AND state IN ('draft', 'reserved', 'authorised')",
            "desk-%",
        )[0][0]
