# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a region may promise: the platform's limits, and what the platform is sure of."""

from dataclasses import dataclass

from .policy_check import AMOUNTS, PARTS, ROLE_TOLD, WHOLE, most_bp, percent_text
from .told import _lt


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit; amounts are integer minor units. ``region`` None is everywhere."""

    id: int
    region: int | None = None
    role: str | None = None
    allowed: bool = True
    bp: int = WHOLE  #: together, of whatever base
    amount: int = 0  #: per order, unit or litre, and of a minimum
    rent: int = 0  #: per month
    residual: bool = False  #: whether the role may get the rest
    platform_bp: int = 0  #: of the net, what the platform has to be sure of
    hold_days: int = 0


class Limits:
    """All limits of one company.

    The limit of the role goes before the general one, the nearer region before the farther one.
    """

    def __init__(self, limits):
        self.by_place = {(limit.region, limit.role): limit for limit in limits}

    def of(self, region_path, role=None):
        """The limit that binds a role in a region; None where nothing was stated."""
        places = (*reversed(region_path), None)
        found = (self.by_place.get((place, role)) for place in places)
        limit = next((limit for limit in found if limit), None)
        return limit if limit or role is None else self.of(region_path)

    def problems(self, policy, region_path, above=1, tax_bp=0):
        """What of a policy goes beyond the limits of a region.

        :param Policy policy:
        :param region_path: ids from the top of the tree to the region
        :param int above: operators above the region
        :param int tax_bp: the highest tax rate on sales
        :return: list of sentences
        """
        general = self.of(region_path)
        roles = dict.fromkeys(rule.role for rule in policy.rules if rule.role != "platform")
        limits = {role: self.of(region_path, role) for role in roles}
        if not general or not all(limits.values()):
            return [
                _lt(
                    "The platform has not stated what its regions may promise. Ask the platform "
                    "administrator for a limit, or to put this policy in force."
                )
            ]
        found = []
        for role, limit in limits.items():
            rules = [rule for rule in policy.rules if rule.role == role]
            times = above if role == "operator_above" else 1
            found += _beyond(role, rules, limit, times)
        return found + _of_platform(policy, general, above, tax_bp)


def sure_of(rules, above=1, tax_bp=0):
    """Basis points of the net that the platform gets of every sale, at the least.

    Lines take in order. A percentage of the net is a bound for whoever comes later; an amount of
    money or a part of the list price may take all of a cheap or much discounted sale.
    """
    left, sure = WHOLE, 0
    for rule in rules:
        if rule.value in ("residual", "rent"):
            continue
        if rule.role == "platform":
            part = _least(rule, left)
            sure += part
        else:
            part = _most(rule, left, tax_bp) * (above if rule.role == "operator_above" else 1)
        left -= min(part, left)
    rest = next((rule.role for rule in rules if rule.value == "residual"), "platform")
    return sure + (left if rest == "platform" else 0)


def _least(rule, left):
    """What the platform surely gets by one of its lines."""
    if rule.maximum is not None or rule.value != "percent":
        return 0
    if rule.base in ("net", "paid", "gross"):
        return min(rule.bp, left)
    return left * rule.bp // WHOLE if rule.base == "remainder" else 0


def _most(rule, left, tax_bp):
    """What somebody else may take by one line."""
    if rule.value not in PARTS or rule.base == "gross" or rule.minimum:
        return left
    bp = most_bp(rule)
    if rule.base == "remainder":
        return -(-left * bp // WHOLE)
    if rule.base == "paid":
        return -(-bp * (WHOLE + tax_bp) // WHOLE)
    return bp


def _beyond(role, rules, limit, times):
    name = ROLE_TOLD[role]
    if not limit.allowed:
        return [_lt("%(role)s: the platform allows no share of this role here.", role=name)]
    found = []
    bp = sum(map(most_bp, rules)) * times
    if bp > limit.bp:
        found.append(
            _lt(
                "%(role)s: %(percent)s %% together; the platform allows %(most)s %% at most.",
                role=name,
                percent=percent_text(bp),
                most=percent_text(limit.bp),
            )
        )
    return found + list(_amounts_beyond(name, rules, limit))


def _amounts_beyond(name, rules, limit):
    amounts = [rule.amount for rule in rules if rule.value in AMOUNTS and rule.value != "rent"]
    amounts += [rule.minimum for rule in rules if rule.minimum]
    if sum(amounts) > limit.amount:
        yield _lt(
            "%(role)s: the amounts and minimums lie above what the platform allows.", role=name
        )
    if sum(rule.amount for rule in rules if rule.value == "rent") > limit.rent:
        yield _lt("%(role)s: the rent lies above what the platform allows.", role=name)
    if not limit.residual and any(rule.value == "residual" for rule in rules):
        yield _lt("%(role)s: the platform does not leave the rest to this role.", role=name)


def _of_platform(policy, general, above, tax_bp):
    found = []
    sure = sure_of(policy.rules, above, tax_bp)
    if sure < general.platform_bp:
        found.append(
            _lt(
                "The platform is sure of %(sure)s %% of a sale only; it asks for %(least)s %%. "
                "Lower the other lines, or begin with a line for the platform.",
                sure=percent_text(sure),
                least=percent_text(general.platform_bp),
            )
        )
    if policy.hold_days < general.hold_days:
        found.append(
            _lt(
                "The refund window is %(days)s days; the platform asks for %(least)s at least.",
                days=policy.hold_days,
                least=general.hold_days,
            )
        )
    return found
