# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which differences are one and the same; many are told together."""

from decimal import Decimal

import pytest
from wine_profit_share_core import recon
from wine_profit_share_core.recon import Gap, bundle, without_echoes


def gap(kind, amount=0, subject="x", region=1, **links):
    told = recon.sentence(
        kind, document="D", expected="1", found="2", sold="", way="", units=0, days=7
    )
    intact = links.pop("intact", False)
    return Gap(kind, region, subject, "D", Decimal(0), Decimal(amount), links, told, intact=intact)


@pytest.mark.parametrize("kind", sorted(recon.SENTENCES))
def test_every_kind_has_a_sentence(kind):
    assert gap(kind).told["told"]


def kinds(gaps, missing_net=None):
    return sorted(one.kind for one in without_echoes(gaps, missing_net or {}))


def test_a_lost_order_is_one_difference():
    gaps = [
        gap("order_missing", -120, vend_id=7),
        gap("share_extra", 104, vend_id=7),
        gap("session_payment", 120, session_id=3),
        gap("session_income", 104, session_id=3),
    ]
    assert kinds(gaps, {7: Decimal(104)}) == ["order_missing"]


def test_what_is_no_echo_stays():
    gaps = [
        gap("order_missing", -120, vend_id=7),
        gap("share_extra", 104, vend_id=8),
        gap("session_payment", 119, session_id=3),
        gap("session_income", 104, region=2, session_id=4),
    ]
    assert kinds(gaps, {7: Decimal(104)}) == sorted(one.kind for one in gaps)


def test_nothing_lost_hides_nothing():
    """A session difference of zero lost orders is a difference."""
    assert kinds([gap("session_income", 1)]) == ["session_income"]


def test_a_changed_ledger_is_not_a_changed_accrual():
    changed = [gap("share_sum", 1), gap("accrual_amount", -1, intact=True)]
    assert kinds(changed) == ["share_sum"]
    assert kinds([gap("accrual_amount", -1, intact=True)]) == ["accrual_amount"]
    touched = [gap("share_sum", 1), gap("accrual_amount", -1, intact=False)]
    assert kinds(touched) == ["accrual_amount", "share_sum"]


def some(number, kind="payment_missing", start=0):
    return [
        gap(kind, -number_, subject=f"s{number_}", order_id=number_)
        for number_ in range(start + 1, start + number + 1)
    ]


def test_a_few_are_told_one_by_one():
    assert len(bundle(some(recon.MANY), set(), set())) == recon.MANY


def test_many_are_told_together():
    [one] = bundle(some(recon.MANY + 5), set(), set())
    assert one.subject == "many" and one.count == recon.MANY + 5
    assert one.amount == -sum(range(1, recon.MANY + 6))
    assert one.documents[0] == "order_id" and len(one.documents[1]) == recon.MANY + 5
    assert one.documents[1][0] == recon.MANY + 5, "the largest first"


def test_those_that_have_a_line_keep_it():
    known = {("payment_missing", 1, f"s{number}") for number in range(1, 11)}
    told = bundle(some(10) + some(30, start=10), known, set())
    assert sorted(one.subject for one in told)[:1] == ["many"]
    assert len(told) == 11
    assert next(one for one in told if one.subject == "many").count == 30


def test_what_was_told_together_stays_together_while_it_shrinks():
    [one] = bundle(some(3), set(), {("payment_missing", 1)})
    assert one.subject == "many" and one.count == 3


def test_kinds_and_regions_are_not_mixed():
    gaps = some(15) + some(15, "share_missing")
    assert len(bundle(gaps, set(), set())) == 30
