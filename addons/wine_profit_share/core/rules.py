# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the engine works on: a policy as it was on its day, and a sale in integer minor units."""

from dataclasses import dataclass, field

#: who may receive; ``operator_above`` stands for each operator above the region's own
ROLES = (
    "platform",
    "operator",
    "operator_above",
    "host",
    "salesperson",
    "supplier",
    "referrer",
    "partner",
)
#: what a percentage is taken of
BASES = ("gross", "paid", "net", "net_fee", "margin", "remainder")
#: how the amount of a rule is found; ``rent`` accrues per month and not per sale
VALUES = ("percent", "tiered", "order", "unit", "litre", "rent", "residual")
#: the receiver that stands for the company itself
PLATFORM = 0


@dataclass(frozen=True, slots=True)
class Tier:
    """From ``start`` of the month's volume on, ``bp`` basis points; exactly one starts at 0."""

    start: int  #: minor units of net turnover, or units sold
    bp: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a policy. Amounts are integer minor units of the policy's currency."""

    id: int
    role: str
    value: str
    base: str = "net"
    bp: int = 0  #: basis points: 800 is 8 %
    amount: int = 0  #: per order, per unit, per litre or per month
    tiers: tuple[Tier, ...] = ()
    tier_by: str = "turnover"  #: or units
    minimum: int | None = None  #: of one sale line; None where there is none
    maximum: int | None = None
    partner_id: int | None = None  #: for the role ``partner``


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a policy; ``rules`` in the order of the chain, exactly one residual."""

    id: int
    name: str
    version: int
    currency: str
    digits: int  #: decimal places of the currency
    rules: tuple[Rule, ...]
    hold_days: int = 0  #: refund window
    cellar_on: str = "in"  #: cellar wine shares when it is put in, or when it is taken "out"


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale line as the engine sees it: integer minor units, nothing negative but a tax.

    ``gross`` is the list price with tax before any discount, ``discount`` what was taken off it,
    ``paid`` = gross - discount = ``net`` + ``tax``. What is distributed is ``net``.
    """

    source: str
    order: str
    units: int
    ml: int
    gross: int
    discount: int
    net: int
    tax: int
    fee: int = 0  #: what taking the payment costs
    cost: int = 0  #: cost of the goods
    #: who bears how much of the discount: {role or partner id: minor units}; empty: everybody alike
    bearers: dict = field(default_factory=dict)

    @property
    def paid(self):
        """What the consumer paid, tax included."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Share:
    """What one receiver gets of one sale line, and how that was found."""

    rule_id: int
    role: str
    partner_id: int  #: ``PLATFORM`` (0) for the company itself
    amount: int
    base: str  #: as in the rule, ``residual`` for the rest
    base_amount: int
    detail: dict  #: JSON: rate, tiers passed, minimum, maximum, what it was limited by
