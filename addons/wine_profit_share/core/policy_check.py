# SPDX-License-Identifier: LGPL-3.0-or-later
"""What is wrong with a chain of rules, in sentences that say which rule and why."""

from .told import _lt

WHOLE = 10_000  #: basis points
#: values that are a part of something
PARTS = ("percent", "tiered")
#: values that are an amount of money
AMOUNTS = ("order", "unit", "litre", "rent")

ROLE_TOLD = {
    "platform": _lt("Platform"),
    "operator": _lt("Operator of the region"),
    "operator_above": _lt("Each operator above"),
    "host": _lt("Site host"),
    "salesperson": _lt("Salesperson"),
    "supplier": _lt("Supplier"),
    "referrer": _lt("Referrer"),
    "partner": _lt("Named partner"),
}


def problems(rules, above=1):
    """What cannot be: every sentence names a rule, what is wrong with it and what to do.

    :param rules: :class:`Rule` in the order of the chain
    :param int above: how many operators above a region there are at most where it applies
    :return: list of sentences
    """
    if not rules:
        return [_lt("It has no line. Say at least who gets the rest, usually the platform.")]
    found = _of_residual(rules) + _of_sum(rules, above)
    for number, rule in enumerate(rules, 1):
        found += [
            _lt("Line %(number)s (%(role)s): %(what)s", number=number, role=_role(rule), what=what)
            for what in _of_rule(rule)
        ]
    return found


def most_bp(rule):
    """Basis points that a rule promises at most, of whatever base."""
    if rule.value == "tiered":
        return max((tier.bp for tier in rule.tiers), default=0)
    return rule.bp if rule.value == "percent" else 0


def percent_text(bp):
    """Basis points as people write them: 800 is "8", 1250 is "12.5"."""
    return f"{bp // 100}.{bp % 100:02d}".rstrip("0").rstrip(".")


def _role(rule):
    return ROLE_TOLD[rule.role]


def _of_residual(rules):
    rest = [(number, rule) for number, rule in enumerate(rules, 1) if rule.value == "residual"]
    if not rest:
        return [_lt("No line gets the rest. Add one that does, usually for the platform.")]
    if len(rest) > 1:
        (one, first), (other, second) = rest[:2]
        return [
            _lt(
                "Lines %(one)s (%(first)s) and %(other)s (%(second)s) both get the rest. Leave the "
                "rest to one of them.",
                one=one,
                first=_role(first),
                other=other,
                second=_role(second),
            )
        ]
    if rest[0][1].role == "operator_above":
        return [
            _lt(
                "Line %(number)s leaves the rest to each operator above. That may be several; the "
                "rest goes to one receiver.",
                number=rest[0][0],
            )
        ]
    return []


def _of_sum(rules, above):
    parts = [
        (most_bp(rule) * (above if rule.role == "operator_above" else 1), number, rule)
        for number, rule in enumerate(rules, 1)
        if rule.base != "remainder"
    ]
    total = sum(bp for bp, _number, _rule in parts)
    if total <= WHOLE:
        return []
    bp, number, rule = max(parts, key=lambda part: part[:2])
    return [
        _lt(
            "The lines promise %(total)s %% of a sale together, the most of it line %(number)s "
            "(%(role)s) with %(percent)s %%. There are 100 %% to give: lower them, or take some of "
            "what the lines before left.",
            total=percent_text(total),
            number=number,
            role=_role(rule),
            percent=percent_text(bp),
        )
    ]


def _of_rule(rule):
    found = [*_of_receiver(rule), *_of_value(rule)]
    if rule.minimum is not None and rule.minimum < 0:
        found.append(_lt("its minimum is negative. Enter 0 or more, or none."))
    if rule.maximum is not None and rule.maximum < (rule.minimum or 0):
        found.append(_lt("its maximum lies below its minimum. Raise the one or lower the other."))
    return found


def _of_receiver(rule):
    if rule.role == "partner" and not rule.partner_id:
        yield _lt("no partner is named. Name who receives, or choose another role.")
    if rule.role != "partner" and rule.partner_id:
        yield _lt("a partner is named, but the role says who receives. Take the partner out.")
    if rule.role == "platform" and rule.value == "rent":
        yield _lt("the platform would pay rent to itself. Choose who gets the rent.")


def _of_value(rule):
    if rule.value == "percent" and not 0 < rule.bp <= WHOLE:
        yield _lt(
            "%(percent)s %% cannot be given. Enter more than 0 and 100 at most.",
            percent=percent_text(rule.bp) if rule.bp >= 0 else f"-{percent_text(-rule.bp)}",
        )
    if rule.value in AMOUNTS and rule.amount <= 0:
        yield _lt("it gives no amount. Enter one above 0.")
    if rule.value == "tiered":
        yield from _of_tiers(rule.tiers)


def _of_tiers(tiers):
    starts = [tier.start for tier in tiers]
    if starts.count(0) != 1:
        yield _lt("one of its tiers, and only one, has to begin at 0.")
    elif len(set(starts)) != len(starts):
        yield _lt("two of its tiers begin at the same volume. Take one out.")
    if any(start < 0 for start in starts):
        yield _lt("a tier begins below 0. A month's volume begins at 0.")
    if any(not 0 <= tier.bp <= WHOLE for tier in tiers):
        yield _lt("a tier gives less than 0 % or more than 100 %.")
