# SPDX-License-Identifier: LGPL-3.0-or-later
"""Shares of a sale: exact, in integer minor units, the same for the same input for ever.

The rules of a policy claim in their order; each claim is limited to what is left, and the residual
rule gets the rest. Claims are kept in ten-thousandths of a minor unit, where a percentage in basis
points is exact, and only at the end made whole by largest remainders: the sum is the net amount,
and no share is off its claim by a whole unit. Ties go to the earlier rule, then the lower partner.

Two things are rounded down to a ten-thousandth of a minor unit, not to nothing: a percentage of
what the rules before left, and a tier's part of a base that is not the turnover itself.
"""

from types import MappingProxyType

from .allocate import hand_out, largest_remainder
from .rules import PLATFORM, Share

SCALE = 10_000
_NOTHING = MappingProxyType({})
_COMPANY = (PLATFORM,)


def share_out(sale, policy, receivers, volumes=_NOTHING, parts=_NOTHING):
    """Divide the net amount of a sale line by a policy.

    A rule that nobody receives by leaves its part to the residual, whose detail names the role
    (``nobody``); a residual that nobody receives goes to the company. Shares of nothing are left
    out, but where the volume of a tiered rule moves all the same (:func:`volume_of`).

    :param Sale sale: the only line of its order, unless ``parts`` are given
    :param Policy policy: exactly one rule residual
    :param receivers: {rule id: partner ids}, nearest first; each of several gets the value, one who
        is named twice gets it once; the role ``platform`` needs none
    :param volumes: {(rule id, partner id): month's volume before this sale} of tiered rules
    :param parts: {rule id: minor units} of amounts per order, see :func:`share_order`
    :return: list[Share]; the sum of amounts is ``sale.net``, none is negative
    :raise ValueError: the sale is negative or does not add up, or no rule is residual
    """
    _check(sale)
    chain = _Chain(sale, volumes, parts)
    rest = None
    for position, rule in enumerate(policy.rules):
        value = rule.value
        if value == "rent":
            continue
        who = receivers.get(rule.id) or (_COMPANY if rule.role == "platform" else ())
        if value == "residual":
            rest = position, rule, who
        elif not who:
            chain.nobody.append(rule.role)
        else:
            for partner in who if len(who) == 1 else dict.fromkeys(who):
                chain.claim(position, rule, partner)
    if not rest:
        raise ValueError(f"Policy {policy.id} has no rule for the rest")
    chain.take_rest(*rest)
    return chain.shares()


def share_order(sales, policies, receivers, volumes=_NOTHING):
    """Divide the lines of one order; amounts per order are shared by what was paid for each line.

    :param sales: list[Sale] of one order
    :param policies: for each line its policy, or None; lines of one policy share its amounts
    :param receivers: for each line what :func:`share_out` takes
    :param volumes: as in :func:`share_out`, before the first line; a line sees those before it
    :return: for each line a list[Share]
    """
    parts = [{} for _sale in sales]
    for policy in {policy.id: policy for policy in policies if policy}.values():
        places = [n for n, one in enumerate(policies) if one and one.id == policy.id]
        paid = [sales[place].paid for place in places]
        for rule in policy.rules:
            if rule.value == "order":
                for place, part in zip(places, largest_remainder(rule.amount, paid), strict=True):
                    parts[place][rule.id] = part
    volumes, result = dict(volumes), []
    for sale, policy, who, part in zip(sales, policies, receivers, parts, strict=True):
        if policy is None:
            result.append(share_all(sale))
            continue
        result.append(share_out(sale, policy, who, volumes, part))
        for key, size in volume_of(sale, policy, who).items():
            volumes[key] = volumes.get(key, 0) + size
    return result


def share_all(sale):
    """Everything to the company: no policy applies to this sale.

    :return: list[Share], empty where there is nothing to share
    """
    _check(sale)
    if not sale.net:
        return []
    detail = {"value": "none"}
    return [Share(0, "platform", PLATFORM, sale.net, "residual", sale.net, detail)]


def volume_of(sale, policy, receivers):
    """What a sale adds to the month's volume of each tiered rule and receiver; a refund takes it.

    :return: {(rule id, partner id): minor units of net turnover, or units}
    """
    return {
        (rule.id, partner): sale.units if rule.tier_by == "units" else sale.net
        for rule in policy.rules
        if rule.value == "tiered"
        for partner in receivers.get(rule.id) or (_COMPANY if rule.role == "platform" else ())
    }


def _check(sale):
    # a tax may be negative (one that is withheld), as long as something was paid
    if min(sale.net, sale.paid, sale.discount, sale.units, sale.ml, sale.fee, sale.cost) < 0:
        raise ValueError(f"{sale.source}: nothing of a sale is negative; a refund takes back")
    if sale.gross - sale.discount != sale.net + sale.tax:
        raise ValueError(
            f"{sale.source}: {sale.gross} less {sale.discount} is not {sale.net} and {sale.tax} tax"
        )


