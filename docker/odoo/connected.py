#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""Health check of the bridge: 0 when some process here holds a connection to the given port."""

import sys
from pathlib import Path

ESTABLISHED = "01"


def connected(port):
    """Return whether the kernel lists an established connection to `port`."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            remote, state = line.split()[2:4]
            if state == ESTABLISHED and int(remote.rpartition(":")[2], 16) == port:
                return True
    return False


if __name__ == "__main__":
    sys.exit(not connected(int(sys.argv[1])))
