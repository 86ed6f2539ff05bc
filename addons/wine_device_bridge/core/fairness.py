# SPDX-License-Identifier: LGPL-3.0-or-later
"""How loudly one machine may speak, so that no other one has to wait for it.

A flood is more than a machine may say, sent without waiting for an answer. A backlog is no flood:
whoever waits for ``evt_ack`` with a window of some hundred events is slowed and never cut off.
"""

import queue
import threading
import time
from collections import deque
from dataclasses import dataclass

#: messages of one lane that wait to be stored
MOST_READY = 100
#: bytes that wait for their turn: of one lane, and of all
HELD_BYTES, ALL_HELD_BYTES = 512 * 1024, 32 * 1024 * 1024
#: messages and bytes that wait to be stored, of all lanes: no more is read before some are stored
CROWD, CROWD_BYTES = 5000, 16 * 1024 * 1024
#: bytes that are taken at once, unless one message alone is more
TAKEN_BYTES = 4 * 1024 * 1024
#: seconds between two looks at who was held back, and at who has fallen silent
LOOK, SWEEP = 0.02, 60.0
#: a whole message counts as one event for each so many bytes at least
EVENT_BYTES = 1024
#: and as no more than so many for what it says: more do not fit into what is read of it
MOST_EVENTS = 320
#: of each of these only the newest counts
STANDING = ("birth", "state", "reported")


@dataclass(frozen=True, slots=True)
class Limit:
    """So many events a second in the long run, and so many at once. ``rate`` 0: no limit."""

    rate: float
    burst: float

    @property
    def again(self):
        """Tokens from which a lane that overflowed is listened to again: long runs, few gaps."""
        return min(self.burst, 2 * self.rate)


EVENTS, CONTROL, READINGS = Limit(50, 500), Limit(10, 200), Limit(10, 100)


class Bucket:
    """What one speaker may still say. A message may be larger than what is left: a debt is paid.

    :param Limit limit: how fast it fills; :param float now: monotonic seconds
    """

    __slots__ = ("limit", "stamp", "tokens")

    def __init__(self, limit, now):
        self.limit, self.tokens, self.stamp = limit, limit.burst, now

    def fill(self, now):
        """Tokens at a moment; a clock that steps back gives nothing."""
        if now > self.stamp:
            limit = self.limit
            self.tokens = min(limit.burst, self.tokens + (now - self.stamp) * limit.rate)
            self.stamp = now
        return self.tokens

    def take(self, now, cost=1):
        """Pay and be let through, or be told to wait."""
        if self.fill(now) <= 0 < self.limit.rate:
            return False
        self.tokens -= cost
        return True

    def wait(self, now):
        """Seconds until something may be said again."""
        left = self.fill(now)
        return 0.0 if left > 0 or not self.limit.rate else 0.001 - left / self.limit.rate


class Buckets:
    """A bucket for each speaker; full ones are forgotten. Any thread may ask.

    :param Limit limit: that of each speaker
    """

    def __init__(self, limit, clock=time.monotonic):
        self.limit, self.clock = limit, clock
        self._buckets, self._lock, self._swept = {}, threading.Lock(), clock()

    def wait(self, speaker, cost=1):
        """Pay for a message; 0, or the seconds after which to try again (nothing was paid)."""
        now = self.clock()
        with self._lock:
            if now - self._swept > SWEEP:
                self._sweep(now)
            bucket = self._buckets.get(speaker)
            if bucket is None:
                bucket = self._buckets[speaker] = Bucket(self.limit, now)
            return 0.0 if bucket.take(now, cost) else bucket.wait(now)

    def _sweep(self, now):
        self._swept = now
        full = self.limit.burst
        self._buckets = {who: one for who, one in self._buckets.items() if one.fill(now) < full}

    def __len__(self):
        return len(self._buckets)


