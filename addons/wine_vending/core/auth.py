# SPDX-License-Identifier: LGPL-3.0-or-later
"""Somebody stands at a machine and shows a token: what is asked, and what may be answered."""

from dataclasses import dataclass, field
from datetime import datetime

#: codes of a denial that the platform itself gives; a wing may use others
UNSUPPORTED, TIMEOUT, ERROR, MAINTENANCE = "unsupported", "timeout", "error", "maintenance"
TOO_MANY = "too_many"


@dataclass(frozen=True, eq=False, slots=True)
class AuthRequest:
    """One question; ``received`` is naive UTC. The token is a secret and never printed."""

    machine: object  #: ``wine.machine`` record
    request_id: str
    kind: str  #: ``member``, ``pickup`` or ``voucher``
    token: str = field(repr=False)
    slot: str | None = None  #: code of the slot, where one was chosen
    received: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    """No, and why: ``code`` for the machine, ``text`` for the person in the machine's language."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Whom to greet, codes of the slots to choose from, and what there is to spend."""

    member: str
    slots: tuple = ()
    balance: str = "0.00"  #: decimal text
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Authorised:
    """The vend that was authorised: the machine is told by ``vend.authorize``."""

    vend: object
