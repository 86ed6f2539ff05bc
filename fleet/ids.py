# SPDX-License-Identifier: LGPL-3.0-or-later
"""Identities. Drawn from a random source of the machine's own, so that a seed repeats a run."""

import random
import uuid


class Ids:
    """Makes UUIDs; the caller sees to it that a source is never seeded the same way twice."""

    def __init__(self, seed=None):
        self._random = random.Random(seed) if seed is not None else random.SystemRandom()

    def uuid7(self, seconds):
        """UUIDv7 (RFC 9562 §5.7) of a time in seconds since 1970."""
        millis = int(max(seconds, 0) * 1000) & ((1 << 48) - 1)
        value = millis << 80 | self._random.getrandbits(80)
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return str(uuid.UUID(int=value))

    def uuid4(self):
        """A UUID without a time in it, for a power-up."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def history_id(*parts):
    """The same id for the same row of somebody's history, however often it is replayed."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(str(part) for part in parts)))


def share(seed, *parts):
    """A number in [0, 1) that is always the same for the same names."""
    return random.Random("/".join(str(part) for part in (seed, *parts))).random()
