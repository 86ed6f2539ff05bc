# SPDX-License-Identifier: LGPL-3.0-or-later
"""Coins, notes and tubes of a machine, as values that one journal record sets at once.

`meter` is what was taken since the last collection, `total` since initialisation.
"""

from fleet import money


def add(cash, amount, currency):
    """The box after a consumer paid and the price was kept."""
    notes, coins = money.notes_and_coins(amount, currency)
    return cash | {
        "currency": currency,
        "notes": money.add(cash["notes"], notes, currency),
        "coins": money.add(cash["coins"], coins, currency),
        "meter": money.add(cash["meter"], amount, currency),
        "total": money.add(cash["total"], amount, currency),
    }


def emptied(cash):
    """The box after a collection: tubes stay, for change."""
    zero = money.normal("0", cash.get("currency", "EUR"))
    return cash | {"notes": zero, "coins": zero, "meter": zero}


def level(cash):
    """Data of `cash.level`, docs/protocol §5."""
    currency = cash.get("currency")
    keys = ("coins", "notes", "tubes")
    data = {key: money.normal(cash[key], currency or "EUR") for key in keys}
    return data | ({"currency": currency} if currency else {})


def collected(cash, by, difference="0", visit_id=None):
    """Data of `cash.collected`: what the meter says, and what was counted by hand."""
    currency = cash.get("currency", "EUR")
    counted = {
        "coins": money.add(cash["coins"], difference, currency),
        "notes": money.normal(cash["notes"], currency),
    }
    meter = money.normal(cash["meter"], currency)
    data = {"by": by, "counted": counted, "meter": meter, "currency": currency}
    return data | ({"visit_id": visit_id} if visit_id else {})
