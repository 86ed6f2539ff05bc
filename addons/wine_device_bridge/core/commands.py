# SPDX-License-Identifier: LGPL-3.0-or-later
"""What people may tell a machine by hand (docs/protocol §7), for how long it holds, and who may."""

from dataclasses import dataclass

SERVICE, ADMIN = "service", "admin"


@dataclass(frozen=True, slots=True)
class Kind:
    """One command; ``minutes`` is how long it holds, ``risky`` asks before it leaves."""

    type: str
    minutes: int
    who: str = SERVICE
    risky: bool = False


KINDS = {
    kind.type: kind
    for kind in (
        # a door that opens an hour later opens for somebody else
        Kind("door.unlock", 2, risky=True),
        Kind("counter.request", 60),
        Kind("cash.request", 60),
        Kind("log.request", 60),
        Kind("machine.lock", 24 * 60, risky=True),
        Kind("machine.unlock", 24 * 60),
        Kind("machine.reboot", 10, risky=True),
        Kind("event.resend", 24 * 60, who=ADMIN),
    )
}
#: states in which a machine listens to people
LISTENING = ("commissioned", "active", "suspended")
