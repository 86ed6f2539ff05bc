# SPDX-License-Identifier: LGPL-3.0-or-later
"""The count of the chaos suite can fail: whatever is taken away or doubled is found and named."""

import dataclasses

import pytest

from fleet.config import MachineConfig
from fleet.device import Device
from fleet.options import Options
from tests.chaos import journals
from tests.chaos.count import Held, Verdict, compare, unheard_of
from tests.chaos.journals import KeptJournal, Sold, Told
from tests.chaos.report import markdown, printed
from tests.chaos.stage import Result

MACHINE = "11111111-1111-4111-8111-111111111111"


def told():
    """Two sales and a failed one, and a door; seven bottles left."""
    return Told(
        events={f"e{n}": (MACHINE, "vend.local") for n in range(3)} | {"door": (MACHINE, "door")},
        sales={
            "v0": Sold("e0", MACHINE, 1200, 1),
            "v1": Sold("e1", MACHINE, 2400, 2),
            "v2": Sold("e2", MACHINE, 0, 0),
        },
        slots={(MACHINE, "A1"): 7},
    )


def held():
    """The same, as the platform should have it."""
    return Held(
        events=[(f"e{n}", "done") for n in range(3)] + [("door", "done")],
        vends=[("v0", "captured", 1, 1200), ("v1", "captured", 2, 2400), ("v2", "voided", 0, 0)],
        orders=[("v0", 1, 1200), ("v1", 2, 2400)],
        payments=[("v0", 1200), ("v1", 2400)],
        shares=[("v0", "vend:0"), ("v1", "vend:1")],
        slots={(MACHINE, "A1"): 7},
        stock={MACHINE: 7},
    )


def test_what_agrees_is_clean():
    verdict = compare(told(), held())
    assert verdict.clean, verdict.lines()


@pytest.mark.parametrize("kind", ("events", "vends", "orders", "payments", "shares"))
@pytest.mark.parametrize("which", (0, 1))
def test_a_row_that_is_missing_is_lost(kind, which):
    there = held()
    getattr(there, kind).pop(which)
    verdict = compare(told(), there)
    assert len(verdict.lost) == 1 and not verdict.duplicated, verdict.lines()


@pytest.mark.parametrize("kind", ("events", "vends", "orders", "payments", "shares"))
def test_a_row_that_is_there_twice_is_duplicated(kind):
    there = held()
    rows = getattr(there, kind)
    rows.append(rows[0])
    verdict = compare(told(), there)
    assert len(verdict.duplicated) == 1 and not verdict.lost, verdict.lines()


@pytest.mark.parametrize("kind", ("events", "vends", "orders", "payments", "shares"))
def test_what_nobody_told_is_duplicated(kind):
    there = held()
    rows = getattr(there, kind)
    rows.append(("strange", *rows[0][1:]))
    assert compare(told(), there).duplicated


def test_money_for_a_bottle_that_did_not_come_out_is_found():
    there = held()
    there.orders.append(("v2", 1, 1200))
    assert "v2" in compare(told(), there).duplicated[0]


@pytest.mark.parametrize(("cents", "found"), ((2399, "lost"), (2401, "duplicated")))
def test_a_cent_is_found(cents, found):
    for kind in ("orders", "payments", "vends"):
        there = held()
        rows = getattr(there, kind)
        rows[1] = (*rows[1][:-1], cents)
        assert getattr(compare(told(), there), found), kind


@pytest.mark.parametrize(("qty", "found"), ((8, "lost"), (6, "duplicated")))
def test_a_bottle_is_found_in_counter_and_stock(qty, found):
    there = dataclasses.replace(held(), slots={(MACHINE, "A1"): qty})
    assert getattr(compare(told(), there), found)
    there = dataclasses.replace(held(), stock={MACHINE: qty})
    assert getattr(compare(told(), there), found)


def test_a_slot_that_the_platform_does_not_know_is_found():
    assert compare(told(), dataclasses.replace(held(), slots={})).lost


@pytest.mark.parametrize("state", ("new", "failed", "unhandled"))
def test_what_is_stored_and_not_used_is_found(state):
    there = held()
    there.events[-1] = ("door", state)
    assert compare(told(), there).unused


def test_what_waits_in_its_journal_is_not_lost():
    here, there = told(), held()
    here.pending.add("door")
    there.events.pop()
    assert compare(here, there).clean


def test_what_went_with_its_board_is_neither_lost_nor_booked():
    here, there = told(), held()
    here.destroyed.add("e0")
    for kind in ("events", "vends", "orders", "payments", "shares"):
        getattr(there, kind).pop(0)
    assert compare(here, there).clean
    assert compare(here, held()).clean, "it may have been delivered all the same"


# === PAID AT THE PLATFORM === #


def asked():
    """Three vends of the platform: delivered, refused by the machine, and never heard of."""
    here, there = told(), held()
    here.asked = {vend: MACHINE for vend in ("p0", "p1", "p2")}
    here.events |= {"r0": (MACHINE, "vend.result"), "r1": (MACHINE, "vend.rejected")}
    here.sales |= {"p0": Sold("r0", MACHINE, 900, 1), "p1": Sold("r1", MACHINE, 0, 0)}
    here.turns.update({"v0": 1, "v1": 1, "v2": 1, "p0": 1})
    there.events += [("r0", "done"), ("r1", "done")]
    there.vends += [("p0", "captured", 1, 900), ("p1", "voided", 0, 0), ("p2", "voided", 0, 0)]
    there.orders.append(("p0", 1, 900))
    there.payments.append(("p0", 900))
    there.shares.append(("p0", "vend:9"))
    return here, there


