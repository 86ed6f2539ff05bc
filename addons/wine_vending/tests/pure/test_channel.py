# SPDX-License-Identifier: LGPL-3.0-or-later
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.channel import (
    COUNTED,
    Priced,
    limit,
    rest_after,
    rest_of,
    spread,
    take_off,
)
from wine_vending_core.sale_line import SaleLine

minor = st.integers(0, 10**9)
priced = st.builds(Priced, minor, minor, st.just(0))


def line(net=1000, tax=100, discount=30, cost=400, qty=3, **values):
    cents = {"net": net, "tax": tax, "gross": net + tax, "discount": discount, "cost": cost}
    amounts = {name: Decimal(value).scaleb(-2) for name, value in cents.items()}
    return SaleLine(
        source="sale.order.line:1", channel="website", kind="sale", date=date(2026, 1, 1),
        region_id=None, site_id=None, machine_id=None, vend_id=None, product_id=1,
        supplier_id=None, partner_id=None, qty=Decimal(qty), ml=750 * qty, currency="EUR",
        payment_kind="", **amounts, **values,
    )  # fmt: skip


def back(net, tax, qty=1):
    return line(-net, -tax, 0, 0, -qty, reverses="sale.order.line:1")


@given(minor, st.lists(minor, min_size=1))
def test_parts_add_up_and_none_exceeds_its_weight(total, weights):
    parts = spread(total, weights)
    if not sum(weights):
        assert parts == [0] * len(weights)
        return
    assert sum(parts) == total
    if total <= sum(weights):
        assert all(part <= weight for part, weight in zip(parts, weights, strict=True))


def test_ties_go_to_the_earlier():
    assert spread(1, [5, 5]) == [1, 0]
    assert spread(100, [1, 1, 1]) == [34, 33, 33]


@given(st.lists(priced, min_size=1), st.lists(priced))
def test_a_discount_is_taken_off_whole_or_as_far_as_there_is_something(goods, off):
    before = sum(part.gross for part in goods)
    take_off(goods, off)
    after = sum(part.gross for part in goods)
    assert after == max(0, before - sum(part.gross for part in off))
    assert all(part.net >= 0 and part.tax >= 0 for part in goods)


@given(st.data(), minor, minor, st.integers(1, 50))
def test_reversals_never_exceed_the_sale_and_end_at_zero(data, net, tax, qty):
    original = line(net, tax, qty=qty)
    rest, taken = rest_of(original), []
    parts = st.builds(back, st.integers(0, net), st.integers(0, tax), st.integers(0, qty))
    for wanted in [*data.draw(st.lists(parts, max_size=8)), back(net, tax, qty)]:
        reversal = limit(wanted, original, rest)
        if reversal:
            taken.append(reversal)
            rest = rest_after(rest, reversal)
        assert all(Decimal(rest[name]) >= 0 for name in COUNTED)
    for name in COUNTED:
        assert sum(getattr(part, name) for part in taken) == -getattr(original, name)
    assert all(part.gross == part.net + part.tax for part in taken)
    assert limit(back(1, 1), original, rest) is None


def test_money_without_goods_takes_back_its_part_of_the_cost():
    original = line()
    reversal = limit(back(100, 10, qty=0), original, rest_of(original))
    assert (reversal.qty, reversal.cost, reversal.discount) == (
        0,
        Decimal("-0.40"),
        Decimal("-0.03"),
    )


def test_free_goods_come_back_by_number():
    original = line(0, 0, discount=90)
    reversal = limit(back(0, 0), original, rest_of(original))
    assert (reversal.qty, reversal.discount, reversal.gross) == (-1, Decimal("-0.30"), 0)


def test_goods_without_money_take_nothing_back():
    assert limit(back(0, 0), line(), rest_of(line())) is None


def test_a_reversal_keeps_its_own_identity():
    original = line()
    wanted = replace(back(100, 10), source="account.move.line:7", date=date(2026, 2, 1))
    reversal = limit(wanted, original, rest_of(original))
    assert (reversal.source, reversal.date) == ("account.move.line:7", date(2026, 2, 1))
