# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the machines of the demo did in the last weeks: a plan that is the same for the same seed.

Free of Odoo: slots are plain records that the plan sells from and fills again, so that no bottle is
sold that is not there.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: Monday to Sunday; people drink towards the week-end
WEEKDAYS = (0.75, 0.75, 0.85, 1.0, 1.4, 1.55, 1.1)
#: local hour → how many of a day's sales fall into it
HOURS = {11: 3, 12: 5, 13: 4, 15: 3, 16: 5, 17: 8, 18: 12, 19: 14, 20: 13, 21: 11, 22: 7, 23: 3}
PAYS = ("card",) * 6 + ("qr",) * 2 + ("cash",) * 2
FAILS, REFUNDS = 0.012, 0.006
#: days between two visits of a machine
ROUND = 20


@dataclass
class Lane:
    """A slot of a machine: its code, what it holds, and the most that fits."""

    code: str
    sku: str
    price: str
    qty: int
    par: int


@dataclass
class Place:
    """A machine: what it sells in a day, its lanes, the cash in it, how far UTC is behind it."""

    key: int
    popularity: float
    lanes: list
    offset: timedelta = timedelta()
    cash: float = 0.0
    taste: dict = field(default_factory=dict)

    def choose(self, chance):
        """A lane that a consumer wants; None where all of the wanted wine is gone."""
        skus = list(self.taste)
        sku = chance.choices(skus, [self.taste[sku] for sku in skus])[0]
        full = [lane for lane in self.lanes if lane.sku == sku and lane.qty > 0]
        return chance.choice(full) if full else None


def plan(places, first, now, chance, per_day):
    """Yield (place, moment in UTC, kind, detail) in order of time.

    :param list[Place] places: as they stand on the first day; changed as they sell
    :param date first: business day on which it begins; ``now`` ends it
    :param float per_day: mean number of sales of a machine of popularity 1 on a mean day
    """
    for place in places:
        skus = sorted({lane.sku for lane in place.lanes})
        place.taste = {sku: chance.uniform(0.3, 2.0) for sku in skus}
    day = first
    while day <= now.date():
        happened = []
        for number, place in enumerate(places):
            if (day.toordinal() + number) % ROUND == 0:
                happened.append((_at(place, day, 8, chance), number, "visit"))
            for _sale in range(_count(place, day, chance, per_day)):
                hour = chance.choices(list(HOURS), list(HOURS.values()))[0]
                happened.append((_at(place, day, hour, chance), number, "sale"))
        for moment, number, kind in sorted(happened):
            if moment < now:
                yield from _happen(places[number], moment, kind, chance)
        day += timedelta(days=1)


def _at(place, day, hour, chance):
    local = datetime.combine(day, datetime.min.time()) + timedelta(
        hours=hour, minutes=chance.randrange(60), seconds=chance.randrange(60)
    )
    return local - place.offset


def _count(place, day, chance, per_day):
    mean = per_day * place.popularity * WEEKDAYS[day.weekday()]
    return max(0, round(chance.gauss(mean, mean**0.5)))


def _happen(place, moment, kind, chance):
    if kind == "visit":
        rows = [(lane, lane.par - lane.qty) for lane in place.lanes if lane.qty < lane.par]
        if rows:
            yield place, moment, "visit", rows
            for lane, filled in rows:
                lane.qty += filled
        if place.cash:
            yield place, moment + timedelta(minutes=5), "cash", place.cash
            place.cash = 0.0
        return
    lane = place.choose(chance)
    if not lane:
        return
    pay, dice = chance.choice(PAYS), chance.random()
    outcome = "failed" if dice < FAILS else "returned" if dice < FAILS + REFUNDS else "success"
    yield place, moment, "sale", (lane, pay, outcome)
    if outcome != "failed":
        lane.qty -= 1
        place.cash += float(lane.price) if pay == "cash" else 0.0
