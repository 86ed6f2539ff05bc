# SPDX-License-Identifier: LGPL-3.0-or-later
"""The one shape in which sales of every channel reach profit share, loyalty and promotion."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One sold (or, with negative amounts, refunded) product line.

    Amounts are in the currency of the order, exact Decimals: ``gross`` = ``net`` + ``tax``;
    ``discount`` is what the list price was lowered by, tax included, and is already off ``gross``.
    ``qty`` counts units, ``ml`` is the volume sold in millilitres. ``cost`` is what the goods cost
    at the present cost of the product. Ids are those of the database.
    """

    source: str  #: identity for ever: "pos.order.line:<uuid>" or "sale.order.line:<id>"
    channel: str  #: machine, shop or website
    kind: str  #: sale, free, test, topup (stored value is bought), cellar_in, cellar_out
    date: date  #: business date
    region_id: int | None
    site_id: int | None
    machine_id: int | None
    vend_id: int | None
    product_id: int
    supplier_id: int | None
    partner_id: int | None
    qty: Decimal
    ml: int
    gross: Decimal
    discount: Decimal
    net: Decimal
    tax: Decimal
    currency: str
    payment_kind: str
    reverses: str | None = None  #: source of the line that this one takes back
    order: str = ""  #: identity of the order, the same for each of its lines: "pos.order:<uuid>"
    company_id: int | None = None
    cost: Decimal = Decimal(0)
