# SPDX-License-Identifier: LGPL-3.0-or-later
"""Sales begun and paid at the device: stock, money, refusals."""

from decimal import Decimal

import pytest

from fleet import report
from fleet.errors import Refused
from fleet.options import Options
from fleet.tests import standin


def buy(bench, slot="A1", **how):
    """A purchase; returns the data of its event."""
    vend_id = bench.device.buy(bench.now, slot, **how)
    return next(data for data in bench.data("vend.local") if data["vend_id"] == vend_id)


def test_a_card_sale(bench):
    told = buy(bench, pay="card")
    assert told.pop("vend_id") and told.pop("pay_ref").startswith("CR-")
    assert told == {"slot": "A1", "sku": "W1", "price": "12.50", "currency": "EUR", "pay": "card",
                    "qty": 1, "price_version": 1, "outcome": "success",
                    "sensor": "confirmed"}  # fmt: skip
    assert bench.state.slots["A1"]["qty"] == 7
    assert bench.state.cash["total"] == "0"


@pytest.mark.parametrize(
    ("outcome", "qty", "told_qty", "refunded", "total", "cash"),
    [
        ("success", 2, 2, None, "25.00", "25.00"),
        ("partial", 3, 1, True, "12.50", "12.50"),
        ("partial", 1, 1, True, "0.00", "0"),
        ("failed", 2, 2, True, "0.00", "0.00"),
        ("unknown", 1, 1, False, "0.00", "12.50"),
        ("jam", 1, 1, True, "0.00", "0.00"),
    ],
)
def test_cash_follows_the_bottle(bench, outcome, qty, told_qty, refunded, total, cash):
    told = buy(bench, pay="cash", qty=qty, outcome=outcome)
    entry = bench.state.sold[told["vend_id"]]
    assert (told["qty"], told.get("refunded"), entry["total"]) == (told_qty, refunded, total)
    assert Decimal(bench.state.cash["total"]) == Decimal(cash)
    assert Decimal(bench.state.cash["notes"]) + Decimal(bench.state.cash["coins"]) == Decimal(cash)


def test_money_that_is_kept_is_owed(bench_factory):
    options = Options(start_spread=0, dispense=0, hello=0, tele=0, rate=0, keep_rate=1)
    bench = bench_factory(options=options)
    told = buy(bench, pay="cash", outcome="failed")
    assert told["refunded"] is False
    assert report.shares(bench.state.sold[told["vend_id"]]) == {"owed": Decimal("12.50")}
    assert bench.state.cash["total"] == "12.50"


REFUSALS = [
    ("unknown_slot", "Z9", {}),
    ("empty", "A1", {"qty": 9}),
    ("platform_needed", "A1", {"pay": "wallet"}),
    ("platform_needed", "A1", {"pay": "voucher"}),
]


@pytest.mark.parametrize(("code", "slot", "how"), REFUSALS)
def test_refused_before_money_is_taken(bench, code, slot, how):
    with pytest.raises(Refused) as refusal:
        bench.device.buy(bench.now, slot, **how)
    assert refusal.value.code == code
    assert not bench.events() and not bench.device.motor.moves


@pytest.mark.parametrize(("caps", "sold"), [(["age"], True), (["lift"], False), ([], False)])
def test_an_age_limit_needs_a_reader_at_the_device(bench_factory, caps, sold):
    bench = bench_factory(desired=standin.planogram(age=True), caps=caps)
    if sold:
        assert buy(bench)["outcome"] == "success"
    else:
        with pytest.raises(Refused, match="age_required"):
            bench.device.buy(bench.now, "A1")


def test_no_sale_while_locked_or_open(bench):
    bench.device.service.open_door(bench.now, "field")
    with pytest.raises(Refused, match="maintenance"):
        bench.device.buy(bench.now, "A1")
    bench.device.service.close_door(bench.now, "field")
    bench.command("machine.lock")
    with pytest.raises(Refused, match="maintenance"):
        bench.device.buy(bench.now, "A1")


def test_one_sale_at_a_time(bench_factory):
    options = Options(start_spread=0, dispense=2, hello=0, tele=0, rate=0)
    bench = bench_factory(options=options)
    bench.device.buy(bench.now, "A1")
    with pytest.raises(Refused, match="busy"):
        bench.device.buy(bench.now, "A2")
    bench.listen(2.5)
    bench.device.buy(bench.now, "A2")


def test_the_last_bottle_empties_the_slot(bench_factory):
    bench = bench_factory(qty=1)
    buy(bench)
    assert bench.data("slot.state") == [{"slot": "A1", "state": "empty", "qty": 0}]
    with pytest.raises(Refused, match="empty"):
        bench.device.buy(bench.now, "A1")


def test_a_power_cut_during_a_sale_is_told_as_unknown(bench_factory):
    options = Options(start_spread=0, dispense=2, hello=0, tele=0, rate=0)
    bench = bench_factory(options=options)
    vend_id = bench.device.buy(bench.now, "A1", pay="cash")
    assert not bench.events("vend.local")
    bench.power()
    told = bench.data("vend.local")
    assert [(d["vend_id"], d["outcome"], d["refunded"]) for d in told] == [
        (vend_id, "unknown", False)
    ]
    assert not bench.device.motor.moves
    assert not bench.state.vends


def test_a_bottle_of_the_past_is_told_once_and_asks_no_stock(bench_factory):
    bench = bench_factory(qty=0)
    tell = bench.device.vending.past_sale
    assert tell(bench.now, "v", "A1", "9.99", "card", 1_600_000_000.0)
    assert not tell(bench.now, "v", "A1", "9.99", "card", 1_600_000_000.0)
    (event,) = bench.events("vend.local")
    assert event["hist"] and event["ts"].startswith("2020-09-13") and event["ts_q"] == "synced"
    assert event["data"]["price"] == "9.99"
    assert bench.state.slots["A1"]["qty"] == -1
    assert not bench.events("slot.state")


def test_offline_sales_are_historical_and_online_ones_are_not(bench):
    buy(bench)
    bench.device.disconnected()
    buy(bench)
    assert [event["hist"] for event in bench.events("vend.local")] == [False, True]
