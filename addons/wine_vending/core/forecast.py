# SPDX-License-Identifier: LGPL-3.0-or-later
"""Demand of a product in a machine: a level that fades, a week that is shrunk to its pool.

Most pairs of machine and product sell less than one bottle a day, so a day's sales are a count, not
a number with an error. The level is the discounted gamma-Poisson model (Harvey and Fernandes 1989,
"Time series models for count or qualitative observations", J. Business & Economic Statistics 7;
West and Harrison 1997, ch. 14): after each day the evidence fades by ``0.5 ** (1 / half-life)`` and
the day's sales and exposure are added, so

    rate = (a0 + Σ w·sold) / (b0 + Σ w·exposure·factor)

``a0 / b0`` is the rate of the same product in the other machines of the pool and ``b0`` its weight
in days, less where the pool has seen little: what a young product has not shown yet comes from
there, and it stops mattering as own days come in. A day on which the product could be had for a
part of the selling hours counts as that part (censored demand, Nahmias 1994): an empty slot says
nothing about demand. The factors of the week are gamma-Poisson as well, shrunk from pair to machine
to pool to flat. Demand over some days is negative binomial with mean M and variance
``dispersion·M + M² / a``.

Everything is deterministic: the same sales give the same figures.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

HISTORY = 182
HALF_LIFE = 42.0
#: weight of the pool's rate, in days of own history
POOL_DAYS = 10.0
#: days after which the pool has half of that weight
POOL_HALF = 14.0
#: weight of the mean pair of the pool, in days: the last resort
TYPICAL_DAYS = 0.3
#: weight of the broader week, in bottles a weekday
WEEK_BOTTLES = 12.0
#: weight of dispersion 1, in days
PLAIN_DAYS = 30.0
FLAT = (1.0,) * 7


class Window:
    """The days that are looked at, and how much each still counts."""

    def __init__(self, today: date, days: int = HISTORY, half_life: float = HALF_LIFE):
        self.today, self.first = today, today - timedelta(days=days)
        self.weights = [0.5 ** ((days - 1 - number) / half_life) for number in range(days)]
        self.prefix = [(0.0,) * 7]
        for number, weight in enumerate(self.weights):
            row = list(self.prefix[-1])
            row[(self.first.weekday() + number) % 7] += weight
            self.prefix.append(tuple(row))

    def weight(self, day: date) -> float:
        """0 outside of the window."""
        number = (day - self.first).days
        return self.weights[number] if 0 <= number < len(self.weights) else 0.0

    def sums(self, spans) -> list:
        """Weight of the days of [(first day, day after the last)], by weekday."""
        result = [0.0] * 7
        for start, end in spans:
            low = min(max((start - self.first).days, 0), len(self.weights))
            high = min(max((end - self.first).days, low), len(self.weights))
            for weekday in range(7):
                result[weekday] += self.prefix[high][weekday] - self.prefix[low][weekday]
        return result


@dataclass(slots=True)
class Series:
    """What is known of one pair.

    :param dict sold: day → bottles
    :param list spans: disjoint [(first day, day after the last)] in which the machine offered it
    :param dict missing: day → share of the selling hours without a bottle in any lane
    """

    machine: int
    product: int
    sold: dict = field(default_factory=dict)
    spans: list = field(default_factory=list)
    missing: dict = field(default_factory=dict)


@dataclass(slots=True)
class Evidence:
    """Sums of a series: faded sales and exposure by weekday, and days seen."""

    series: Series
    sold: list
    exposed: list
    days: float

    @property
    def rate(self):
        total = sum(self.exposed)
        return sum(self.sold) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """Demand of one pair: ``rate`` bottles on a mean day, ``factors`` by weekday with mean 1."""

    rate: float
    factors: tuple
    shape: float
    dispersion: float
    days: float
    source: str

    def demand(self, start: date, days: float):
        """(mean, variance) of the demand of ``days`` days that begin with ``start``."""
        mean = self.rate * horizon(self.factors, start, days)
        return mean, self.dispersion * mean + mean * mean / self.shape


def horizon(factors, start: date, days: float) -> float:
    """Mean days in ``days`` days from ``start``: the sum of their factors, the last one in part."""
    whole = int(days)
    weeks, rest = divmod(whole, 7)
    first = start.weekday()
    result = weeks * sum(factors) + sum(factors[(first + day) % 7] for day in range(rest))
    return result + (days - whole) * factors[(first + whole) % 7]


def evidence(window: Window, series: Series) -> Evidence:
    """Sums of a series over the window; a day with sales was at least in part a day of selling."""
    exposed = window.sums(series.spans)
    days = sum(
        max(0, (min(end, window.today) - max(start, window.first)).days)
        for start, end in series.spans
    )
    for day, share in series.missing.items():
        if any(start <= day < end for start, end in series.spans):
            weight = window.weight(day)
            if weight:
                share = min(share, 0.9) if series.sold.get(day) else share
                exposed[day.weekday()] -= weight * share
                days -= share
    sold = [0.0] * 7
    for day, units in series.sold.items():
        sold[day.weekday()] += units * window.weight(day)
    return Evidence(series, sold, [max(0.0, value) for value in exposed], max(0.0, days))


def week(sold, expected, prior=FLAT, weight: float = WEEK_BOTTLES) -> tuple:
    """Factors of the week with mean 1, shrunk to ``prior``.

    :param sold: bottles by weekday; ``expected``: those of a flat week
    """
    factors = [(weight * prior[day] + sold[day]) / (weight + expected[day]) for day in range(7)]
    mean = sum(factors) / 7
    return tuple(factor / mean for factor in factors)


def forecasts(window: Window, many) -> dict:
    """Forecast every pair of a pool: machines near one another that sell the same goods.

    :param many: :class:`Series` of all pairs of the pool
    :return: dict (machine, product) → :class:`Forecast`
    """
    known = [evidence(window, series) for series in many]
    pool = _week_of(known, FLAT)
    by_machine, by_product = {}, {}
    for one in known:
        by_machine.setdefault(one.series.machine, []).append(one)
        by_product.setdefault(one.series.product, []).append(one)
    weeks = {machine: _week_of(group, pool) for machine, group in by_machine.items()}
    totals = {
        product: [
            sum(map(sum, (one.sold for one in group))),
            sum(_exposure(one, weeks[one.series.machine]) for one in group),
        ]
        for product, group in by_product.items()
    }
    typical = _typical(totals)
    result = {}
    for one in known:
        factors = week(one.sold, _flat(one), weeks[one.series.machine])
        own = sum(one.sold), _exposure(one, factors)
        others = [total - mine for total, mine in zip(totals[one.series.product], own, strict=True)]
        result[one.series.machine, one.series.product] = _forecast(
            window, one, factors, others, typical
        )
    return result


def _forecast(window, one, factors, others, typical):
    sold, exposed = sum(one.sold), _exposure(one, factors)
    # the pool weighs by what it has seen itself; what nobody sold yet leans on the pool's mean pair
    others_sold, others_days = (max(0.0, value) for value in others)
    weight = POOL_DAYS * others_days / (others_days + POOL_HALF)
    pool_rate = others_sold / others_days if others_days else 0.0
    shape = TYPICAL_DAYS * typical + weight * pool_rate + sold
    rate = shape / (TYPICAL_DAYS + weight + exposed)
    share = exposed / (TYPICAL_DAYS + weight + exposed)
    source = "own" if share >= 0.6 else "blend" if exposed > 0 else "region"
    return Forecast(
        rate, factors, max(shape, 0.1), _dispersion(window, one, factors, rate), one.days, source
    )


def _typical(totals):
    """Rate of a pair of the pool whatever it sells; the last resort of what nobody sold yet."""
    sold = sum(total[0] for total in totals.values())
    exposed = sum(total[1] for total in totals.values())
    return sold / exposed if exposed else 0.0


def _flat(one):
    return [one.rate * exposed for exposed in one.exposed]


def _exposure(one, factors):
    return sum(exposed * factor for exposed, factor in zip(one.exposed, factors, strict=True))


def _week_of(group, prior):
    sold = [sum(one.sold[day] for one in group) for day in range(7)]
    expected = [sum(one.rate * one.exposed[day] for one in group) for day in range(7)]
    return week(sold, expected, prior)


def _dispersion(window, one, factors, rate):
    """Pearson's statistic a day, faded, shrunk to 1; buyers who come in groups make it larger."""
    if rate <= 0:
        return 1.0
    total = rate * _exposure(one, factors)
    for day, units in one.series.sold.items():
        mean = rate * factors[day.weekday()] * (1 - min(0.9, one.series.missing.get(day, 0)))
        total += window.weight(day) * ((units - mean) ** 2 / mean - mean)
    days = sum(one.exposed)
    return max(1.0, (PLAIN_DAYS + max(0.0, total)) / (PLAIN_DAYS + days))
