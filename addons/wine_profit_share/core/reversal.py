# SPDX-License-Identifier: LGPL-3.0-or-later
"""What each receiver gives back of a sale that is refunded in one or more parts.

How much has been taken back is a function of how much was refunded so far and of nothing else: in
whatever parts and order a sale is refunded, balances end the same, and at nothing when all of it
has been given back. A refund takes the difference of two such states.

Largest remainders would not do here. When the total grows they can shrink a part (the Alabama
paradox), and a refund would hand somebody a cent. The divisor method of Webster and Sainte-Laguë
never does: what it gives for a larger total holds what it gave for a smaller one.

Balinski, Young: Fair Representation. Meeting the Ideal of One Man, One Vote, 2nd edition, 2001.
"""

from functools import cmp_to_key


def take_back(shares, whole, before, now):
    """What a refund takes from each share.

    Give net amounts (``whole`` is the sum of the shares then) and what is taken back equals the net
    amount that was refunded, at every moment. More than the whole cannot be taken back: what a
    refund gives beyond it is the company's own affair, see :func:`beyond`.

    :param shares: minor units of each receiver, in the order in which they were posted
    :param int whole: what the sale came to, in minor units or in units of goods
    :param int before: how much of ``whole`` earlier refunds gave back
    :param int now: how much has been given back with this one
    :return: list[int], how much is taken from each share: never negative, never more than is there
    :raise ValueError: ``whole`` is not positive, or less has been given back than before
    """
    if whole <= 0 or not 0 <= before <= now:
        raise ValueError(f"{before} and then {now} of {whole} cannot have been given back")
    return [
        after - earlier
        for earlier, after in zip(
            taken_back(shares, whole, before), taken_back(shares, whole, now), strict=True
        )
    ]


def beyond(whole, before, now):
    """How much of a refund lies beyond what the sale came to, so that nobody's share covers it."""
    return max(now - whole, 0) - max(before - whole, 0)


def taken_back(shares, whole, given):
    """What has been taken from each share once ``given`` of ``whole`` has been given back."""
    if given >= whole:
        return list(shares)
    net = sum(shares)
    return sainte_lague(net * given // whole, shares)


def sainte_lague(total, weights):
    """Divide ``total`` units by Webster's method; of equal claims the earlier place goes first.

    A place of weight w that has a units claims the next one by w / (2 a + 1).

    :return: list[int]; for a larger total no part is smaller
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [(2 * weight * total + whole) // (2 * whole) for weight in weights]
    missing = total - sum(parts)
    while missing > 0:
        place = _first(weights, [2 * part + 1 for part in parts])
        parts[place] += 1
        missing -= 1
    while missing < 0:
        place = _last(weights, [2 * part - 1 for part in parts])
        parts[place] -= 1
        missing += 1
    return parts


def _order(weights, divisors):
    """Places by their claims weight/divisor, the greatest first, then the earlier place."""

    def compare(one, other):
        left, right = weights[one] * divisors[other], weights[other] * divisors[one]
        return (right > left) - (right < left) or one - other

    places = [place for place, divisor in enumerate(divisors) if divisor > 0]
    return sorted(places, key=cmp_to_key(compare))


def _first(weights, divisors):
    return _order(weights, divisors)[0]


def _last(weights, divisors):
    return _order(weights, divisors)[-1]
