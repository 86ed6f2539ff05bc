# SPDX-License-Identifier: LGPL-3.0-or-later
"""Policies and sales by chance, and what each receiver should get, worked out a second time.

Chance is anything with ``randint``, ``choice`` and ``random``: Hypothesis' own, which makes failing
cases small, or the generator of the benchmark.
"""

from fractions import Fraction
from math import floor

from wine_profit_share_core.rules import BASES, PLATFORM, ROLES, Policy, Rule, Sale, Tier

#: currency, decimal places, the largest price in minor units
CURRENCIES = (("JPY", 0, 60_000), ("EUR", 2, 40_000), ("TND", 3, 300_000), ("IDR", 0, 9_000_000))
PARTNERS = (3, 5, 8, 13, 21)
VALUES = ("percent", "percent", "percent", "tiered", "order", "unit", "litre", "rent")


# === BY CHANCE === #


def some_policy(chance, number=1):
    currency, digits, top = chance.choice(CURRENCIES)
    rules = [some_rule(chance, place, top) for place in range(1, chance.randint(1, 6))]
    rest = Rule(99, chance.choice(ROLES), "residual", partner_id=PARTNERS[0])
    rules.insert(chance.randint(0, len(rules)), rest)
    return Policy(number, "Chance", 1, currency, digits, tuple(rules))


