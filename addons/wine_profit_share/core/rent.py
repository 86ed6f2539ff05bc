# SPDX-License-Identifier: LGPL-3.0-or-later
"""Rent of a month, for the days on which a rule was in force; the parts sum to the whole."""

from calendar import monthrange
from datetime import date, timedelta


def rent_until(amount, day, days):
    """Rent of the first ``day`` days of a month of ``days``: minor units, rounded half up."""
    return (2 * amount * day + days) // (2 * days)


def rent_of(amount, first, last):
    """Rent of the days ``first`` to ``last`` of one month; a partition of it sums to ``amount``.

    :param int amount: minor units of a whole month
    :raise ValueError: the days are not of one month, or in the wrong order
    """
    if (first.year, first.month) != (last.year, last.month) or last < first:
        raise ValueError(f"{first} to {last} are no days of one month")
    days = monthrange(first.year, first.month)[1]
    return rent_until(amount, last.day, days) - rent_until(amount, first.day - 1, days)


def runs(month, thing_on):
    """Unbroken runs of one thing through the days of a month.

    :param date month: any day of it
    :param thing_on: function of a day; None where there is nothing
    :return: list of (thing, first day, last day)
    """
    found = []
    for number in range(1, monthrange(month.year, month.month)[1] + 1):
        day = date(month.year, month.month, number)
        thing = thing_on(day)
        if thing is None:
            continue
        if found and found[-1][0] == thing and found[-1][2] == day - timedelta(days=1):
            found[-1] = (thing, found[-1][1], day)
        else:
            found.append((thing, day, day))
    return found
