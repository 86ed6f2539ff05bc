# SPDX-License-Identifier: LGPL-3.0-or-later
"""A device with its journal on disk and its line to the broker; what a test scripts."""

import random
from dataclasses import replace

from fleet import download, planogram
from fleet.device import Device
from fleet.door import DoorLink
from fleet.errors import Refused
from fleet.journal import Journal
from fleet.outbox import NEVER
from fleet.transport import Link

RETRY = (1.0, 30.0)  # seconds between attempts to connect: first and longest


class Machine:
    """One machine of a fleet. All of it is to be called from the fleet's own thread."""

    def __init__(self, fleet, config):
        self.fleet, self.config = fleet, config
        self.link = self._link()
        self.download = None
        self.wanted, self.due, self.retry_at, self._retry = True, 0.0, 0.0, RETRY[0]
        self._start()

    def _link(self):
        shared = self.fleet.config
        if shared.door:
            return DoorLink(shared, self.config, self, self.fleet.options.poll)
        return Link(shared, self.config, self.fleet.loop, self)

    def _start(self):
        path = self.fleet.state_dir / f"{self.config.uuid}.journal"
        journal = Journal(path, self.fleet.options.fsync)
        self.device = Device(self.config, self.fleet.options, journal)
        self.device.on_sold = self._sold
        self.device.boot(self.fleet.now())
        self.due = 0.0

    def _sold(self, entry):
        self.fleet.told(self, entry)

    # what a script asks

    @property
    def uuid(self):
        """The machine's UUID, lower case."""
        return self.config.uuid

    @property
    def serial(self):
        """The hardware's serial number."""
        return self.config.serial

    @property
    def online(self):
        """Whether a session with the broker stands."""
        return self.link.state == "up"

    @property
    def asked(self):
        """Whether somebody waits here for the answer to an `auth.request`."""
        return bool(self.device.asking.open)

    @property
    def state(self):
        """The device's State: slots, sold, pending, vends, cash…"""
        return self.device.state

    @property
    def version(self):
        """Version of the applied planogram; 0 before the first."""
        return self.state.version

    def find(self, sku, price=None):
        """Slot that holds a product, see `fleet.planogram.find`."""
        return planogram.find(self.state.desired, sku, price)

    # what people do

    def buy(self, slot, pay="cash", qty=1, outcome=None):
        """A local purchase; returns the vend id, raises fleet.errors.Refused.

        `outcome`: success, failed, partial, unknown or jam; None leaves it to chance.
        """
        self.touch()
        return self.device.buy(self.fleet.now(), slot, qty, pay, outcome)

    def force_firmware(self, *outcomes):
        """Decide how the next updates end: applied, failed or rolled_back."""
        self.device.firmware.forced += outcomes

    def force(self, *outcomes):
        """Decide what the motor does for the next vends that nobody else decides."""
        self.device.motor.forced += outcomes

    def past_sale(self, vend_id, slot, price, pay, at):
        """Tell of a bottle sold at `at` (seconds since 1970); False where it is told already."""
        self.touch()
        return self.device.vending.past_sale(self.fleet.now(), vend_id, slot, price, pay, at)

    def request(self, kind, token, slot=None):
        """`auth.request` by a member, pickup or voucher; returns the request id."""
        self.touch()
        return self.device.asking.ask(self.fleet.now(), kind, token, slot)

    def answer(self, request_id):
        """What the person was told, a `fleet.asking.Answer`; None while the question is open."""
        return self.device.asking.answers.get(request_id)

    def act(self, deed, *args, **how):
        """A deed of the service person or of the device itself, by name, now.

        For instance `act("restock", fill={"A1": 8})`, `act("collect")`, `act("visit")`.
        """
        self.touch()
        actor = self.device if hasattr(self.device, deed) else self.device.service
        return getattr(actor, deed)(self.fleet.now(), *args, **how)

    # line and power

    def go_offline(self):
        """Lose the line without a goodbye, until `go_online`."""
        self.wanted = False
        self.link.drop()
        self.on_down()

    def go_online(self):
        """Connect again as soon as the fleet steps."""
        self.wanted, self.retry_at, self.due = True, 0.0, 0.0

    def power_cut(self):
        """Everything in memory is gone at once; the journal is read again."""
        self.link.drop()
        self.device.journal.close()
        self._start()

    def reboot(self):
        """An orderly restart: goodbye, then a new power-up."""
        self.leave()
        self.device.boot(self.fleet.now())
        self.retry_at = 0.0

    def reset_board(self, epoch):
        """A new board under a higher epoch: an empty journal that counts from 1."""
        if epoch <= self.state.epoch:
            raise Refused("unknown_epoch", f"{epoch} is not above {self.state.epoch}")
        self.config = replace(self.config, epoch=epoch)
        self.power_cut()
        self.retry_at = 0.0

    def leave(self):
        """Say goodbye and hang up."""
        if self.online:
            self.device.farewell(self.fleet.now())
            self.flush()
        self.device.disconnected()  # answers to what still arrives are owed
        self.link.leave()

    def close(self):
        """Let the line and the journal go, without a goodbye."""
        self.link.drop()
        self.device.journal.close()

    # from the fleet's loop

    def connect(self, now):
        """Try to open a session; a failure is tried again later and later."""
        wait = self._retry * random.uniform(0.5, 1.0)
        self.retry_at = now + wait
        self._retry = min(self._retry * 2, RETRY[1])
        self.due = 0.0
        try:
            self.link.connect(self.device.will(now))
        except OSError as error:
            self.fleet.log.warning("%s: no connection: %s", self.serial, error)

    def tick(self, now):
        """Let the device do what is due, and publish what it says."""
        self.link.turn(now)
        self.device.tick(now)
        self._download(now)
        if self.device.reboot_wanted:
            self.flush()
            self.reboot()
        self.flush()
        self.due = min(
            self.device.wake(now), self.link.wake(now), now + 0.1 if self.download else NEVER
        )

    def _download(self, now):
        """Fetch the firmware that the device wants, while there is a line to fetch it by."""
        wanted = self.device.firmware.wanted()
        if self.download and self.download.done():
            image, self.download = self.download.result(), None
            self.device.firmware.fetched(image, now)
        elif wanted and self.online and not self.download:
            self.download = download.start(wanted)

    def flush(self):
        """Publish what the device left; nothing is kept for a line that is down."""
        while self.device.out:
            self.link.publish(self.device.out.popleft())

    def touch(self):
        """Something changed: look at this machine in the next step."""
        self.due = 0.0

    # from the link

    def on_up(self):
        """The session stands."""
        self._retry = RETRY[0]
        self.device.connected(self.fleet.now())
        self.touch()

    def on_down(self):
        """The session ended."""
        self.device.disconnected()
        self.due = NEVER if self.due == NEVER else 0.0

    def on_message(self, suffix, payload):
        """A message below `down/`."""
        self.device.receive(suffix, payload, self.fleet.now())
        self.touch()

    def on_refused(self, channel, text, why):
        """A message that the platform takes by no means is given up."""
        self.device.refused(channel, text, why)
        self.touch()
