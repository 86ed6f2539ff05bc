# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a machine says happened, free of how it was carried."""

from dataclasses import dataclass, field
from datetime import datetime


class RetryLater(Exception):
    """The fact is good, the moment is not: try the same fact again shortly."""


class BadFact(Exception):
    """The fact cannot be used as it is; its text says why and what to do."""


@dataclass(slots=True)
class Fact:
    """One fact of one machine.

    Times are naive UTC. ``moment`` is the business time, ``clock_trusted`` says whether it is the
    device's; ``reference`` is the carrier's identity of the fact, for evidence only.
    """

    machine_id: int
    type: str
    data: dict
    moment: datetime
    received: datetime
    device_time: datetime | None = None
    clock_trusted: bool = True
    reference: str = ""
    corr: str | None = None
    position: tuple | None = None  #: (epoch, seq) by which the device orders what it does
    result: str = field(default="", compare=False)


@dataclass(slots=True)
class PhoneCount(Fact):
    """A ``restock.done`` told by a person's phone: its moment orders it, for it has no position.

    No carrier of machines makes one, so no machine can pass for a person.
    """
