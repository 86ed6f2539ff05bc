# SPDX-License-Identifier: LGPL-3.0-or-later
"""Motors and cash boxes by themselves."""

import random
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet import cashbox
from fleet.motor import Drop, Motor
from fleet.options import Options
from fleet.sale import Sale
from fleet.state import CASH

AMOUNTS = st.integers(1, 50000).map(lambda cents: str(Decimal(cents) / 100))


def motor(seed=1, **rates):
    """A motor with these rates."""
    return Motor(Options(**rates), random.Random(seed))


def test_chance_keeps_to_its_rates():
    turned = motor(fail_rate=0.2, jam_rate=0.1, unknown_rate=0.05)
    drops = [turned.turn(str(n), 1) for n in range(4000)]
    outcomes = Counter(drop.outcome for drop in drops)
    assert 0.25 < outcomes["failed"] / 4000 < 0.35
    assert 0.03 < outcomes["unknown"] / 4000 < 0.07
    assert 0.08 < sum(drop.jammed for drop in drops) / 4000 < 0.12


def test_without_rates_it_always_works():
    turned = motor()
    assert {turned.turn(str(n), 2) for n in range(200)} == {Drop("success", 2, "confirmed")}


def test_what_is_forced_comes_first_and_once():
    turned = motor()
    turned.forced += ["jam", "unknown"]
    assert [turned.turn(str(n), 1).outcome for n in range(3)] == ["failed", "unknown", "success"]
    assert turned.turn("x", 1, "failed").outcome == "failed"


FORCED = st.sampled_from(("success", "fail", "failed", "partial", "unknown", "jam"))


@given(st.integers(1, 9), FORCED)
def test_a_drop_makes_sense(qty, forced):
    drop = motor().turn("v", qty, forced)
    assert 0 <= drop.delivered <= qty
    assert (drop.outcome == "success") == (drop.delivered == qty)
    assert (drop.outcome == "partial") == (0 < drop.delivered < qty)
    assert drop.outcome == "success" or drop.code


@given(st.lists(AMOUNTS, max_size=20))
def test_a_box_holds_what_was_paid(amounts):
    cash = dict(CASH)
    for amount in amounts:
        cash = cashbox.add(cash, amount, "EUR")
    total = sum(map(Decimal, amounts))
    assert Decimal(cash["notes"]) + Decimal(cash["coins"]) == total
    assert Decimal(cash["meter"]) == Decimal(cash["total"]) == total
    empty = cashbox.emptied(cash)
    assert Decimal(empty["meter"]) == 0 and Decimal(empty["total"]) == total
    assert set(cashbox.level(cash)) <= {"coins", "notes", "tubes", "currency"}


def test_what_is_counted_may_differ_from_the_meter():
    cash = cashbox.add(dict(CASH), "12.50", "EUR")
    told = cashbox.collected(cash, "Ann", "-1.00")
    counted = Decimal(told["counted"]["coins"]) + Decimal(told["counted"]["notes"])
    assert counted - Decimal(told["meter"]) == Decimal("-1.00")
    assert "visit_id" not in told


def sale(**how):
    """A local sale in cash."""
    return Sale("v", "A1", "W1", **({"qty": 2, "price": "12.50", "currency": "EUR", "version": 1,
                                     "pay": "cash", "origin": "local"} | how))  # fmt: skip


@pytest.mark.parametrize(
    ("drop", "keeps", "refunded", "value", "box"),
    [
        (Drop("success", 2, "confirmed"), False, None, "25.00", "25.00"),
        (Drop("partial", 1, "confirmed"), True, True, "12.50", "12.50"),
        (Drop("failed", 0, "absent"), False, True, "0.00", "0.00"),
        (Drop("failed", 0, "absent"), True, False, "0.00", "25.00"),
        (Drop("unknown", 0, "fault"), False, False, "0.00", "25.00"),
    ],
)
def test_money_of_a_sale(drop, keeps, refunded, value, box):
    made = sale()
    assert made.refunded(drop, keeps) is refunded
    assert made.value(drop) == value
    after = made.cash_after(dict(CASH), drop, refunded)
    assert Decimal(after["total"]) == Decimal(box)
    assert sale(pay="card").cash_after(dict(CASH), drop, refunded) == CASH


def test_the_platform_gives_back_by_itself():
    assert sale(origin="platform").refunded(Drop("failed", 0, "absent"), True) is None


@given(st.integers(1, 10**5), st.integers(2, 1000), st.data())
def test_a_pour_costs_its_share_to_half_a_cent(cents, ml, data):
    out = data.draw(st.integers(0, ml))
    made = sale(ml=ml, qty=1, price=str(Decimal(cents) / 100))
    exact = Decimal(cents) * out / ml / 100
    value = Decimal(made.value(Drop("partial", out, "confirmed")))
    assert abs(value - exact) <= Decimal("0.005")
