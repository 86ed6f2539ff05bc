# SPDX-License-Identifier: LGPL-3.0-or-later
"""Differences of a day: which are one and the same, what each says. Nothing here knows Odoo."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from .told import _lt

#: so many new differences of one kind are told one by one; more are told together
MANY = 20
#: differences of the ledger itself
LEDGER = ("share_missing", "share_sum", "share_amount")
#: documents that a difference over many names
NAMED = 5
#: documents that it leads to
KEPT = 1000


@dataclass(frozen=True, slots=True)
class Gap:
    """One difference between two sides; amounts are exact Decimals. Ids are those of the database.

    ``subject`` identifies the document within its kind for ever.
    """

    kind: str
    region: int  #: 0: no region
    subject: str
    document: str
    expected: object
    found: object
    links: dict = field(default_factory=dict)  #: field of the difference → id
    told: dict = field(default_factory=dict)  #: the sentence, see :mod:`told`
    count: int = 1
    documents: tuple = ()  #: (field, ids) of what a difference over many stands for
    intact: bool = False  #: of an accrual: its entry still books what it booked once

    @property
    def amount(self):
        """What is, less what should be."""
        return self.found - self.expected


def without_echoes(gaps, missing_net):
    """Drop what only repeats another difference.

    A sale without its order has shares without a sale, and a session that was closed before the
    order went lost has booked more than its orders say: that is one difference, not four. Likewise
    a ledger line that somebody changed no longer is what its accrual booked.

    :param missing_net: {vend id: net that the share ledger has of it}
    """
    missing = {gap.links["vend_id"]: gap for gap in gaps if gap.kind == "order_missing"}
    lost_gross, lost_net = defaultdict(int), defaultdict(int)
    for vend, gap in missing.items():
        lost_gross[gap.region] += gap.amount
        lost_net[gap.region] -= missing_net.get(vend, 0)

    ledger_changed = any(gap.kind in LEDGER for gap in gaps)

    def is_echo(gap):
        if gap.kind == "share_extra":
            return gap.links.get("vend_id") in missing
        if gap.kind == "accrual_amount":
            return gap.intact and ledger_changed
        lost = lost_net if gap.kind == "session_income" else lost_gross
        if gap.kind in ("session_income", "session_payment"):
            return bool(lost[gap.region]) and gap.amount == -lost[gap.region]
        return False

    return [gap for gap in gaps if not is_echo(gap)]


def bundle(gaps, known, bundled):
    """Tell many new differences of one kind and region together.

    :param set known: (kind, region, subject) of those that have a line of their own
    :param set bundled: (kind, region) that are told together already
    """
    kept, fresh = [], defaultdict(list)
    for gap in gaps:
        if (gap.kind, gap.region, gap.subject) in known:
            kept.append(gap)
        else:
            fresh[gap.kind, gap.region].append(gap)
    for key, of_kind in fresh.items():
        many = len(of_kind) > MANY or key in bundled
        kept += [_together(of_kind)] if many else of_kind
    return kept


def _together(gaps):
    ordered = sorted(gaps, key=lambda gap: (-abs(gap.amount), gap.subject))
    first = ordered[0]
    named = ", ".join(gap.document for gap in ordered[:NAMED])
    model = "vend_id" if first.links.get("vend_id") else "order_id"
    ids = [gap.links.get(model) for gap in ordered[:KEPT] if gap.links.get(model)]
    return replace(
        first,
        subject="many",
        document=named,
        expected=sum(gap.expected for gap in gaps),
        found=sum(gap.found for gap in gaps),
        links={},
        told=_lt(
            "%(number)s documents differ in the same way, together by the amount shown. The "
            "largest: %(named)s. First: %(first)s",
            number=len(gaps),
            named=named,
            first=first.told,
        ),
        count=len(gaps),
        documents=(model, ids),
    )


def sentence(kind, **about):
    """What differs, in one sentence that says what to do.

    :param about: ``document``, ``expected``, ``found``, ``way`` as texts
    """
    return SENTENCES[kind](about)


SENTENCES = {
    "order_missing": lambda about: _lt(
        "Vend %(document)s was sold for %(expected)s and has no order. Take its message in again; "
        "if it stays, tell the platform administrator.",
        **about,
    ),
    "order_amount": lambda about: _lt(
        "Vend %(document)s brought %(expected)s, its orders say %(found)s. Compare the vend with "
        "its orders; what was given back too much or too little is refunded or corrected there.",
        **about,
    ),
    "order_extra": lambda about: _lt(
        "%(document)s over %(found)s belongs to no vend that was sold. Look at its vend; if the "
        "bottle did not come out, refund it.",
        **about,
    ),
    "payment_missing": lambda about: _lt(
        "%(document)s over %(expected)s has no payment. The payment side may know it: look there, "
        "then put it right.",
        **about,
    ),
    "payment_amount": lambda about: _lt(
        "%(document)s is over %(expected)s, its payments are %(found)s.",
        **about,
    ),
    "payment_kind": lambda about: _lt(
        "%(document)s over %(expected)s was sold by %(sold)s and is booked as %(way)s.", **about
    ),
    "session_payment": lambda about: _lt(
        "Session %(document)s: by %(way)s its orders bring %(expected)s, booked are %(found)s.",
        **about,
    ),
    "session_income": lambda about: _lt(
        "Session %(document)s: its orders come to %(expected)s net of tax, its journal entry has "
        "%(found)s as income.",
        **about,
    ),
    "session_open": lambda about: _lt(
        "Session %(document)s is not closed although its day is over for long. Its case says why.",
        **about,
    ),
    "counter": lambda about: _lt(
        "%(document)s counted %(found)s, we know %(expected)s of it (%(units)s vends apart).",
        **about,
    ),
    "cash": lambda about: _lt(
        "Collection %(document)s should hold %(expected)s and holds %(found)s.", **about
    ),
    "bank": lambda about: _lt(
        "%(document)s: %(expected)s were taken and the bank statements show nothing of it after "
        "%(days)s days. Ask the acquirer, or match the statement.",
        **about,
    ),
    "share_missing": lambda about: _lt(
        "%(document)s: %(expected)s net of tax were not shared. Its shares are missing in the "
        "ledger.",
        **about,
    ),
    "share_sum": lambda about: _lt(
        "The shares of %(document)s do not add up to zero but to %(found)s. A ledger line was "
        "changed or is missing.",
        **about,
    ),
    "share_amount": lambda about: _lt(
        "%(document)s: %(expected)s net of tax were to be shared, %(found)s were.", **about
    ),
    "share_extra": lambda about: _lt(
        "%(found)s were shared for %(document)s, which no order of this day has.", **about
    ),
    "invoice_missing": lambda about: _lt(
        "%(document)s was paid and shared, %(expected)s net of tax, and is not invoiced: the books "
        "do not have its income. Deliver and invoice it, or cancel it.",
        **about,
    ),
    "accrual_amount": lambda about: _lt(
        "The accrual of %(document)s books %(found)s, the ledger lines that it took come to "
        "%(expected)s.",
        **about,
    ),
    "accrual_missing": lambda about: _lt(
        "Shares of %(expected)s are not accrued in the books although the day is over for long.",
        **about,
    ),
}
