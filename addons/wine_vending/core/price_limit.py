# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which floor and ceiling bind a price: the most particular limit that states one.

A limit is stated for a region (and what lies below it) or for all, and for a product, a category
(and what lies below it) or for all goods. Goods come first: a limit of the product goes before one
of its category, the nearer category before the farther, these before one of all goods; of limits
for the same goods the nearer region goes before the farther. Floor, ceiling and margin are found
each on its own, so that a limit that states no ceiling does not lift the one above it.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

ALL = None


@dataclass(frozen=True, slots=True)
class Limit:
    """Amounts in minor units of what the consumer pays; 0 states nothing.

    ``margin`` is the least mark-up on cost in percent, before tax; None states nothing.
    """

    id: Any
    region: Any = ALL
    product: Any = ALL
    category: Any = ALL
    floor: int = 0
    ceiling: int = 0
    margin: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of the range, and the limit that says so."""

    amount: int
    limit: Limit


@dataclass(frozen=True, slots=True)
class Bounds:
    """What binds one product in one region; a missing end is None."""

    floor: Bound | None = None
    ceiling: Bound | None = None

    def broken(self, price: int):
        """("floor" | "ceiling", :class:`Bound`) that a price breaks, or None."""
        if self.floor and price < self.floor.amount:
            return "floor", self.floor
        if self.ceiling and price > self.ceiling.amount:
            return "ceiling", self.ceiling
        return None


class Limits:
    """All limits of a company, ready to be asked for any product and region."""

    def __init__(self, limits):
        self._stated = defaultdict(dict)
        for limit in limits:
            self._stated[limit.product, limit.category][limit.region] = limit

    def bounds(self, regions, product, categories, cost=0, net=Decimal(1)) -> Bounds:
        """Floor and ceiling of a product in a region.

        :param regions: the region and those above it, the topmost first
        :param categories: likewise
        :param int cost: minor units of one bottle
        :param Decimal net: what remains of one unit of price after tax
        """
        chain = list(self._chain(regions, product, categories))
        floor = next((Bound(limit.floor, limit) for limit in chain if limit.floor), None)
        ceiling = next((Bound(limit.ceiling, limit) for limit in chain if limit.ceiling), None)
        margin = next((limit for limit in chain if limit.margin is not None), None)
        if margin and cost:
            least = Bound(_least_price(cost, margin.margin, net), margin)
            if not floor or least.amount > floor.amount:
                floor = least
        return Bounds(floor, ceiling)

    def _chain(self, regions, product, categories):
        """Limits that bind, the most particular first."""
        goods = [(product, ALL), *((ALL, categ) for categ in reversed(categories)), (ALL, ALL)]
        for key in goods:
            stated = self._stated.get(key, {})
            for region in [*reversed(regions), ALL]:
                if region in stated:
                    yield stated[region]


def _least_price(cost, margin, net):
    """The lowest price whose part before tax is ``margin`` percent above cost."""
    least = Decimal(cost) * (100 + Decimal(margin)) / 100 / net
    return int(least.to_integral_value(rounding=ROUND_CEILING))


def rounded(amount: int, step: int) -> int:
    """To the nearest multiple of ``step`` minor units, half up; 0 and 1 leave it."""
    if step <= 1:
        return amount
    return (2 * amount + step) // (2 * step) * step


def changed(price: int, mode: str, value: Decimal, digits: int, step: int = 0) -> int:
    """A price after a change.

    :param mode: ``set`` (to ``value``), ``add`` (``value`` more) or ``percent``
    :param Decimal value: an amount, or percent
    :param int step: round to multiples of this many minor units
    :return: minor units, never below 0
    """
    if mode == "percent":
        result = Decimal(price) * (100 + value) / 100
    else:
        result = value.scaleb(digits) + (price if mode == "add" else 0)
    return max(0, rounded(int(result.quantize(Decimal(1), rounding="ROUND_HALF_UP")), step))
