# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the field person does, and what a machine says about it."""

import pytest

from fleet.tests import standin


def test_fill_to_par(bench):
    bench.device.buy(bench.now, "A1", qty=3)
    lines = bench.device.service.restock(bench.now)
    assert lines[0] == {"slot": "A1", "sku": "W1", "before": 5, "filled": 3, "removed": 0,
                        "bad": 0, "after": 8}  # fmt: skip
    assert bench.data("restock.done")[0]["by"] == "field"
    assert bench.state.slots["A1"]["qty"] == 8


def test_fill_what_is_said_and_take_out_what_is_bad(bench):
    fill, bad = {"A1": 10, "A2": 2}, {"A1": 1}
    lines = bench.device.service.restock(bench.now, "Ann", fill, bad, "visit-1")
    assert [(n["before"], n["filled"], n["removed"], n["bad"], n["after"]) for n in lines] == [
        (8, 3, 0, 1, 10), (8, 0, 6, 0, 2)
    ]  # fmt: skip
    told = bench.data("restock.done")[0]
    assert (told["by"], told["visit_id"], len(told["slots"])) == ("Ann", "visit-1", 2)


def test_every_line_adds_up(bench):
    bench.device.vending.past_sale(bench.now, "v", "A3", "1.00", "card", bench.now)
    for line in bench.device.service.restock(bench.now, bad={"A1": 3, "A2": 99}):
        after = line["before"] + line["filled"] - line["removed"] - line["bad"]
        assert line["after"] == after >= 0
        assert bench.state.slots[line["slot"]]["qty"] == after


def test_a_new_product_is_not_sold_before_the_old_one_is_out(bench):
    document = standin.planogram(version=2)
    document["planogram"][0]["sku"] = "NEW"
    bench.receive("desired", document)
    assert bench.device.shadow.errors == [{"slot": "A1", "code": "other_sku_loaded"}]
    with pytest.raises(Exception, match="empty"):
        bench.device.buy(bench.now, "A1")
    old, new, *_rest = bench.device.service.restock(bench.now)
    assert (old["sku"], old["removed"], old["after"]) == ("W1", 8, 0)
    assert (new["sku"], new["before"], new["filled"]) == ("NEW", 0, 8)
    bench.device.buy(bench.now, "A1")


def test_an_empty_slot_takes_the_new_product_at_once(bench_factory):
    bench = bench_factory(qty=0)
    document = standin.planogram(version=2)
    document["planogram"][0]["sku"] = "NEW"
    bench.receive("desired", document)
    assert bench.state.slots["A1"]["sku"] == "NEW" and not bench.device.shadow.errors


def test_the_stock_of_the_configuration_counts_on_a_new_board_only(bench):
    assert bench.state.slots["A1"] == {"qty": 8, "sku": "W1", "state": "ok"}
    bench.device.buy(bench.now, "A1")
    bench.receive("desired", standin.planogram(version=2, slots=5))
    assert bench.state.slots["A1"]["qty"] == 7
    assert bench.state.slots["A5"]["qty"] == 0
    bench.receive("desired", standin.planogram(version=3, slots=2))
    assert set(bench.state.slots) == {"A1", "A2"}


def test_without_a_stock_in_the_configuration_slots_stand_at_par(bench_factory):
    assert bench_factory(stock=None).state.slots["A1"]["qty"] == 8
    assert bench_factory(stock={"A1": 2}).state.slots["A2"]["qty"] == 0


def test_an_older_or_equal_version_changes_nothing(bench):
    bench.receive("desired", standin.planogram(version=5))
    bench.receive("desired", standin.planogram(version=4, price="1.00"))
    bench.receive("desired", standin.planogram(version=5, price="1.00"))
    assert bench.state.version == 5
    assert bench.device.shadow.line("A1")["price"] == "12.50"


def test_collection_takes_the_meter_and_leaves_the_tubes(bench):
    for _ in range(2):
        bench.device.buy(bench.now, "A1", pay="cash")
    bench.device.service.collect(bench.now, "Ann", "visit-1", difference="-0.50")
    told = bench.data("cash.collected")[0]
    assert told["meter"] == "25.00" and told["visit_id"] == "visit-1"
    assert told["counted"] == {"coins": "4.50", "notes": "20.00"}
    assert bench.data("cash.level")[0]["notes"] == "0.00"
    assert (bench.state.cash["meter"], bench.state.cash["total"]) == ("0.00", "25.00")


def test_a_visit_tells_everything_in_order(bench):
    bench.device.buy(bench.now, "A1", outcome="jam")
    before = bench.state.next_seq
    bench.device.service.visit(bench.now, "Ann")
    kinds = [event["type"] for event in bench.events() if event["seq"] >= before]
    assert kinds == ["door", "fault.cleared", "slot.state", "restock.done", "test.vend",
                     "cash.collected", "cash.level", "counter.snapshot", "door"]  # fmt: skip


def test_a_door_says_each_thing_once(bench):
    for _ in range(2):
        bench.device.service.open_door(bench.now, "Ann")
    for _ in range(2):
        bench.device.service.close_door(bench.now, "Ann")
    assert [d["state"] for d in bench.data("door")] == ["opened", "closed"]


def test_a_door_left_open_by_a_power_cut_is_shut(bench):
    bench.device.service.open_door(bench.now, "Ann")
    bench.power()
    bench.listen(2)
    assert bench.state.door == "closed"


def test_a_fault_is_raised_once_until_it_is_cleared(bench):
    for _ in range(2):
        bench.device.buy(bench.now, "A1", outcome="unknown")
    assert [f["code"] for f in bench.data("fault.raised")] == ["drop_sensor"]
    bench.device.service.clear(bench.now, "A2")
    assert not bench.data("fault.cleared")
    bench.device.service.clear(bench.now, "A1")
    bench.device.service.clear(bench.now, "A1")
    assert len(bench.data("fault.cleared")) == 1