def test_vends_of_the_platform_that_agree_are_clean():
    verdict = compare(*asked())
    assert verdict.clean, verdict.lines()


@pytest.mark.parametrize("vend", ("p0", "p1", "p2"))
def test_a_payment_that_the_platform_forgot_is_lost(vend):
    here, there = asked()
    there.vends = [row for row in there.vends if row[0] != vend]
    assert f"vend of vend {vend}" in compare(here, there).lost


@pytest.mark.parametrize("kind", ("orders", "payments", "shares"))
def test_what_was_delivered_and_not_booked_is_lost(kind):
    here, there = asked()
    getattr(there, kind).pop()
    assert len(compare(here, there).lost) == 1


def test_a_capture_for_nothing_is_found():
    here, there = asked()
    there.vends[-1] = ("p2", "captured", 1, 900)
    assert "p2" in compare(here, there).duplicated[0]


def test_a_motor_that_turned_twice_is_found():
    here, there = asked()
    here.turns["p0"] += 1
    assert "p0" in compare(here, there).duplicated[0]


@pytest.mark.parametrize("state", ("authorised", "accepted", "dispensing"))
def test_a_vend_that_is_left_open_is_found(state):
    here, there = asked()
    there.vends[-1] = ("p2", state, 0, 0)
    assert "p2" in compare(here, there).unused[0]


def test_what_nobody_paid_for_and_a_machine_delivered_is_found():
    here, there = asked()
    del here.asked["p2"]
    assert compare(here, there).duplicated


def test_a_result_that_went_with_its_board_leaves_its_vend_open():
    here, there = asked()
    here.destroyed.add("r0")
    there.events.remove(("r0", "done"))
    there.vends[3] = ("p0", "dispensing", 0, 0)
    for rows in (there.orders, there.payments, there.shares):
        rows.pop()
    assert compare(here, there).clean


def test_a_bottle_whose_sale_went_with_its_board_stays_in_the_books():
    here, there = told(), held()
    here.destroyed.add("e1")
    for kind in ("events", "vends", "orders", "payments", "shares"):
        getattr(there, kind).pop(1)
    there.stock = {MACHINE: 9}
    assert compare(here, there).lost
    here.gone = unheard_of(here, there)
    assert here.gone == {MACHINE: 2} and compare(here, there).clean


def test_fewer_events_than_were_wanted_fail():
    short = Result("a name", "a story", wanted=20_000, events=19_999, verdict=Verdict())
    assert not short.passed
    assert "19,999 events of 20,000" in printed([short])


def test_a_result_with_findings_fails_and_names_them():
    there = held()
    there.payments.pop()
    result = Result("a name", "a story", verdict=compare(told(), there))
    assert not result.passed
    assert "payment of vend v1" in printed([result])
    clean = Result("a name", "a story", events=4, verdict=Verdict())
    assert clean.passed
    assert not Result("a name", "a story", quarantined=1).passed
    assert "| a name | 4 | 0 | 0 | 0 | 0 |" in markdown([clean], 20, 60)


# === THE DEVICES' END === #


def device(tmp_path):
    entry = MachineConfig(MACHINE, "S1", MACHINE, "secret")
    made = Device(entry, Options(dispense=0, tele=0), KeptJournal(tmp_path / f"{MACHINE}.journal"))
    made.boot(1_700_000_000.0)
    return made


def test_a_vend_of_the_platform_is_read_with_its_price(tmp_path):
    one = device(tmp_path)
    now = 1_700_000_001.0
    line = {"slot": "A1", "sku": "S", "price": "9.50", "currency": "USD", "age": 0}
    one.commit({"set": {"desired": {"version": 1, "planogram": [line], "config": {}}}})
    one.commit({"slot": {"A1": {"sku": "S", "qty": 3, "state": "ok"}}})
    one.clock.sync(now)
    args = {"slot": "A1", "sku": "S", "qty": 2, "price": "9.50", "currency": "USD"}
    args |= {"price_version": 1, "age_checked": True, "expires_at": "2033-01-01T00:00:00Z"}
    one.vending.authorise("c1", args | {"vend_id": "p0"}, now)
    one.vending.authorise("c2", args | {"vend_id": "p0"}, now)
    one.vending.authorise("c3", args | {"vend_id": "p1"}, now)
    one.journal.close()
    found = journals.read(tmp_path)
    assert (found.sales["p0"].cents, found.sales["p0"].qty) == (1900, 2)
    assert (found.sales["p1"].cents, found.turns) == (0, {"p0": 1})


def test_journals_are_read_with_what_was_compacted_away(tmp_path):
    one = device(tmp_path)
    for number in range(5):
        one.emit(1_700_000_000.0 + number, "door", {"state": "opened", "by": "key"})
    one.acknowledged({"epoch": 1, "ack_seq": 3})
    one.journal.compact(one.state.snapshot())
    one.emit(1_700_000_009.0, "door", {"state": "closed", "by": "key"})
    one.journal.close()
    found = journals.read(tmp_path)
    assert len(found.events) == 6, "what the journal forgot counts as well"
    assert len(found.pending) == 3


def test_the_count_begins_where_it_is_told_to(tmp_path):
    one = device(tmp_path)
    one.emit(1_700_000_000.0, "door", {"state": "opened", "by": "key"})
    assert not journals.begin(tmp_path), "an event is not acknowledged: the count cannot begin"
    one.acknowledged({"epoch": 1, "ack_seq": 1})
    one.journal.close()
    two = device(tmp_path)
    two.acknowledged({"epoch": 1, "ack_seq": 1})
    two.journal.close()
    assert journals.begin(tmp_path)
    assert not journals.read(tmp_path).events
    three = device(tmp_path)
    assert three.state.next_seq == 2, "numbers go on"
