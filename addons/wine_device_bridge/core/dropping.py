# SPDX-License-Identifier: LGPL-3.0-or-later
"""A queue that never waits and never grows: the oldest goes when it is full, and is counted."""

import threading
from collections import deque


class DroppingQueue:
    """For one or more threads that put and one that takes.

    :param int limit: so many things wait at most; :param int most_bytes: and so large together
    """

    def __init__(self, limit, most_bytes=None):
        self.limit = limit
        self.most_bytes = most_bytes
        self.dropped = self.bytes = 0
        self._things = deque()
        self._lock = threading.Lock()

    def put(self, thing, size=0):
        """Add the newest; the oldest make room."""
        with self._lock:
            while self._things and self._full(size):
                self.bytes -= self._things.popleft()[1]
                self.dropped += 1
            self._things.append((thing, size))
            self.bytes += size

    def _full(self, size):
        many = len(self._things) >= self.limit
        return many or (self.most_bytes is not None and self.bytes + size > self.most_bytes)

    def take(self, most):
        """Up to ``most`` things, oldest first."""
        with self._lock:
            count = min(most, len(self._things))
            taken = [self._things.popleft() for _thing in range(count)]
            self.bytes -= sum(size for _thing, size in taken)
        return [thing for thing, _size in taken]

    def __len__(self):
        return len(self._things)
