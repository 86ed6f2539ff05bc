# SPDX-License-Identifier: LGPL-3.0-or-later
"""Two-phase vends, docs/protocol §6: one test per way through."""

import pytest

from fleet.options import Options
from fleet.tests import standin

SLOW = Options(start_spread=0, dispense=2, hello=0, tele=0, rate=0)


def types(bench):
    """Types of the pending events, in order."""
    return [event["type"] for event in bench.events()]


def test_success_is_told_in_four_steps(bench):
    assert bench.vend(vend_id="v1") == ["received", "in_progress", "succeeded"]
    assert types(bench) == ["vend.accepted", "vend.started", "vend.result"]
    result = bench.data("vend.result")[0]
    assert result == {"vend_id": "v1", "outcome": "success", "slot": "A1", "qty": 1,
                      "sensor": "confirmed", "slot_state": "ok"}  # fmt: skip
    assert all(event["corr"] == "v1" for event in bench.events())
    assert bench.state.slots["A1"]["qty"] == 7


def test_acceptance_is_in_the_journal_before_the_motor_moves(bench):
    turn = bench.device.motor.turn
    seen = []

    def watched(*about):
        seen.extend(event["type"] for record in bench.journal.records
                    for event in record.get("evt", ()))  # fmt: skip
        return turn(*about)

    bench.device.motor.turn = watched
    bench.vend()
    assert seen == ["vend.accepted", "vend.started"]


@pytest.mark.parametrize(
    ("forced", "outcome", "qty", "sensor", "status"),
    [("failed", "failed", 0, "absent", "failed"),
     ("partial", "partial", 1, "confirmed", "succeeded"),
     ("unknown", "unknown", 0, "fault", "failed"), ("jam", "failed", 0, "absent", "failed")],
)  # fmt: skip
def test_other_outcomes(bench, forced, outcome, qty, sensor, status):
    bench.device.motor.forced.append(forced)
    assert bench.vend(qty=3)[-1] == status
    result = bench.data("vend.result")[0]
    assert (result["outcome"], result["qty"], result["sensor"]) == (outcome, qty, sensor)
    assert bench.state.slots["A1"]["qty"] == 8 - qty


def test_a_jam_blocks_the_slot_until_it_is_freed(bench):
    bench.device.motor.forced.append("jam")
    bench.vend()
    assert bench.data("vend.result")[0]["slot_state"] == "jammed"
    assert bench.data("slot.state") == [{"slot": "A1", "state": "jammed", "qty": 8}]
    assert bench.data("fault.raised")[0]["code"] == "motor_jam"
    assert bench.vend() == ["received", "rejected"]
    bench.device.service.clear(bench.now)
    assert bench.data("fault.cleared")[0]["code"] == "motor_jam"
    assert bench.data("slot.state")[-1]["state"] == "ok"
    assert bench.vend()[-1] == "succeeded"


def test_a_pour_is_paid_by_what_flowed(bench):
    bench.device.motor.forced.append("partial")
    args = standin.authorisation(vend_id="v") | {"ml": 150, "price": "12.50"}
    del args["qty"]
    bench.command("vend.authorize", args)
    result = bench.data("vend.result")[0]
    assert (result["qty"], result["ml"], result["outcome"]) == (1, 75, "partial")
    assert bench.state.sold["v"]["total"] == "6.25"
    assert bench.state.slots["A1"]["qty"] == 8


REFUSALS = [
    ("expired", {"seconds": -1}),
    ("expired", {"expires_at": "soon"}),
    ("expired", {"expires_at": None}),
    ("unknown_slot", {"slot": "Z9"}),
    ("stale_planogram", {"price_version": 2}),
    ("stale_planogram", {"sku": "W2"}),
    ("wrong_price", {"price": "12.00"}),
    ("wrong_price", {"price": None}),
    ("wrong_price", {"currency": "USD"}),
    ("empty", {"qty": 9}),
]


@pytest.mark.parametrize(("code", "changes"), REFUSALS)
def test_refusals(bench, code, changes):
    statuses = bench.vend(vend_id="v", **changes)
    assert statuses == ["received", "expired" if code == "expired" else "rejected"]
    assert bench.data("vend.rejected") == [{"vend_id": "v", "code": code}]
    assert not bench.device.motor.moves


def test_an_older_version_at_the_same_price_is_carried_out(bench):
    bench.receive("desired", standin.planogram(version=2))
    assert bench.vend(price_version=1)[-1] == "succeeded"


def test_a_command_past_its_own_expiry_is_expired_even_if_the_vend_is_not(bench):
    answers = bench.command("vend.authorize", standin.authorisation(vend_id="v"), seconds=-1)
    assert answers[-1]["status"] == "expired"
    assert bench.data("vend.rejected") == [{"vend_id": "v", "code": "expired"}]


def test_a_locked_machine_is_in_maintenance(bench):
    bench.command("machine.lock")
    bench.vend()
    assert bench.data("vend.rejected")[0]["code"] == "maintenance"
    bench.command("machine.unlock")
    assert bench.vend()[-1] == "succeeded"


def test_a_disabled_slot_is_in_maintenance(bench_factory):
    bench = bench_factory(desired=standin.planogram(enabled=False))
    bench.vend()
    assert bench.data("vend.rejected")[0]["code"] == "maintenance"


