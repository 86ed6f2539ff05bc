# SPDX-License-Identifier: LGPL-3.0-or-later
"""Money as exact decimals and integer minor units. Nothing here is a float."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from .told import _lt

_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,6})?\Z", re.ASCII)


def parse_amount(text) -> Decimal:
    """Read a decimal string of the device protocol, such as ``"128.00"``.

    :raise ValueError: not a plain decimal string (floats and exponents are refused)
    """
    if not isinstance(text, str) or not _AMOUNT.match(text):
        raise ValueError(
            _lt(
                '%(said)r is no amount; write it as a decimal string, such as "128.00"',
                said=str(text),
            )
        )
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(_lt("%(said)r is no amount", said=text)) from error


def to_minor(amount, digits: int) -> int:
    """Amount (Decimal, str or float rounded by the currency) → integer minor units."""
    scaled = Decimal(str(amount)).scaleb(digits)
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def from_minor(minor: int, digits: int) -> Decimal:
    """Integer minor units → Decimal with ``digits`` places."""
    return Decimal(minor).scaleb(-digits)


def part_of(amount, share: int, whole: int, digits: int) -> Decimal:
    """``share``/``whole`` of an amount, rounded half up to the minor unit.

    Used for a pour that stopped early: 90 ml of 150 ml.

    :raise ValueError: ``whole`` is not positive or ``share`` lies outside 0…whole
    """
    if whole <= 0 or not 0 <= share <= whole:
        raise ValueError(_lt("%(share)s is no part of %(whole)s", share=share, whole=whole))
    minor = to_minor(amount, digits) * share
    return from_minor((2 * minor + whole) // (2 * whole), digits)