def cost_of(payload):
    """Events in a payload without reading it: what it says, and never less than its size."""
    return max(1, min(payload.count(b'"seq"'), MOST_EVENTS), len(payload) // EVENT_BYTES)


class Lane:
    """What one machine said on one kind of channel and is not yet stored."""

    __slots__ = ("bucket", "held", "held_bytes", "held_cost", "ready", "shut")

    def __init__(self, limit, now):
        self.bucket = Bucket(limit, now)
        self.ready, self.held = [], []  # publishes; (channel, cost, publish): short, and many
        self.held_bytes, self.held_cost, self.shut = 0, 0, False


class FairQueue:
    """Publishes on their way to be stored: machine by machine in turn, each at its own pace.

    Within its limit a machine's message waits here until it is stored, and its PUBACK as long.
    Beyond it a message is *held*: the broker is told that it has arrived, for the broker's window
    belongs to all machines, and it is stored when its turn comes. Beyond what is held (as much as
    a burst) it is *shed*: an event is not lost by that, for no ``evt_ack`` covers it and the device
    sends it again. Order is kept within a machine and kind.

    :param str base: topics are ``{base}/{machine}/up/{channel}``
    :param Limit events: of journalled events; :param Limit control: of everything else
    """

    def __init__(self, base, events=EVENTS, control=CONTROL, clock=time.monotonic):
        self.prefix = len(base) + 1
        self.limits, self.clock = (events, control), clock
        self.lanes, self.turns, self.late = {}, deque(), {}
        self.size = self.bytes = self.held_bytes = 0
        self.shed = {}  # machine → messages since the last look
        self.closed = False
        self._changed = threading.Condition(threading.Lock())
        self._looked, self._swept = 0.0, clock()

    # === PUTTING === #

    def put(self, publish):
        """Take in one publish.

        :return: publishes of which the broker may be told at once; nothing else is done with them
            where they were shed or replaced by a newer one
        """
        machine, _up, channel = publish.topic[self.prefix :].partition("/up/")
        event = channel == "evt"
        payload = publish.payload
        cost = cost_of(payload) if event else 1 + len(payload) // EVENT_BYTES
        now = self.clock()
        with self._changed:
            if self.closed:
                return ()
            lane = self.lanes.get((machine, event))
            if lane is None:
                lane = self.lanes[machine, event] = Lane(self.limits[not event], now)
            free = not lane.held and not lane.shut
            if free and len(lane.ready) < MOST_READY and lane.bucket.take(now, cost):
                self._admit(lane, publish)
                return ()
            return self._hold(lane, machine, channel, cost, publish)

    def _admit(self, lane, publish):
        if not lane.ready:
            self.turns.append(lane)
        lane.ready.append(publish)
        self.size += 1
        self.bytes += len(publish.payload)
        self._changed.notify()

    def _hold(self, lane, machine, channel, cost, publish):
        released, size, standing = [publish], len(publish.payload), channel in STANDING
        if standing:
            released += self._replace(lane, channel)
        else:
            full = lane.held_cost + cost > lane.bucket.limit.burst
            lane.shut = lane.shut or full or lane.held_bytes + size > HELD_BYTES
        if self.held_bytes + size > ALL_HELD_BYTES or (lane.shut and not standing):
            self.shed[machine] = self.shed.get(machine, 0) + 1
            self.late[id(lane)] = lane
            return released
        lane.held.append((channel, cost, publish))
        lane.held_bytes += size
        lane.held_cost += cost
        self.held_bytes += size
        self.late[id(lane)] = lane
        return released

    def _replace(self, lane, channel):
        """Let go of an older message of a channel of which only the newest counts."""
        for entry in lane.held:
            if entry[0] == channel:
                lane.held.remove(entry)
                self._freed(lane, entry)
                return [entry[2]]
        return []

    def close(self):
        """The bridge ends: what comes from now on is left to the broker, which was told nothing.

        Of what is held, events come again from the journals of machines. All else does not, for the
        broker was told that it has arrived: it goes on now, whoever sent it.
        """
        with self._changed:
            self.closed = True
            for (_machine, event), lane in self.lanes.items():
                while lane.held and not event:
                    self._let_on(lane)

    def _let_on(self, lane):
        entry = lane.held.pop(0)
        self._freed(lane, entry)
        self._admit(lane, entry[2])

    def _freed(self, lane, entry):
        _channel, cost, publish = entry
        lane.held_cost -= cost
        lane.held_bytes -= len(publish.payload)
        self.held_bytes -= len(publish.payload)

    # === TAKING === #

    def get(self, timeout=None):
        """The next publish. :raise queue.Empty: nothing came within ``timeout`` seconds"""
        taken = self.take(1, timeout)
        if not taken:
            raise queue.Empty
        return taken[0]

    def take(self, most, timeout=None):
        """Up to ``most`` publishes, one of each machine in turn; waits for the first of them."""
        until = None if timeout is None else self.clock() + timeout
        with self._changed:
            while True:
                now = self.clock()
                if now - self._looked >= LOOK and (self.late or now - self._swept > SWEEP):
                    self._look(now)
                if self.turns:
                    return self._taken(most)
                left = None if until is None else until - now
                if left is not None and left <= 0:
                    return []
                waits = [each for each in (left, LOOK if self.late else None) if each is not None]
                self._changed.wait(min(waits, default=None))

    def _taken(self, most):
        taken, size, turns = [], 0, self.turns
        while turns and len(taken) < most and size < TAKEN_BYTES:
            lane = turns.popleft()
            publish = lane.ready.pop(0)
            taken.append(publish)
            size += len(publish.payload)
            if lane.ready:
                turns.append(lane)
        self.size -= len(taken)
        self.bytes -= size
        return taken

    def _look(self, now):
        """Let on whose turn has come; forget who has nothing to say."""
        self._looked = now
        for key, lane in list(self.late.items()):
            while lane.held and len(lane.ready) < MOST_READY:
                if not lane.bucket.take(now, lane.held[0][1]):
                    break
                self._let_on(lane)
            if not lane.held and lane.bucket.fill(now) >= lane.bucket.limit.again:
                lane.shut = False
                del self.late[key]
        if now - self._swept > SWEEP:
            self._swept = now
            self.lanes = {key: lane for key, lane in self.lanes.items() if self._busy(lane, now)}

    @staticmethod
    def _busy(lane, now):
        full = lane.bucket.fill(now) >= lane.bucket.limit.burst
        return lane.ready or lane.held or lane.shut or not full

    def charge(self, machine, cost, event=True):
        """Let a machine pay for what its messages cost beyond their number: rubbish is kept."""
        with self._changed:
            lane = self.lanes.get((machine, event))
            if lane and lane.bucket.limit.rate:
                bucket = lane.bucket
                bucket.tokens = max(bucket.tokens - cost, -bucket.limit.burst)

    # === FIGURES === #

    def qsize(self):
        """Publishes that may be stored now."""
        return self.size

    def crowded(self):
        """Whether so much waits to be stored that nothing more is to be read from the broker.

        Brokers may send more than the Receive Maximum (mosquitto 2.0.11 does once PUBACKs and
        messages cross), so what keeps the memory of a bridge small is that it stops to read.
        """
        return self.size >= CROWD or self.bytes >= CROWD_BYTES

    def empty(self):
        return not self.size

    def held(self):
        """(messages, bytes) that wait for their turn."""
        with self._changed:
            return sum(len(lane.held) for lane in self.late.values()), self.held_bytes

    def floods(self):
        """Who was held back or shed since the last call: machine → messages shed."""
        with self._changed:
            found, self.shed = self.shed, {}
            return found