@pytest.mark.parametrize(("checked", "status"), [(True, "succeeded"), (False, "rejected")])
def test_an_age_limit_needs_a_check(bench_factory, checked, status):
    bench = bench_factory(desired=standin.planogram(age=True))
    assert bench.vend(age_checked=checked)[-1] == status
    assert [d["code"] for d in bench.data("vend.rejected")] == ([] if checked else ["age_required"])


def test_one_vend_at_a_time(bench_factory):
    bench = bench_factory(options=SLOW)
    assert bench.vend(vend_id="v1") == ["received", "in_progress"]
    bench.vend(vend_id="v2", slot="A2")
    assert bench.data("vend.rejected") == [{"vend_id": "v2", "code": "busy"}]
    bench.listen(2.1)
    assert bench.data("vend.result")[0]["vend_id"] == "v1"
    assert bench.vend(vend_id="v3", slot="A2") == ["received", "in_progress"]


def test_the_same_vend_again_gets_the_stored_result_and_no_motor(bench):
    bench.device.motor.forced.append("failed")
    bench.vend(vend_id="v")
    bench.power()
    bench.device.connected(bench.now)
    assert bench.vend(vend_id="v", qty=2) == ["received", "rejected"]
    results = bench.data("vend.result")
    assert results[0] == results[1] and len(results) == 2
    assert not bench.device.motor.moves
    assert bench.state.attempts == 1


def test_a_refused_vend_stays_refused(bench):
    bench.vend(vend_id="v", price="1.00")
    bench.vend(vend_id="v")
    assert [d["code"] for d in bench.data("vend.rejected")] == ["wrong_price", "wrong_price"]
    assert not bench.device.motor.moves


def test_the_same_command_again_gets_the_stored_answer(bench):
    args = standin.authorisation()
    bench.command("vend.authorize", args, cmd="c")
    before = bench.state.next_seq
    again = bench.command("vend.authorize", args, cmd="c")
    assert [answer["status"] for answer in again] == ["succeeded"]
    assert bench.state.next_seq == before


def test_cancel_before_the_authorisation_closes_it(bench):
    assert bench.command("vend.cancel", {"vend_id": "v"})[-1]["status"] == "succeeded"
    assert bench.vend(vend_id="v") == ["received", "rejected"]
    assert not bench.device.motor.moves


def test_cancel_while_the_device_thinks(bench_factory):
    options = Options(start_spread=0, think=5, dispense=0, hello=0, tele=0, rate=0)
    bench = bench_factory(options=options)
    assert bench.vend(vend_id="v") == ["received"]
    assert bench.command("vend.cancel", {"vend_id": "v"})[-1]["status"] == "succeeded"
    bench.listen(6)
    assert types(bench) == ["vend.rejected"]
    assert bench.vend(vend_id="w") == ["received"]
    assert ("vend.accepted" in types(bench)) is False
    bench.listen(6)
    assert types(bench)[-1] == "vend.result"


def test_an_authorisation_that_expires_while_the_device_thinks(bench_factory):
    options = Options(start_spread=0, think=5, dispense=0, hello=0, tele=0, rate=0)
    bench = bench_factory(options=options)
    bench.vend(vend_id="v", seconds=3)
    bench.listen(6)
    assert bench.data("vend.rejected") == [{"vend_id": "v", "code": "expired"}]


def test_cancel_after_acceptance_is_too_late(bench):
    bench.vend(vend_id="v")
    answer = bench.command("vend.cancel", {"vend_id": "v"})[-1]
    assert (answer["status"], answer["code"]) == ("rejected", "too_late")
    assert bench.state.vends["v"]["state"] == "done"


def test_a_power_cut_while_the_motor_moves_is_unknown(bench_factory):
    bench = bench_factory(options=SLOW)
    bench.vend(vend_id="v")
    bench.power()
    result = bench.data("vend.result")[0]
    assert (result["outcome"], result["motor_code"]) == ("unknown", "power_cut")
    bench.device.connected(bench.now)
    answers = [m["data"] for suffix, m in bench.listen() if suffix == "up/ack"]
    assert [a["status"] for a in answers] == ["failed"]


def test_a_power_cut_between_acceptance_and_motor_is_failed(bench_factory):
    bench = bench_factory(options=SLOW)
    bench.vend(vend_id="v")
    records = bench.journal.records
    started = next(n for n, r in enumerate(records)
                   if r.get("vend", {}).get("v", {}).get("state") == "started")  # fmt: skip
    del records[started:]
    bench.power()
    assert bench.data("vend.result")[0]["outcome"] == "failed"
    assert not bench.device.motor.moves


def test_the_same_vend_while_it_is_thought_about(bench_factory):
    """Not accepted yet, and no second vend: neither is it rejected as busy."""
    bench = bench_factory(options=Options(start_spread=0, dispense=0, hello=0, tele=0, think=1.0))
    args = standin.authorisation()
    bench.command("vend.authorize", args)
    [*_life, answer] = bench.command("vend.authorize", args)
    assert (answer["status"], answer["code"]) == ("in_progress", "duplicate")
    bench.listen(1.1)
    kinds = [event["type"] for event in bench.events() if event["type"].startswith("vend.")]
    assert kinds == ["vend.accepted", "vend.started", "vend.result"]
