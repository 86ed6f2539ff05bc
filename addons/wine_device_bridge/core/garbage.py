# SPDX-License-Identifier: LGPL-3.0-or-later
"""Memory that the ORM leaves behind in cycles, given back before it has grown."""

import gc
import sys
import weakref

#: blocks of memory (60 bytes on average) that may be garbage before it is looked for: some 15 MiB
MOST = 250_000


class Garbage:
    """Collects what reference counting leaves, by how much there is.

    Odoo has Python look through everything only after millions of objects, for in a web worker
    that costs more than the memory, and a worker that grows is started anew. A process that runs
    for months reached 500 MiB of which 120 were alive. What lives as long as the registry is put
    aside (``gc.freeze``), so that a look costs milliseconds; a new registry puts aside the new one.
    """

    def __init__(self):
        self.registry = lambda: None
        self.floor = 0

    def collect(self, registry):
        """Between two transactions: look where enough has come together. Returns whether it did.

        Any thread may ask; two at once only look twice.

        :param registry: what lives on; another one than last time takes its place
        """
        if self.registry() is not registry:
            self.registry = weakref.ref(registry)
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        elif not self._much():
            return False
        else:
            gc.collect()
        self.floor = sys.getallocatedblocks()
        return True

    def _much(self):
        blocks = sys.getallocatedblocks()
        self.floor = min(self.floor, blocks)
        return blocks - self.floor > MOST


#: of this process
garbage = Garbage()
