# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whole units divided by weights, so that not one is lost or made."""


def largest_remainder(total, weights, ranks=None):
    """Divide ``total`` units by ``weights``; each part is the exact one rounded down or up.

    Hamilton's method: everybody gets the whole units of the exact part, and the units that are left
    go to the largest remainders; of equal remainders to the earlier place, or by ``ranks`` where
    places are ranked otherwise. Where all weights are 0 they count alike.

    :param int total: not negative
    :param weights: integers, none negative
    :return: list[int], as many as weights; the sum is ``total``, or nothing where nobody is there
    :raise ValueError: a weight or the total is negative
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("Only what is not negative can be divided, by weights that are not either")
    whole = sum(weights)
    if not whole:
        weights = [1] * len(weights)
        whole = len(weights)
        if not whole:
            return []
    parts, remainders = [], []
    for weight in weights:
        part, remainder = divmod(total * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    hand_out(parts, remainders, total - sum(parts), ranks)
    return parts


def hand_out(parts, remainders, units, ranks=None):
    """Add one to each of the ``units`` parts that have the largest remainders."""
    if units:
        places = ranks or range(len(parts))
        for _remainder, _rank, place in sorted(
            (-remainder, rank, place)
            for place, (remainder, rank) in enumerate(zip(remainders, places, strict=True))
        )[:units]:
            parts[place] += 1