class _Chain:
    """The claims on one sale line, and what they have left."""

    __slots__ = ("bases", "claims", "left", "nobody", "parts", "sale", "volumes")

    def __init__(self, sale, volumes, parts):
        self.sale, self.volumes, self.parts = sale, volumes, parts
        self.left = sale.net * SCALE
        self.claims = []  # (position, rule, role, partner, claim, base, base amount, detail)
        self.nobody = []
        self.bases = None if sale.bearers else _bases(sale, sale.paid, sale.net)

    # === BASES === #

    def base_of(self, rule, partner):
        """What a percentage is taken of, in ten-thousandths of a minor unit."""
        if rule.base == "remainder":
            return self.left
        bases = self.bases or self._bases_of(rule.role, partner)
        return bases[rule.base] * SCALE

    def _bases_of(self, role, partner):
        """Somebody's bases where discounts have bearers: less only what this receiver bears."""
        sale, bearers = self.sale, self.sale.bearers
        borne = bearers.get(role, 0) + bearers.get(partner, 0)
        paid = max(sale.gross - borne, 0)
        net = (2 * paid * sale.net + sale.paid) // (2 * sale.paid) if sale.paid else paid
        return _bases(sale, paid, net)

    # === CLAIMS === #

    def claim(self, position, rule, partner):
        base = self.base_of(rule, partner)
        claim, detail = _VALUES[rule.value](self, rule, partner, base)
        if rule.minimum is not None and claim < rule.minimum * SCALE:
            claim, detail["limit"], detail["at"] = rule.minimum * SCALE, "minimum", rule.minimum
        if rule.maximum is not None and claim > rule.maximum * SCALE:
            claim, detail["limit"], detail["at"] = rule.maximum * SCALE, "maximum", rule.maximum
        if claim > self.left:
            claim, detail["limit"] = self.left, "left"
        self.left -= claim
        whole = (base + SCALE // 2) // SCALE
        self.claims.append((position, rule, rule.role, partner, claim, rule.base, whole, detail))

    def percent(self, rule, _partner, base):
        return base * rule.bp // SCALE, {"value": "percent", "bp": rule.bp}

    def tiered(self, rule, partner, base):
        """Each part of the sale by the tier that it falls into, as income tax does."""
        sale = self.sale
        size = sale.units if rule.tier_by == "units" else sale.net
        before = self.volumes.get((rule.id, partner), 0)
        passed = _passed(rule.tiers, before, size)
        rate = sum(bp * part for bp, part in passed)
        detail = {"value": "tiered", "by": rule.tier_by, "before": before, "passed": passed}
        return base * rate // (SCALE * size) if size else 0, detail

    def order(self, rule, _partner, _base):
        part = self.parts.get(rule.id, rule.amount)
        return part * SCALE, {"value": "order", "each": rule.amount, "part": part}

    def unit(self, rule, _partner, _base):
        units = self.sale.units
        return rule.amount * units * SCALE, {"value": "unit", "each": rule.amount, "units": units}

    def litre(self, rule, _partner, _base):
        ml = self.sale.ml
        return rule.amount * ml * SCALE // 1000, {"value": "litre", "each": rule.amount, "ml": ml}

    # === THE REST === #

    def take_rest(self, position, rule, who):
        """What is left goes to the residual rule; without anybody there, to the company."""
        role, nobody = rule.role, self.nobody
        if not who:
            nobody.append(role)
            role, who = "platform", _COMPANY
        who = list(dict.fromkeys(who))
        for partner, claim in zip(who, largest_remainder(self.left, [1] * len(who)), strict=True):
            detail = {"value": "residual"}
            if nobody:
                detail["nobody"] = nobody
            self.claims.append(
                (position, rule, role, partner, claim, "residual", self.sale.net, detail)
            )
        self.left = 0

    def shares(self):
        """Claims made whole by largest remainders."""
        amounts, remainders = [], []
        for claim in self.claims:
            amount, remainder = divmod(claim[4], SCALE)
            amounts.append(amount)
            remainders.append(remainder)
        units = self.sale.net - sum(amounts)
        if units:
            ranks = [(claim[0], claim[3]) for claim in self.claims]
            hand_out(amounts, remainders, units, ranks)
        result = []
        for amount, one in zip(amounts, self.claims, strict=True):
            _position, rule, role, partner, claim, base, base_amount, detail = one
            if amount or detail.get("passed"):
                if abs(amount * SCALE - claim) * 2 > SCALE:
                    detail["rounded"] = "up" if amount * SCALE > claim else "down"
                result.append(Share(rule.id, role, partner, amount, base, base_amount, detail))
        return result


_VALUES = {
    "percent": _Chain.percent,
    "tiered": _Chain.tiered,
    "order": _Chain.order,
    "unit": _Chain.unit,
    "litre": _Chain.litre,
}


def _bases(sale, paid, net):
    after_fee = max(net - sale.fee, 0)
    return {
        "gross": sale.gross,
        "paid": paid,
        "net": net,
        "net_fee": after_fee,
        "margin": max(after_fee - sale.cost, 0),
    }


def _passed(tiers, before, size):
    """[(basis points, how much of ``size`` they hold for)], from the volume ``before`` on.

    What lies below the first tier (a month that refunds made negative) counts as in it.
    """
    tiers = sorted(tiers, key=lambda tier: tier.start)
    passed, end = [], before + size
    for number, tier in enumerate(tiers):
        start = tier.start if number else min(tier.start, before)
        stop = tiers[number + 1].start if number + 1 < len(tiers) else end
        part = min(end, stop) - max(before, start)
        if part > 0:
            passed.append([tier.bp, part])
    return passed
