# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a machine says of a vend whose outcome was decided here before it spoke.

The decision stays in the books, to the cent. A word that agrees is kept as evidence; one that
differs is a case, so that somebody weighs the two. A bottle that came out after all leaves its
slot, for it is gone, paid or not.
"""

from ..core.money import part_of
from ..core.told import _lt
from ..models.wine_vend_order import UNPAID_KINDS
from .batch import position

DELIVERED = ("success", "partial")


def heard(batch, fact, fold, word):
    """Take the machine's word on a decided vend.

    :param str word: an outcome; ``failed`` where the machine refused
    """
    word, qty, ml = _said(fact, fold, word)
    returned = word == "failed" and fold.get("origin") == "device" and fact.data.get("refunded")
    before = fold.get("told_outcome")
    if word in (before, "unknown") and not returned:
        fold.values["told_outcome"] = before or word
        fact.result = "duplicate"
        return
    fold.values.update(told_outcome=word, received_at=fact.received)
    if fold.get("outcome") == "failed":
        if returned:
            _given_back_twice(batch, fact, fold)
        elif word != "failed" or before in DELIVERED:
            _came_out_after_all(batch, fact, fold, qty, ml)
        return
    if fact.position:
        fold.values.update(position(fact))
    if word == "failed" or _units(fold, qty, ml) != _units(fold):
        _sold_otherwise(batch, fact, fold, qty, ml)


def worth(fold, qty, ml):
    """What so much of a vend costs, in its currency."""
    asked = fold.get("ml") or 0
    if fold.get("pay_kind") in UNPAID_KINDS:
        return 0.0
    if asked and ml < asked:
        digits = fold.record.currency_id.decimal_places
        return float(part_of(fold.get("amount_total"), ml, asked, digits))
    return qty * fold.get("price")


def _said(fact, fold, word):
    """(outcome, bottles, millilitres) as the machine means them: a part of nothing is a failure."""
    data = fact.data
    qty, ml = int(data.get("qty") or 0), int(data.get("ml") or 0)
    if word == "unknown" and fold.get("origin") == "device" and data.get("refunded"):
        word = "failed"
    if word in ("failed", "unknown") or (word == "partial" and not qty and not ml):
        return ("unknown" if word == "unknown" else "failed"), 0, 0
    if fold.get("ml"):
        return word, qty, ml
    return word, min(qty, fold.get("qty")) or fold.get("qty"), 0


def _units(fold, qty=None, ml=None):
    """Bottles, or millilitres of a pour: as told, or as sold."""
    if fold.get("ml"):
        return fold.get("ml_done") if ml is None else ml
    return fold.get("qty_done") if qty is None else qty


# === WHERE THE TWO DIFFER === #


def _came_out_after_all(batch, fact, fold, qty, ml):
    """It was decided that nothing came out, and the money was let go or given back.

    Bottles leave the slot once, however often the machine changes its word.
    """
    gone = fold.get("qty_done") or 0
    if qty > gone or ml:
        _slot, counter = batch.slot(fact, fold.get("slot_code"))
        counter.sell(max(qty - gone, 0), fact.position, fact.moment)
        fold.values.update(qty_done=qty, ml_done=ml)
        if fact.position:
            fold.values.update(position(fact))
    text = _lt(
        "It was decided that vend %(vend)s did not come out, and its money was let go or given "
        "back. Now the machine says: %(word)s (%(out)s of %(asked)s). The decision stays in the "
        "books. Ask the consumer for the amount, or write it off.",
        **_words(fold, qty, ml),
    )
    kind = "late" if qty or ml else "conflict"
    batch.case(kind, fact, text, fold=fold, amount=worth(fold, qty, ml))


def _sold_otherwise(batch, fact, fold, qty, ml):
    """It was decided that it came out, and it was sold; the machine tells of less, or nothing."""
    left = (fold.get("amount_captured") or 0) - (fold.get("amount_refunded") or 0)
    over = fold.record.currency_id.round(left - worth(fold, qty, ml))
    if over > 0 and (qty or ml):
        text = _lt(
            "It was decided that vend %(vend)s came out, and it was sold. Now the machine says: "
            "%(word)s (%(out)s of %(asked)s). The sale stays in the books. Where the machine is "
            "right, give the amount of this case back by a complaint about this vend; Refund on "
            "its form gives back all of it.",
            **_words(fold, qty, ml),
        )
    elif over > 0:
        text = _lt(
            "It was decided that vend %(vend)s came out, and it was sold. Now the machine says: "
            "%(word)s (%(out)s of %(asked)s). The sale stays in the books. Look at the slot or ask "
            "the consumer; where the machine is right, give the money back on the vend's form.",
            **_words(fold, qty, ml),
        )
    else:
        text = _lt(
            "It was decided that vend %(vend)s came out, and it was sold; money went back later. "
            "Now the machine says: %(word)s (%(out)s of %(asked)s). Nothing more is to be given "
            "back. Count the slot.",
            **_words(fold, qty, ml),
        )
    batch.case("conflict", fact, text, fold=fold, amount=max(over, 0))


def _given_back_twice(batch, fact, fold):
    """It was given back here; the machine had given the consumer's money back by itself."""
    text = _lt(
        "The money of vend %(vend)s was given back by decision. Now the machine says that it had "
        "given it back itself. Keep a voucher that was not handed out yet, or ask the consumer for "
        "the amount.",
        vend=fold.uuid,
    )
    batch.case("conflict", fact, text, fold=fold, amount=fold.get("amount_refunded"))


def _words(fold, qty, ml):
    return {
        "vend": fold.uuid,
        "word": fold.get("told_outcome"),
        "out": _units(fold, qty, ml),
        "asked": fold.get("ml") or fold.get("qty"),
    }
