# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which policy a sale is shared by: the most particular one that was in force on its day."""

from dataclasses import dataclass, field
from datetime import date
from itertools import chain

from .rules import Policy

#: what is remembered of one book; a worker serves for days
MEMO = 100_000


@dataclass(frozen=True, slots=True)
class Scope:
    """One version of a policy, when it is in force and where; None stands for everywhere.

    Everything stated must hold: a policy of a machine *and* a region rests while the machine
    stands in another region.
    """

    policy: Policy
    date_from: date
    date_to: date | None = None  #: last day; None while nothing has taken over
    region: int | None = None  #: with what lies below it
    site: int | None = None
    machine: int | None = None
    product: int | None = None
    category: int | None = None  #: with what lies below it
    channel: str | None = None
    families: dict = field(default_factory=dict, compare=False)

    def covers(self, day, regions, site, machine, products, channel):
        """Whether a sale falls under it; ``regions`` and ``products`` are lookups by id."""
        return (
            self.date_from <= day
            and (self.date_to is None or day <= self.date_to)
            and (self.region is None or self.region in regions)
            and (self.site is None or self.site == site)
            and (self.machine is None or self.machine == machine)
            and (self.product is None or self.product == products[0])
            and (self.category is None or self.category in products[1])
            and (self.channel is None or self.channel == channel)
        )

    def rank(self, regions, categories):
        """The more particular is greater: place, then goods, then channel.

        A machine goes before a site, a site before a region, the deeper region before the higher
        one; a product before a category, the deeper category before the higher one.
        """
        depth = regions.get(self.region, -1)
        if self.machine is not None:
            place = (3, 0)
        elif self.site is not None:
            place = (2, 0)
        else:
            place = (self.region is not None, depth)
        goods = (self.product is not None, categories.get(self.category, -1))
        rest = (self.channel is not None, depth, self.site is not None)
        return (*place, *goods, *rest, self.date_from, self.policy.id)


class PolicyBook:
    """Every version that was ever in force in one company; reads alone, so it may be shared."""

    def __init__(self, scopes=()):
        self.scopes = tuple(scopes)
        #: {line id: id of the same line in the policy's first version}: volumes run on through
        self.families = {}
        self._at = {}
        self._memo = {}
        for scope in self.scopes:
            self._at.setdefault(self._place(scope), []).append(scope)
            self.families.update(scope.families)

    @staticmethod
    def _place(scope):
        """Where the scope is looked for."""
        if scope.machine is not None:
            return "machine", scope.machine
        if scope.site is not None:
            return "site", scope.site
        return "region", scope.region

    def policy_for(self, day, region_path, site_id, machine_id, product_id, categ_path, channel):
        """The policy of one sale.

        :param date day: business date
        :param tuple region_path: ids from the top of the tree to the region of the sale
        :param tuple categ_path: the same of the product's category
        :param channel: machine, website or shop
        :return: :class:`Policy`, or None where nothing applies: the platform has everything
        """
        key = (day, region_path, site_id, machine_id, product_id, categ_path, channel)
        if key not in self._memo:
            if len(self._memo) >= MEMO:
                self._memo.clear()
            self._memo[key] = self._find(*key)
        return self._memo[key]

    def _find(self, day, region_path, site, machine, product, categ_path, channel):
        regions = {region: depth for depth, region in enumerate(region_path)}
        categories = {category: depth for depth, category in enumerate(categ_path)}
        goods = (product, categories)
        places = [("machine", machine), ("site", site), ("region", None)]
        places += [("region", region) for region in region_path]
        near = chain.from_iterable(self._at.get(place, ()) for place in places)
        fitting = [s for s in near if s.covers(day, regions, site, machine, goods, channel)]
        best = max(fitting, key=lambda s: s.rank(regions, categories), default=None)
        return best and best.policy
