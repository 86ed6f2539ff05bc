# SPDX-License-Identifier: LGPL-3.0-or-later
"""Files that hold hashes or secrets: replaced at once, readable by their owner only."""

import os


def write_passwords(path, lines, bridge="wine-bridge"):
    """Replace the lines of machines in mosquitto's password file, keep those of the bridge itself.

    :param dict lines: user name → hash; :param str bridge: user names that begin so are kept
    """
    kept = []
    if path.exists():
        kept = [line for line in path.read_text().splitlines() if line.startswith(bridge)]
    machines = [f"{username}:{hashed}" for username, hashed in sorted(lines.items())]
    write_private(path, "\n".join([*kept, *machines]) + "\n")


def write_private(path, text):
    """Replace a file; whoever owned it goes on owning it."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    if path.exists() and hasattr(os, "chown"):
        owner = path.stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)
    fresh.replace(path)
