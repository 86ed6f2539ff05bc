# SPDX-License-Identifier: LGPL-3.0-or-later
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.vend_match import NEAR, WINDOW, Candidate, Clues, find, receipt_code

NOON = datetime(2026, 5, 1, 12, 0)
MINE = Candidate(1, str(uuid4()), NOON, "B4", Decimal("128.00"), "VISA **** 4242")
SAID = Clues(NOON + timedelta(minutes=4), "b4", Decimal("128.00"))

slots = st.sampled_from(["A1", "B4"])
amounts = st.sampled_from([Decimal("128.00"), Decimal("3.50")])
candidates = st.lists(
    st.builds(
        Candidate,
        id=st.integers(1, 99),
        uuid=st.uuids().map(str),
        moment=st.integers(-300, 300).map(lambda minute: NOON + timedelta(minutes=minute)),
        slot=slots,
        amount=amounts,
        pay_ref=st.sampled_from(["", "x4242", "9999"]),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)
clues = st.builds(
    Clues,
    moment=st.just(NOON),
    slot=st.just("") | slots,
    amount=st.none() | amounts,
    last4=st.sampled_from(["", "4242"]),
)


@given(clues, candidates)
def test_sure_means_that_no_other_one_fits(said, offered):
    found, sure = find(said, offered)
    if not sure:
        return
    others = [
        one
        for one in offered
        if abs(one.moment - NOON) <= NEAR
        and (not said.slot or one.slot == said.slot)
        and (said.amount is None or one.amount == said.amount)
        and (not said.last4 or one.pay_ref.endswith(said.last4))
    ]
    assert [one.id for one in others] == [found]
    assert bool(said.slot) + (said.amount is not None) + bool(said.last4) >= 2


@given(clues, candidates)
def test_what_is_found_contradicts_nothing(said, offered):
    found, _sure = find(said, offered)
    for one in offered:
        if one.id == found:
            assert abs(one.moment - NOON) <= WINDOW
            assert said.slot in ("", one.slot)
            assert said.amount in (None, one.amount)


def test_minute_slot_and_price():
    assert find(SAID, [MINE]) == (1, True)


def test_the_time_alone_is_a_guess():
    assert find(Clues(NOON), [MINE]) == (1, False)


def test_one_thing_too_few():
    assert find(replace(SAID, amount=None), [MINE]) == (1, False)


def test_two_that_fit_are_one_too_many():
    other = replace(MINE, id=2, uuid=str(uuid4()), moment=NOON + timedelta(minutes=5))
    assert find(SAID, [MINE, other]) == (2, False)
    assert find(replace(SAID, last4="4242"), [MINE, replace(other, pay_ref="1111")]) == (1, True)


def test_another_card_is_another_vend():
    assert find(replace(SAID, last4="1111"), [MINE]) == (None, False)


def test_too_long_ago():
    assert find(replace(SAID, moment=NOON + timedelta(hours=3)), [MINE]) == (None, False)
    assert find(replace(SAID, moment=NOON + timedelta(hours=1)), [MINE]) == (1, False)


def test_the_receipt_code_names_it_whenever_it_was():
    code = receipt_code(MINE.uuid)
    clue = Clues(NOON + timedelta(days=30), receipt=f"{code[:4].lower()}-{code[4:]}")
    assert find(clue, [MINE, replace(MINE, id=2, uuid=str(uuid4()))]) == (1, True)


def test_a_wrong_receipt_code_is_no_proof():
    assert find(replace(SAID, receipt="0000-0000"), [MINE]) == (1, False)


def test_a_short_code_is_no_code():
    assert find(Clues(NOON, receipt="AB"), [MINE]) == (1, False)
