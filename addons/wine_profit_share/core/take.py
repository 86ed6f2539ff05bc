# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which entries are taken for a payment: what is owed back first, then the oldest."""

from typing import NamedTuple


class Taking(NamedTuple):
    """Positions of the entries to take, and how much of the last one stays behind."""

    taken: list
    left: int  #: minor units that stay of the last taken entry


def take(amounts, wanted=None):
    """Choose entries that come to exactly ``wanted``.

    Negative amounts (what was given back after it had been paid) are all set off before anything
    is paid; then whole entries in their order, the last one split where it is too large.

    :param list[int] amounts: minor units, oldest first
    :param int wanted: minor units, positive; None takes everything if that comes to more than 0
    :return: Taking, or None where the amounts do not come to ``wanted``
    """
    total = sum(amounts)
    if wanted is None:
        return Taking(list(range(len(amounts))), 0) if total > 0 else None
    if wanted <= 0 or total < wanted:
        return None
    taken = [number for number, amount in enumerate(amounts) if amount < 0]
    missing = wanted - sum(amounts[number] for number in taken)
    for number, amount in enumerate(amounts):
        if missing <= 0:
            break
        if amount > 0:
            taken.append(number)
            missing -= amount
    return Taking(taken, -missing)
