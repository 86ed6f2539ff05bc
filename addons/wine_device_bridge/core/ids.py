# SPDX-License-Identifier: LGPL-3.0-or-later
"""Identities of what the platform says (docs/protocol §7)."""

import secrets
import time
from uuid import UUID


def uuid7():
    """A UUIDv7 of now, as text (RFC 9562 §5.7): sorts by the millisecond in which it was made."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=value))
