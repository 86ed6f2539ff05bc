# SPDX-License-Identifier: LGPL-3.0-or-later
"""Why a share is what it is: "8 % of 118.00 net of tax: site host, policy Harbour v3".

Said from what an entry keeps (its kind, role, policy, base and detail), never from the policy as it
is today. Sentences are stored or said as ``Told`` and read in the language of the reader.
"""

from .told import _lt

#: names of roles within a sentence
ROLES_SAID = {
    "platform": _lt("platform"),
    "operator": _lt("region operator"),
    "operator_above": _lt("operator above the region"),
    "host": _lt("site host"),
    "salesperson": _lt("salesperson"),
    "supplier": _lt("supplier"),
    "referrer": _lt("referrer"),
    "partner": _lt("named partner"),
}
_PERCENT_OF = {
    "gross": _lt("%(rate)s %% of %(amount)s list price"),
    "paid": _lt("%(rate)s %% of %(amount)s paid, tax included"),
    "net": _lt("%(rate)s %% of %(amount)s net of tax"),
    "net_fee": _lt("%(rate)s %% of %(amount)s net of tax and payment fee"),
    "margin": _lt("%(rate)s %% of %(amount)s margin"),
    "remainder": _lt("%(rate)s %% of %(amount)s left by the rules before"),
}


class Money:
    """Minor units as text: plain digits, for lack of a language."""

    def __init__(self, digits):
        self.digits = digits

    def __call__(self, minor):
        sign, minor = "-" if minor < 0 else "", abs(minor)
        if not self.digits:
            return f"{sign}{minor}"
        whole, part = divmod(minor, 10**self.digits)
        return f"{sign}{whole}.{part:0{self.digits}}"


def explain(kind, role, base, base_amount, detail, money, policy=None, version=None):
    """Say how the amount of an entry was found.

    :param str kind: pool, sale, reversal, rent, split or adjustment
    :param str role: one of ``ROLES``
    :param str base: one of ``BASES``, or ``residual``
    :param int base_amount: minor units
    :param dict detail: of the ``Share``; for other kinds:
        reversal: the original's detail, and ``given``, ``whole`` (minor units refunded so far with
        this one, and in all); rent: ``month`` (text) and ``each``; adjustment: ``reason``
    :param money: function of minor units that gives text, e.g. :class:`Money`
    :param policy: name of the policy, None where no policy applied
    :return: dict, the JSON form of ``Told``
    """
    if kind in _KINDS:
        how = _KINDS[kind](role, base, base_amount, detail, money)
    else:
        how = _sale(role, base, base_amount, detail, money)
    if kind in ("pool", "split", "adjustment"):
        return how
    if not policy:
        return _lt("%(how)s: %(role)s, no policy applied", how=how, role=ROLES_SAID[role])
    return _lt(
        "%(how)s: %(role)s, policy %(policy)s v%(version)s",
        how=how,
        role=ROLES_SAID[role],
        policy=policy,
        version=version,
    )


# === KINDS === #


def _sale(_role, base, base_amount, detail, money):
    how = _VALUES[detail.get("value", "none")](base, base_amount, detail, money)
    how = _limited(how, detail, money)
    if detail.get("nobody"):
        how = _lt(
            "%(how)s, with the part of whom there was not: %(roles)s",
            how=how,
            roles=_listed([ROLES_SAID[role] for role in detail["nobody"]]),
        )
    if detail.get("rounded"):
        how = _lt("%(how)s, rounded so that all parts make the whole", how=how)
    return how


def _pool(_role, _base, base_amount, _detail, money):
    return _lt("To be shared: %(amount)s net of tax", amount=money(base_amount))


def _reversal(role, base, base_amount, detail, money):
    return _lt(
        "Taken back, %(given)s of %(whole)s refunded: %(how)s",
        given=money(detail["given"]),
        whole=money(detail["whole"]),
        how=_sale(role, base, base_amount, detail, money),
    )


