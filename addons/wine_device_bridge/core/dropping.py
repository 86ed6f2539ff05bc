# SPDX-License-Identifier: LGPL-3.0-or-later
"""A queue that never waits and never grows: the oldest goes when it is full, and is counted."""

import threading
from collections import deque


class DroppingQueue:
    """For one or more threads that put and one that takes.

    :param int limit: so many things wait at most
    """

    def __init__(self, limit):
        self.limit = limit
        self.dropped = 0
        self._things = deque()
        self._lock = threading.Lock()

    def put(self, thing):
        """Add the newest; the oldest makes room."""
        with self._lock:
            if len(self._things) >= self.limit:
                self._things.popleft()
                self.dropped += 1
            self._things.append(thing)

    def take(self, most):
        """Up to ``most`` things, oldest first."""
        with self._lock:
            count = min(most, len(self._things))
            return [self._things.popleft() for _thing in range(count)]

    def __len__(self):
        return len(self._things)
