# SPDX-License-Identifier: LGPL-3.0-or-later
"""Exact money: decimal strings outside, whole minor units where something is divided."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

EXPONENTS = dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0)
EXPONENTS |= dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


def exponent(currency):
    """Number of decimals of an ISO 4217 currency."""
    return EXPONENTS.get(currency, 2)


def minor(amount, currency):
    """Amount (decimal string or Decimal) in whole minor units, half up."""
    scaled = Decimal(amount).scaleb(exponent(currency))
    return int(scaled.to_integral_value(ROUND_HALF_UP))


def text(units, currency):
    """Whole minor units as the decimal string of docs/protocol §1."""
    places = exponent(currency)
    return f"{Decimal(units).scaleb(-places):.{places}f}"


def normal(amount, currency):
    """Any decimal as the canonical decimal string of its currency."""
    return text(minor(amount, currency), currency)


def times(price, qty, currency):
    """Price of one times a number of bottles, as a decimal string."""
    return text(minor(price, currency) * qty, currency)


def split(total, parts, currency):
    """Divide a total over equal parts by largest remainder: the sum is the total to the cent.

    Returns a list of decimal strings, the larger ones first.
    """
    units = minor(total, currency)
    base, rest = divmod(abs(units), parts)
    sign = -1 if units < 0 else 1
    return [text(sign * (base + (index < rest)), currency) for index in range(parts)]


def notes_and_coins(amount, currency):
    """Split a cash payment into (notes, coins): notes are whole fives of the currency."""
    notes = (Decimal(amount) / 5).to_integral_value(ROUND_DOWN) * 5
    return normal(notes, currency), normal(Decimal(amount) - notes, currency)


def add(first, second, currency):
    """Sum of two decimal strings as a decimal string."""
    return normal(Decimal(first) + Decimal(second), currency)