def _rent(_role, _base, _base_amount, detail, money):
    return _lt(
        "Rent of %(amount)s for %(month)s", amount=money(detail["each"]), month=detail["month"]
    )


def _split(_role, _base, _base_amount, _detail, _money):
    return _lt("An entry divided, so that only a part of it is paid out")


def _adjustment(_role, _base, _base_amount, detail, _money):
    return _lt("Adjustment: %(reason)s", reason=detail.get("reason") or "")


_KINDS = {
    "pool": _pool,
    "reversal": _reversal,
    "rent": _rent,
    "split": _split,
    "adjustment": _adjustment,
}

# === VALUES === #


def _percent(base, base_amount, detail, money):
    return _with(_PERCENT_OF[base], rate=_rate(detail["bp"]), amount=money(base_amount))


def _tiered(base, base_amount, detail, money):
    turnover = detail["by"] == "turnover"
    size = money if turnover else str
    parts = [
        _lt("%(rate)s %% for %(size)s", rate=_rate(bp), size=size(part))
        for bp, part in detail["passed"]
    ]
    amount, before = money(base_amount), size(max(detail["before"], 0))
    if len(parts) == 1:
        how = _with(_PERCENT_OF[base], rate=_rate(detail["passed"][0][0]), amount=amount)
    else:
        how = _lt("%(parts)s of a base of %(amount)s", parts=_listed(parts), amount=amount)
    if turnover:
        return _lt("%(how)s, after %(before)s of turnover this month", how=how, before=before)
    return _lt("%(how)s, after %(before)s units this month", how=how, before=before)


def _order(_base, _base_amount, detail, money):
    if detail["part"] == detail["each"]:
        return _lt("%(amount)s per order", amount=money(detail["each"]))
    return _lt(
        "%(part)s of %(amount)s per order",
        part=money(detail["part"]),
        amount=money(detail["each"]),
    )


def _unit(_base, _base_amount, detail, money):
    if detail["units"] == 1:
        return _lt("%(amount)s per unit", amount=money(detail["each"]))
    return _lt(
        "%(amount)s for each of %(units)s units",
        amount=money(detail["each"]),
        units=detail["units"],
    )


def _litre(_base, _base_amount, detail, money):
    return _lt(
        "%(amount)s per litre, %(litres)s l",
        amount=money(detail["each"]),
        litres=_plain(detail["ml"], 1000),
    )


def _residual(_base, base_amount, _detail, money):
    return _lt("The rest of %(amount)s net of tax", amount=money(base_amount))


def _none(_base, base_amount, _detail, money):
    return _lt("All of %(amount)s net of tax", amount=money(base_amount))


_VALUES = {
    "percent": _percent,
    "tiered": _tiered,
    "order": _order,
    "unit": _unit,
    "litre": _litre,
    "residual": _residual,
    "none": _none,
}


def _limited(how, detail, money):
    limit = detail.get("limit")
    if limit == "minimum":
        return _lt("%(how)s, but at least %(limit)s", how=how, limit=money(detail["at"]))
    if limit == "maximum":
        return _lt("%(how)s, but at most %(limit)s", how=how, limit=money(detail["at"]))
    if limit == "left":
        return _lt("%(how)s, but no more than was left", how=how)
    return how


# === NUMBERS AND LISTS === #


def _with(said, **args):
    return {**said, "args": args}


def _rate(bp):
    return _plain(bp, 100)


def _plain(number, divisor):
    """A number divided, with as many places as it needs: 825, 100 → "8.25"; 800, 100 → "8"."""
    whole, part = divmod(number, divisor)
    return f"{whole}.{part:0{len(str(divisor)) - 1}}".rstrip("0") if part else str(whole)


def _listed(items):
    """Sentences with commas between them."""
    if len(items) == 1:
        return items[0]
    return _lt("%(first)s, %(rest)s", first=items[0], rest=_listed(items[1:]))
