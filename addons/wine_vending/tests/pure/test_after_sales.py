# SPDX-License-Identifier: LGPL-3.0-or-later
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core import after_sales, vend_flow
from wine_vending_core.after_sales import Claim, Evidence, History, Limits, decide

SOLD = Evidence(
    state=vend_flow.CAPTURED, outcome="success", sensor="absent", held=Decimal("120.00")
)
NOTHING, FRESH, LIMITS = Claim("nothing"), History(), Limits()

money = st.integers(min_value=0, max_value=500_000).map(lambda cents: Decimal(cents).scaleb(-2))
states = st.sampled_from(sorted({*vend_flow.ALLOWED, vend_flow.DRAFT}))
evidences = st.builds(
    Evidence,
    state=states,
    outcome=st.sampled_from(["", "success", "partial", "failed", "unknown"]),
    sensor=st.sampled_from(["", "confirmed", "absent", "none", "fault"]),
    motor_code=st.sampled_from(["", "0", "OK", "E12"]),
    slot_state=st.sampled_from(["", "ok", "jammed"]),
    lane_faults=st.sampled_from([(), ("JAM",)]),
    failed_near=st.integers(0, 3),
    fine_near=st.integers(0, 3),
    held=money,
    given_back=money,
)
claims = st.builds(
    Claim,
    kind=st.sampled_from(["nothing", "wrong", "bad", "overcharged", "other"]),
    sure=st.booleans(),
)
histories = st.builds(History, consumer=st.integers(0, 5), machine=st.integers(0, 20))
limits = st.builds(Limits, consumer=st.integers(0, 5), machine=st.integers(0, 20), amount=money)


@given(claims, st.none() | evidences, histories, limits)
def test_never_more_goes_back_than_was_taken(claim, evidence, history, bounds):
    decision = decide(claim, evidence, history, bounds)
    assert decision.amount >= 0
    if decision.action == after_sales.REFUND:
        assert 0 < decision.amount == evidence.held - evidence.given_back <= bounds.amount
    else:
        assert decision.amount == 0
    assert str(decision.told)


@given(evidences, st.sampled_from([vend_flow.CAPTURED, vend_flow.UNKNOWN]), money)
def test_the_same_complaint_again_gives_nothing_more(evidence, state, left):
    """What the first decision gave back is in the evidence of the second."""
    claim, history, bounds = NOTHING, FRESH, Limits(amount=Decimal(10**6))
    taken = evidence.given_back + left + Decimal("0.01")
    evidence = replace(evidence, sensor="absent", state=state, held=taken)
    decision = decide(claim, evidence, history, bounds)
    assert decision.action == after_sales.REFUND
    after = replace(evidence, given_back=evidence.given_back + decision.amount)
    again = decide(claim, after, history, bounds)
    assert again.action == after_sales.REFUSE
    told_by_the_machine = replace(after, state=vend_flow.REFUNDED)
    assert decide(claim, told_by_the_machine, history, bounds).action == after_sales.REFUSE


@given(claims, evidences, histories, limits)
def test_money_goes_back_by_itself_for_a_proof_only(claim, evidence, history, bounds):
    if decide(claim, evidence, history, bounds).action == after_sales.REFUND:
        assert claim.kind == "nothing" and claim.sure
        assert evidence.sensor != "confirmed"
        assert (
            evidence.sensor == "absent"
            or evidence.motor_code.lower() not in after_sales.NO_FAULT
            or evidence.lane_faults
        )
        assert evidence.state in (vend_flow.CAPTURED, vend_flow.UNKNOWN)
        assert history.consumer < bounds.consumer and history.machine < bounds.machine


@given(claims, histories, limits)
def test_without_a_vend_a_person_looks(claim, history, bounds):
    assert decide(claim, None, history, bounds).action == after_sales.CASE


@pytest.mark.parametrize(
    ("change", "action", "reason"),
    [
        ({}, "refund", "absent"),
        ({"sensor": "none", "motor_code": "E7"}, "refund", "motor"),
        ({"sensor": "fault", "lane_faults": ("JAM",)}, "refund", "lane"),
        ({"state": "unknown"}, "refund", "absent"),
        ({"state": "unknown", "sensor": "none"}, "case", "no_sensor"),
        ({"sensor": "confirmed", "motor_code": "E7"}, "case", "confirmed"),
        ({"sensor": "none"}, "case", "no_sensor"),
        ({"sensor": "none", "motor_code": "0"}, "case", "no_sensor"),
        ({"sensor": "none", "failed_near": 2, "fine_near": 5}, "case", "likely"),
        ({"sensor": "none", "slot_state": "jammed"}, "case", "likely"),
        ({"sensor": "none", "fine_near": 5}, "case", "unlikely"),
        ({"state": "refunded", "given_back": Decimal(120)}, "refuse", "refunded"),
        ({"state": "voided", "held": Decimal(0)}, "refuse", "voided"),
        ({"state": "dispensing"}, "case", "running"),
        ({"held": Decimal(0)}, "case", "free"),
        ({"given_back": Decimal(20)}, "refund", "absent"),
    ],
)
def test_evidence_and_what_follows(change, action, reason):
    decision = decide(NOTHING, replace(SOLD, **change), FRESH, LIMITS)
    assert (decision.action, decision.reason) == (action, reason)


@pytest.mark.parametrize("kind", ["wrong", "bad", "overcharged", "other"])
def test_no_sensor_sees_what_is_in_the_bottle(kind):
    decision = decide(Claim(kind), SOLD, FRESH, LIMITS)
    assert (decision.action, decision.reason) == ("case", kind)


def test_limits():
    for history, bounds, reason in (
        (History(consumer=2), LIMITS, "consumer_limit"),
        (History(machine=10), LIMITS, "machine_limit"),
        (FRESH, Limits(amount=Decimal(119)), "amount_limit"),
        (FRESH, Limits(consumer=0), "consumer_limit"),
    ):
        assert decide(NOTHING, SOLD, history, bounds).reason == reason


def test_states():
    states = {*after_sales.ALLOWED, after_sales.NEW}
    ends = (after_sales.REFUNDED, after_sales.RESOLVED)
    for end in ends:
        assert not any(after_sales.may_follow(end, target) for target in states)
    assert after_sales.may_follow("rejected", "in_case")
    assert not after_sales.may_follow("rejected", "refunded")
    assert not any(after_sales.may_follow(state, "new") for state in states)
