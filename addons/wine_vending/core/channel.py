# SPDX-License-Identifier: LGPL-3.0-or-later
"""Orders of till and website as sale lines: discounts of an order, and what may be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal

from .sale_line import SaleLine

#: what a refund takes back of a line
COUNTED = ("qty", "ml", "gross", "discount", "net", "tax", "cost")


@dataclass(slots=True)
class Priced:
    """Amounts of one line in minor units; ``full`` is with tax and before any discount."""

    net: int
    tax: int
    full: int

    @property
    def gross(self):
        """What is paid for it."""
        return self.net + self.tax


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Divide ``total`` by weight, largest remainder, ties to the earlier; nobody there: zeros.

    No part exceeds its weight where ``total`` does not exceed their sum.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    missing = total - sum(parts)
    by_rest = sorted(range(len(weights)), key=lambda at: -(total * weights[at] % whole))
    for at in by_rest[:missing]:
        parts[at] += 1
    return parts


def take_off(goods: Sequence[Priced], off: Sequence[Priced]) -> None:
    """Lower ``goods`` by an order's discount lines, each in proportion, none below zero.

    What the tax of the goods cannot bear is borne by their net, and the other way round.

    :param off: amounts of the discount lines, positive
    """
    net, tax = sum(line.net for line in off), sum(line.tax for line in off)
    all_net, all_tax = sum(line.net for line in goods), sum(line.tax for line in goods)
    take_net = min(all_net, net + max(0, tax - all_tax))
    take_tax = min(all_tax, tax + max(0, net - all_net))
    nets = spread(take_net, [line.net for line in goods])
    taxes = spread(take_tax, [line.tax for line in goods])
    for line, less_net, less_tax in zip(goods, nets, taxes, strict=True):
        line.net -= less_net
        line.tax -= less_tax


def rest_of(line: SaleLine) -> dict:
    """What can still be taken back of a line of which nothing has been."""
    return {name: str(getattr(line, name)) for name in COUNTED}


def limit(line: SaleLine, original: SaleLine, rest: dict) -> SaleLine | None:
    """A reversal that takes back no more than is left of its original; None: nothing is left.

    Money decides: discount, volume and cost go back in its proportion, and with the last of it
    everything that is left. Goods that were free go back by their number.

    :param rest: as :func:`rest_of`, lowered by each reversal before
    """
    left = {name: Decimal(rest[name]) for name in COUNTED}
    gross = min(-line.gross, left["gross"])
    tax = min(gross - min(-line.net, left["net"]), left["tax"])
    net = gross - tax
    qty = min(-line.qty, left["qty"])
    if original.gross:
        part, whole, all_of_it = gross, original.gross, gross == left["gross"]
    else:
        part, whole, all_of_it = qty, original.qty, qty == left["qty"]
    if part <= 0:
        return None
    if all_of_it:
        back = left
    else:
        back = {"net": net, "tax": tax, "gross": gross, "qty": max(qty, Decimal(0))}
        for name in ("discount", "cost", "ml"):
            of_original = Decimal(getattr(original, name))
            share = (of_original * part / whole).quantize(of_original, ROUND_DOWN)
            back[name] = min(share, left[name])
    amounts = {name: -amount for name, amount in back.items()}
    return replace(line, **{**amounts, "ml": int(amounts["ml"])})


def rest_after(rest: dict, reversal: SaleLine) -> dict:
    """What is left after a reversal (its amounts are negative)."""
    return {name: str(Decimal(rest[name]) + getattr(reversal, name)) for name in COUNTED}