def some_rule(chance, place, top):
    low, high = sorted((chance.randint(0, top // 4), chance.randint(0, top // 4)))
    return Rule(
        id=place,
        role=chance.choice(ROLES),
        value=chance.choice(VALUES),
        base=chance.choice(BASES),
        bp=chance.choice((0, 1, 333, 800, 2550, 5000, 10_000)),
        amount=chance.randint(0, top // 20),
        tiers=some_tiers(chance, top),
        tier_by=chance.choice(("turnover", "units")),
        minimum=low if chance.random() < 0.2 else None,
        maximum=high if chance.random() < 0.2 else None,
        partner_id=PARTNERS[1],
    )


def some_tiers(chance, top):
    starts = {0} | {chance.randint(1, 3 * top) for _tier in range(chance.randint(0, 3))}
    return tuple(Tier(start, chance.randint(0, 4000)) for start in sorted(starts))


def some_receivers(chance, policy):
    """Nobody, one, or several for whom there can be several; some partners twice."""
    result = {}
    for rule in policy.rules:
        above = rule.role == "operator_above"
        count = chance.randint(0, 3) if above else chance.choice((0, 1, 1, 1, 1))
        if count and rule.role != "platform":
            result[rule.id] = [chance.choice(PARTNERS) for _one in range(count)]
    return result


def some_sale(chance, policy, source="line"):
    top = next(top for name, _digits, top in CURRENCIES if name == policy.currency)
    units = chance.randint(1, 4)
    gross = chance.choice((0, 1, 7, top, *(chance.randint(0, top) for _price in range(9))))
    discount = chance.choice((*[0] * 9, gross, *(chance.randint(0, gross) for _price in range(3))))
    paid = gross - discount
    usual = 19 * paid // 119
    tax = chance.choice((0, *[usual] * 4, chance.randint(0, paid), -chance.randint(0, paid)))
    bearers = {}
    if discount and chance.random() < 0.4:
        part = chance.randint(0, discount)
        bearers = {chance.choice((*ROLES, *PARTNERS)): part, PLATFORM: discount - part}
    return Sale(
        source,
        "order",
        units,
        units * chance.choice((0, 90, 187, 750)),
        gross,
        discount,
        paid - tax,
        tax,
        fee=chance.choice((0, paid // 50, chance.randint(0, top // 10))),
        cost=chance.choice((0, paid // 3, chance.randint(0, top))),
        bearers=bearers,
    )


def some_volumes(chance, policy, receivers):
    top = next(top for name, _digits, top in CURRENCIES if name == policy.currency)
    return {
        (rule.id, partner): chance.randint(-top // 10, 4 * top)
        for rule in policy.rules
        if rule.value == "tiered"
        for partner in receivers.get(rule.id, (PLATFORM,))
        if chance.random() < 0.8
    }


def some_cuts(chance, whole):
    """How much of ``whole`` has been given back after each of some refunds; at last all of it."""
    cuts = {chance.randint(0, whole) for _cut in range(chance.randint(0, 5))}
    return [*sorted(cuts - {0, whole}), whole]


# === WORKED OUT A SECOND TIME, IN FRACTIONS === #


def expected_claims(sale, policy, receivers, volumes):
    """[(rule id, role, partner, exact claim)] in the order of the rules; the sum is the net."""
    left, before, after, behind = Fraction(sale.net), [], [], False
    for rule in policy.rules:
        who = tuple(dict.fromkeys(receivers.get(rule.id, ())))
        if rule.role == "platform":
            who = (PLATFORM,)
        if rule.value == "residual":
            rest, behind = (rule, who), True
        elif rule.value != "rent":
            for partner in who:
                wanted = _wanted(rule, partner, sale, left, volumes)
                if rule.minimum is not None:
                    wanted = max(wanted, rule.minimum)
                if rule.maximum is not None:
                    wanted = min(wanted, rule.maximum)
                wanted = min(wanted, left)
                left -= wanted
                (after if behind else before).append((rule.id, rule.role, partner, wanted))
    rule, who = rest
    role = rule.role if who else "platform"
    who = who or (PLATFORM,)
    return [*before, *((rule.id, role, partner, left / len(who)) for partner in who), *after]


def _wanted(rule, partner, sale, left, volumes):
    if rule.value == "order":
        return Fraction(rule.amount)
    if rule.value == "unit":
        return Fraction(rule.amount * sale.units)
    if rule.value == "litre":
        return Fraction(rule.amount * sale.ml, 1000)
    base = left if rule.base == "remainder" else _base(rule, partner, sale)
    if rule.value == "percent":
        return Fraction(base * rule.bp, 10_000)
    size = sale.units if rule.tier_by == "units" else sale.net
    start = volumes.get((rule.id, partner), 0)
    earned = _earned(rule.tiers, start + size) - _earned(rule.tiers, start)
    return Fraction(base * earned, size * 10_000) if size else Fraction(0)


def _earned(tiers, volume):
    """What a month's volume comes to, in basis points times volume; negative below nothing."""
    if volume <= 0:
        return Fraction(volume * tiers[0].bp)
    ends = [tier.start for tier in tiers[1:]] + [volume]
    return Fraction(
        sum(
            (min(volume, end) - tier.start) * tier.bp
            for tier, end in zip(tiers, ends, strict=True)
            if volume > tier.start
        )
    )


def _base(rule, partner, sale):
    paid, net = sale.paid, Fraction(sale.net)
    if sale.bearers:
        mine = sum(part for who, part in sale.bearers.items() if who in (rule.role, partner))
        paid = max(sale.gross - mine, 0)
        net = Fraction(paid)
        if sale.paid:  # to the nearest minor unit, halves up
            net = Fraction(floor(Fraction(paid * sale.net, sale.paid) + Fraction(1, 2)))
    if rule.base == "gross":
        return Fraction(sale.gross)
    if rule.base == "paid":
        return Fraction(paid)
    if rule.base != "net":
        net = max(net - sale.fee, 0)
    return max(net - sale.cost, 0) if rule.base == "margin" else net


def is_exact(policy):
    """The engine rounds nothing of this policy's claims down to a ten-thousandth."""
    return not any(
        rule.value == "tiered" or (rule.value == "percent" and rule.base == "remainder")
        for rule in policy.rules
    )


def hamilton(claims, total):
    """Claims made whole by largest remainders; ties to the earlier rule, then the lower partner."""
    parts = [floor(claim) for *_who, claim in claims]
    rules = list(dict.fromkeys(rule for rule, *_other in claims))
    ranked = sorted(
        range(len(claims)),
        key=lambda n: (parts[n] - claims[n][3], rules.index(claims[n][0]), claims[n][2]),
    )
    for place in ranked[: total - sum(parts)]:
        parts[place] += 1
    return parts
