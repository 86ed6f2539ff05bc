# SPDX-License-Identifier: LGPL-3.0-or-later
"""Somebody shows a token: every answer, no answer, and answers that nobody waits for."""

import pytest

from fleet.asking import PATIENCE, REMEMBERED
from fleet.options import Options
from fleet.tests import standin


def ask(bench, **how):
    return bench.device.asking.ask(bench.now, "member", "T-1", **how)


def answer(bench, request):
    return bench.device.asking.answers.get(request)


def test_the_question_goes_up_at_once_and_waits(bench):
    request = ask(bench, slot="A1")
    (event,) = bench.events("auth.request")
    assert event["corr"] == request
    assert event["data"] == {"request_id": request, "kind": "member", "token": "T-1", "slot": "A1"}
    assert answer(bench, request) is None
    assert bench.device.wake(bench.now) <= bench.now + PATIENCE


def test_a_denial_is_shown(bench):
    request = ask(bench)
    bench.now += 0.5
    args = {"request_id": request, "code": "unsupported", "text": "Not here."}
    assert bench.command("auth.deny", args)[-1]["status"] == "succeeded"
    told = answer(bench, request)
    assert (told.word, told.args["text"]) == ("deny", "Not here.")
    assert told.seconds == pytest.approx(0.5)


@pytest.mark.parametrize(("rate", "asked"), [(1.0, 2), (0.0, 1)])
def test_who_is_offered_slots_chooses_one_and_asks_again(bench_factory, rate, asked):
    quick = Options(start_spread=0, dispense=0, hello=0, tele=0, rate=0, choose_rate=rate)
    bench = bench_factory(options=quick)
    request = ask(bench)
    offer = {"request_id": request, "member": "Ann", "slots": ["A2"], "balance": "9.00"}
    bench.command("auth.offer", offer)
    questions = bench.data("auth.request")
    assert answer(bench, request).word == "offer"
    assert len(questions) == asked
    assert questions[-1].get("slot") == ("A2" if rate else None)
    assert questions[-1]["token"] == "T-1"  # noqa: S105


def test_an_offer_without_slots_is_only_shown(bench):
    request = ask(bench)
    offer = {"request_id": request, "member": "Ann", "slots": [], "balance": "0.00"}
    bench.command("auth.offer", offer)
    assert len(bench.events("auth.request")) == 1
    assert answer(bench, request).word == "offer"


def test_a_vend_answers_whoever_waits_longest(bench):
    first, second = ask(bench), ask(bench)
    bench.vend()
    assert answer(bench, first).word == "vend" and answer(bench, second) is None
    assert answer(bench, first).args["slot"] == standin.authorisation()["slot"]


def test_nobody_waits_longer_than_three_seconds(bench):
    request = ask(bench)
    bench.listen(PATIENCE - 0.1)
    assert answer(bench, request) is None
    bench.listen(0.2)
    assert answer(bench, request).word == "none"
    late = {"request_id": request, "member": "Ann", "slots": ["A2"], "balance": "9.00"}
    assert bench.command("auth.offer", late)[-1]["status"] == "succeeded"
    assert answer(bench, request).word == "none", "an answer too late was taken"
    assert len(bench.events("auth.request")) == 1, "somebody who had gone chose a slot"


def test_an_answer_to_a_strange_question_changes_nothing(bench):
    request = ask(bench)
    bench.command("auth.deny", {"request_id": "x", "code": "c", "text": "t"})
    assert answer(bench, request) is None and not bench.device.asking.answers


def test_nothing_is_waited_for_after_a_power_cut(bench):
    request = ask(bench)
    bench.power()
    assert not bench.device.asking.open and answer(bench, request) is None


def test_only_the_last_answers_are_remembered(bench):
    requests = [ask(bench) for _ in range(REMEMBERED + 5)]
    bench.listen(PATIENCE + 1)
    assert len(bench.device.asking.answers) == REMEMBERED
    assert answer(bench, requests[0]) is None and answer(bench, requests[-1]).word == "none"
