# SPDX-License-Identifier: LGPL-3.0-or-later
"""What machines are told of their events: the newest ``evt_ack`` of each, none lost."""

import json
import threading
from time import monotonic

from .topics import EVENT_ACK

#: publishes on their way to the broker at most: as many machines as one bridge has at its busiest,
#: for the PUBACKs of these lie behind what machines say, and a bridge with much to store reads
#: that late; a number of MQTT has 65,535 values, and others need some too
WINDOW = 20_000
#: seconds that a busy bridge may gather what is owed
GATHER = 0.05


class Teller:
    """Owes machines their ``evt_ack``, told after the commit that they speak of.

    While the bridge is busy, what is owed to a machine and epoch is gathered: the newest state of
    its journal, and all refusals since. What the broker has not taken when a connection breaks is
    told again after the next one; an old one does no harm, for it names what is stored.
    """

    def __init__(self, link):
        self.link = link
        self.lock = threading.Lock()
        self.owed = {}  # (machine, epoch) → (Received, [(seq, code)])
        self.flying = {}  # mid → (key, what)
        self.told = 0.0

    def owe(self, key, journal, rejected=()):
        """After a commit: the machine shall hear of this. ``key`` is (machine, epoch)."""
        with self.lock:
            _journal, before = self.owed.get(key, (None, ()))
            self.owed[key] = (journal, [*before, *rejected])

    def tell(self, busy=False):
        """Tell what is owed, as far as the window allows; ``busy``: only now and then.

        Whoever is busy asks once more when there is nothing left to do, for what was gathered.
        """
        if busy and monotonic() - self.told < GATHER:
            return
        with self.lock:
            self.told = monotonic()
            room = min(len(self.owed), WINDOW - len(self.flying))
            if room <= 0 or not self.link.connected:
                return
            keys = list(self.owed)[:room]
            what = [self.owed.pop(key) for key in keys]
            messages = [self._message(*pair) for pair in zip(keys, what, strict=True)]
            mids = self.link.client.send(messages)
            self.flying.update(zip(mids, zip(keys, what, strict=True), strict=True))

    def _message(self, key, what):
        machine, epoch = key
        said = what[0].acknowledgement(epoch, what[1])
        body = json.dumps(said, separators=(",", ":")).encode()
        return self.link.topics.down(machine, EVENT_ACK), body

    def is_flying(self, mid):
        """Whether the broker has yet to take this one; no other message may have its number."""
        return mid in self.flying

    def taken(self, mids):
        """The broker has these; returns those that are somebody else's."""
        with self.lock:
            foreign = [mid for mid in mids if self.flying.pop(mid, None) is None]
            waiting = bool(self.owed)
        if waiting:
            self.tell(busy=True)
        return foreign

    def again(self):
        """A connection is new: whatever is not known to be taken is told once more."""
        with self.lock:
            flying, self.flying = self.flying, {}
            # the newest first: of two on their way to one machine the later one knows more
            for key, (journal, rejected) in reversed(flying.values()):
                newer, more = self.owed.get(key, (None, ()))
                self.owed[key] = (newer or journal, [*rejected, *more])
        self.tell()
