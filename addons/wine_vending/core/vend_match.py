# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which vend a consumer means, by what only somebody who was there can know.

Nobody is shown a list of vends. A consumer says about when it was, and what else is known: the
slot, what was paid, the last digits of the card, the receipt code. What is said and does not fit
rules a vend out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

#: further away than this it is another vend
WINDOW = timedelta(hours=2)
#: people's watches and memories
NEAR = timedelta(minutes=15)
#: so many things beside the time must be known and fit
NEEDED = 2
CODE_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Clues:
    """What the consumer says; empty where nothing was said."""

    moment: datetime
    slot: str = ""
    amount: Decimal | None = None
    last4: str = ""
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A vend that may be meant."""

    id: int
    uuid: str
    moment: datetime
    slot: str
    amount: Decimal
    pay_ref: str = ""


def receipt_code(uuid: str) -> str:
    """The code that a receipt or a display may show: the random end of the vend's identity."""
    return "".join(sign for sign in uuid if sign.isalnum())[-CODE_LENGTH:].upper()


def find(clues: Clues, candidates) -> tuple:
    """(id of the vend that is meant or None, whether no other one can be meant)."""
    code = receipt_code(clues.receipt)
    if len(code) == CODE_LENGTH:
        named = [one for one in candidates if receipt_code(one.uuid) == code]
        if len(named) == 1:
            return named[0].id, True
    fitting = [one for one in candidates if _fits(clues, one)]
    near = [one for one in fitting if abs(one.moment - clues.moment) <= NEAR]
    if len(near) == 1 and _known(clues) >= NEEDED and not code:
        return near[0].id, True
    nearest = min(fitting, key=lambda one: abs(one.moment - clues.moment), default=None)
    return (nearest.id if nearest else None), False


def _known(clues):
    return bool(clues.slot) + (clues.amount is not None) + bool(clues.last4)


def _fits(clues, one):
    return (
        abs(one.moment - clues.moment) <= WINDOW
        and (not clues.slot or _plain(clues.slot) == _plain(one.slot))
        and (clues.amount is None or clues.amount == one.amount)
        and (not clues.last4 or _digits(one.pay_ref).endswith(clues.last4))
    )


def _plain(slot):
    return slot.strip().upper().replace(" ", "")


def _digits(text):
    return "".join(sign for sign in text if sign.isdigit())
