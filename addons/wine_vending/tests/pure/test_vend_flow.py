# SPDX-License-Identifier: LGPL-3.0-or-later
import pytest
from wine_vending_core import vend_flow as flow
from wine_vending_core.vend_flow import may_follow
from wine_vending_core.vend_fold import VendFold

STATES = sorted({*flow.ALLOWED, flow.DRAFT})
STEPS = {(source, target) for target, sources in flow.ALLOWED.items() for source in sources}


def reachable(start, steps=STEPS):
    """States that can be reached from ``start``, itself included."""
    found, open_ends = {start}, [start]
    while open_ends:
        here = open_ends.pop()
        for source, target in steps:
            if source == here and target not in found:
                found.add(target)
                open_ends.append(target)
    return found


def test_every_state_can_be_reached():
    assert reachable(flow.DRAFT) == set(STATES)


def test_every_way_can_end():
    for state in STATES:
        assert reachable(state) & set(flow.FINAL), state


def test_nothing_leaves_a_final_state_but_what_is_declared():
    """A refund of what was sold; a late word of the machine about what was voided on our side."""
    leaving = {step for step in STEPS if step[0] in flow.FINAL}
    assert leaving == {
        ("captured", "refunded"),
        ("voided", "dispensed"),
        ("voided", "partial"),
        ("voided", "unknown"),
    }


def test_what_is_refunded_stays():
    assert reachable(flow.REFUNDED) == {flow.REFUNDED}


def test_money_that_was_captured_is_refunded_and_never_voided():
    assert flow.VOIDED not in reachable(flow.CAPTURED)


def test_money_is_captured_only_for_what_came_out():
    assert set(flow.ALLOWED[flow.CAPTURED]) == {flow.DISPENSED, flow.PARTIAL}


def test_unknown_is_neither_captured_nor_refunded_by_itself():
    direct = {target for source, target in STEPS if source == flow.UNKNOWN}
    assert direct == {flow.DISPENSED, flow.PARTIAL, flow.FAILED}


@pytest.mark.parametrize("state", STATES)
def test_no_state_follows_itself_and_nothing_becomes_a_draft(state):
    assert not may_follow(state, state)
    assert not may_follow(state, flow.DRAFT)


@pytest.mark.parametrize("outcome", sorted(flow.RESULTS))
@pytest.mark.parametrize("state", flow.RUNNING)
def test_a_result_ends_whatever_is_running(state, outcome):
    assert may_follow(state, flow.RESULTS[outcome])


def test_what_is_not_known_is_not_allowed():
    assert not may_follow("captured", "nowhere")
    assert not may_follow("nowhere", "captured")


def test_a_fold_moves_by_the_same_table():
    for source in STATES:
        for target in STATES:
            fold = VendFold("v", source)
            moved = fold.advance(target, qty_done=1)
            assert moved is may_follow(source, target)
            assert fold.state == (target if moved else source)
            assert fold.values == ({"qty_done": 1, "state": target} if moved else {})


def test_a_fold_knows_what_is_stored_and_what_it_changes():
    class Record:
        qty, price = 2, 10.0

    fold = VendFold("v", "dispensed", Record())
    assert (fold.get("qty"), fold.get("price")) == (2, 10.0)
    fold.advance("captured", qty=1)
    assert (fold.get("qty"), fold.get("price")) == (1, 10.0)
    fold.values["price"] = None
    assert fold.get("price") is None
    assert VendFold("new", "draft").get("qty") is None
