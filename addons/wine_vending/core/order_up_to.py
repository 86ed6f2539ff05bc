# SPDX-License-Identifier: LGPL-3.0-or-later
"""How many bottles a product needs in a machine: the (R, S) policy with counted demand.

Every R days somebody may come; L days pass from planning to the bottle in its lane. The bottles S
after filling shall last R + L days with the wanted probability (Silver, Pyke and Thomas,
"Inventory and Production Management in Supply Chains", ch. 7). Demand is negative binomial, or
Poisson where its variance is its mean; a lane's room, the planogram's par and the shelf life of the
goods are limits on S.
"""

import heapq
from dataclasses import dataclass
from math import ceil, exp, floor, log, sqrt
from statistics import NormalDist

#: above this mean the exact sum is long and the normal distribution is close
LARGE = 400.0


def distribution(mean, variance):
    """Yield P(D = 0), P(D = 1), … of a negative binomial (Poisson where variance ≤ mean)."""
    if variance > mean * (1 + 1e-9):
        size = mean * mean / (variance - mean)
        ratio = mean / (size + mean)
        chance, units = exp(size * log(1 - ratio)), 0
        while True:
            yield chance
            chance *= ratio * (units + size) / (units + 1)
            units += 1
    chance, units = exp(-mean), 0
    while True:
        yield chance
        units += 1
        chance *= mean / units


def quantile(mean, variance, level):
    """Fewest bottles that last with probability ``level`` (0…1)."""
    if mean <= 0:
        return 0
    if mean > LARGE:
        spread = NormalDist(mean, sqrt(max(variance, mean)))
        return max(0, ceil(spread.inv_cdf(level) - 0.5))
    total = 0.0
    for units, chance in enumerate(distribution(mean, variance)):
        total += chance
        if total >= level or units > 20 * LARGE:
            return units
    return 0


def beyond(mean, variance, most):
    """[P(D > 0), P(D > 1), … P(D > most − 1)]: what the next bottle is worth, in sales."""
    result, total = [], 0.0
    if mean <= 0:
        return [0.0] * most
    if mean > LARGE:
        spread = NormalDist(mean, sqrt(max(variance, mean)))
        return [1 - spread.cdf(units + 0.5) for units in range(most)]
    for _units, chance in zip(range(most), distribution(mean, variance), strict=False):
        total = min(1.0, total + chance)
        result.append(1 - total)
    return result


def shortage(mean, variance, stock):
    """Expected demand that ``stock`` bottles cannot serve."""
    return max(0.0, mean - sum(beyond(mean, variance, max(0, stock))))


def order_up_to(forecast, start, days, level, shelf_days=0):
    """S of a product before the room of its lanes is looked at; at least 1.

    :param forecast: :class:`~.forecast.Forecast`
    :param date start: first day of the ``days`` that the bottles shall last
    :param float level: probability, 0…1
    :param float shelf_days: how long a bottle may stay in the machine; 0 for without end
    """
    wanted = quantile(*forecast.demand(start, days), level)
    if shelf_days:
        wanted = min(wanted, floor(forecast.rate * shelf_days))
    return max(1, wanted)


def spread(total, rooms):
    """Divide ``total`` over lanes by the room of each, whole numbers, none above its room.

    Largest remainders first, then the order of the lanes; a lane with room gets at least 1.
    """
    total = max(min(total, sum(rooms)), sum(1 for room in rooms if room))
    if not total:
        return [0] * len(rooms)
    exact = [total * room / sum(rooms) for room in rooms]
    result = [
        min(room, max(floor(part), 1 if room else 0))
        for part, room in zip(exact, rooms, strict=True)
    ]
    order = sorted(range(len(rooms)), key=lambda lane: (floor(exact[lane]) - exact[lane], lane))
    while sum(result) < total:
        for lane in order:
            if sum(result) < total and result[lane] < rooms[lane]:
                result[lane] += 1
    for lane in reversed(order):
        while sum(result) > total and result[lane] > 1:
            result[lane] -= 1
    return result


@dataclass(frozen=True, slots=True)
class Want:
    """Bottles of one product that one machine has room for.

    ``gains``: money that the first, the second… bottle earns, falling.
    """

    key: tuple
    product: int
    gains: tuple


def allocate(wants, stock, van):
    """Give scarce bottles to where they earn most.

    Greedy by the money of the next bottle; since gains fall and the limits are one per product and
    one for all, no other allocation earns more (Federgruen and Groenevelt 1986).

    :param dict stock: product → free bottles in the warehouse
    :param int van: bottles that the van carries
    :return: dict key → bottles
    """
    left, given = dict(stock), {want.key: 0 for want in wants}
    heap = [(-want.gains[0], number, 0) for number, want in enumerate(wants) if want.gains]
    heapq.heapify(heap)
    while heap and van > 0:
        _gain, number, taken = heapq.heappop(heap)
        want = wants[number]
        if left.get(want.product, 0) < 1:
            continue
        left[want.product] -= 1
        van -= 1
        given[want.key] = taken = taken + 1
        if taken < len(want.gains):
            heapq.heappush(heap, (-want.gains[taken], number, taken))
    return given
