# SPDX-License-Identifier: LGPL-3.0-or-later
"""One selector for all the sockets of a fleet, so that a thousand machines share one thread."""

import selectors
import time

BOTH = selectors.EVENT_READ | selectors.EVENT_WRITE


class Loop:
    """Watches sockets for their links."""

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._misc_at = 0.0

    def add(self, sock, link):
        """Watch a socket for reading."""
        self._selector.register(sock, selectors.EVENT_READ, link)

    def remove(self, sock):
        """Stop watching; unknown sockets are no matter."""
        if self._known(sock):
            self._selector.unregister(sock)

    def watch(self, sock, writing):
        """Watch for writing too, or no longer."""
        key = self._known(sock)
        events = BOTH if writing else selectors.EVENT_READ
        if key and key.events != events:
            self._selector.modify(sock, events, key.data)

    def _known(self, sock):
        try:
            return self._selector.get_key(sock)
        except (KeyError, ValueError):
            return None

    def poll(self, timeout):
        """Wait at most so many seconds, serve what is ready, keep sessions alive."""
        for key, mask in self._selector.select(timeout):
            key.data.ready(mask & selectors.EVENT_READ, mask & selectors.EVENT_WRITE)
        if time.monotonic() >= self._misc_at:
            self._misc_at = time.monotonic() + 1.0
            for key in list(self._selector.get_map().values()):
                key.data.misc()

    def close(self):
        """Let the selector go."""
        self._selector.close()
