# SPDX-License-Identifier: LGPL-3.0-or-later
"""When events leave the journal for the broker, docs/protocol §4: oldest first, paced, again.

The outbox owns nothing: texts stay in the state until an `evt_ack` covers them. It only knows
which of them wait, which are on the way and until when that is believable.
"""

import heapq

MAX_BYTES = 32 * 1024  # docs/protocol §1
NEVER = float("inf")
NAMED = 3  # so often missing although it was sent: then an event goes by itself


class Outbox:
    """Paces the events of one machine. Times are seconds of the caller's clock."""

    def __init__(self, state, options):
        self.state, self.options = state, options
        self.online = False
        self.tokens, self.filled, self.start = float(options.batch), 0.0, 0.0
        self.waiting, self.urgent, self.flight = [], [], {}
        self.sent = self.resent = self.duplicates = 0
        self._queued = set()
        self._named = {}  # seq: how often it was missing although it was on the way

    def connected(self, now, delay, patience=1):
        """A session begins: everything pending goes again, a backlog after `delay` seconds.

        The answer to the birth is awaited `patience` times as long as usual.
        """
        self.online = True
        self.flight, self.urgent, self._queued = {}, [], set(self.state.pending)
        self.waiting = sorted(self._queued)
        self.hello = now + self.options.hello * patience
        self.start = now + (delay if self.waiting else 0.0)
        self.tokens, self.filled = float(self.options.batch), now

    def disconnected(self):
        """The session is over."""
        self.online = False

    def greeted(self):
        """The platform answered the birth: no need to wait for it any longer."""
        self.hello = 0.0

    def add(self, seq, urgent=False):
        """An event was journalled; the steps of an authorised vend do not queue behind history."""
        if self.online and seq not in self._queued:
            heapq.heappush(self.urgent if urgent else self.waiting, seq)
            self._queued.add(seq)

    def again(self, seqs):
        """Send these once more, as far as they are still held."""
        held = [seq for seq in seqs if seq in self.state.pending or seq in self.state.kept]
        for seq in held:
            self.flight.pop(seq, None)
            self.add(seq)
        return len(held)

    def missed(self, seqs):
        """The platform has later ones and not these: once more, and by themselves at last."""
        for seq in seqs:
            if seq in self.flight:
                self._named[seq] = self._named.get(seq, 0) + 1
        self.again(seqs)

    def forget(self, seqs):
        """These are acknowledged."""
        for seq in seqs:
            self.flight.pop(seq, None)
            self._named.pop(seq, None)

    def due(self, now):
        """Payloads that may leave now: JSON texts of one event or of an array."""
        if not self.online or now < self.hello:
            return []
        self._refill(now)
        self._overdue(now)
        payloads = []
        while taken := self._take(now):
            together = [text for text, alone in taken if not alone]
            payloads += [text for text, alone in taken if alone] + pack(together)
        return payloads

    def wake(self, now):
        """The next moment at which `due` may have something new."""
        if not self.online:
            return NEVER
        times = [self.flight[next(iter(self.flight))]] if self.flight else []
        if self.urgent or (self.waiting and len(self.flight) < self.options.window):
            times.append(max(self.hello, now if self.urgent else self.start, now + 0.05))
        return min(times, default=NEVER)

    def _refill(self, now):
        gained = (now - self.filled) * self.options.rate
        self.tokens = min(float(self.options.batch), self.tokens + max(gained, 0.0))
        self.filled = now

    def _overdue(self, now):
        late = []
        for seq, deadline in self.flight.items():
            if deadline > now:
                break
            late.append(seq)
        self.resent += self.again(late)
        for seq in late:
            self.flight.pop(seq, None)

    def _take(self, now):
        queue = self.urgent or (self.waiting if now >= self.start else [])
        room = min(self.options.batch, self.options.window - len(self.flight))
        want = min(len(queue), room) if queue is not self.urgent else len(queue)
        if want <= 0 or not self._afford(min(want, self.options.batch)):
            return []
        texts = [self._pop(queue, now) for _ in range(min(want, self.options.batch))]
        return [taken for taken in texts if taken[0]]

    def _afford(self, count):
        if not self.options.rate:
            return True
        if self.tokens < count:
            return False
        self.tokens -= count
        return True

    def _pop(self, queue, now):
        seq = heapq.heappop(queue)
        self._queued.discard(seq)
        text = self.state.pending.get(seq)
        if text:
            self.flight[seq] = now + self.options.ack_timeout
        text = text or self.state.kept.get(seq)
        self.sent += bool(text)
        return text, self._named.get(seq, 0) >= NAMED


class Together(str):
    """The payload of several events: an array, that still knows the text of each."""

    def __new__(cls, texts):
        made = super().__new__(cls, f"[{','.join(texts)}]")
        made.parts = tuple(texts)
        return made


def pack(texts):
    """Payloads of at most 32 KiB: a single event stands alone, several form an array."""
    payloads, group, size = [], [], 2
    for text in texts:
        length = len(text.encode()) + 1
        if group and size + length > MAX_BYTES:
            payloads.append(group)
            group, size = [], 2
        group.append(text)
        size += length
    payloads += [group] if group else []
    return [group[0] if len(group) == 1 else Together(group) for group in payloads]
