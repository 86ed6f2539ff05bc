# SPDX-License-Identifier: LGPL-3.0-or-later
"""Commands and their answers, docs/protocol §7."""

import pytest

from fleet.options import Options
from fleet.tests import standin
from fleet.tests.test_acknowledgement import ack, doors, seqs


def statuses(answers):
    """Statuses of answers."""
    return [answer["status"] for answer in answers]


@pytest.mark.parametrize("kind", ["machine.lock", "machine.reboot", "door.unlock", "cash.request"])
def test_a_command_past_its_time_is_never_carried_out(bench, kind):
    answers = bench.command(kind, seconds=-1)
    assert statuses(answers) == ["received", "expired"]
    assert not bench.state.locked and not bench.events() and not bench.state.pending_update


@pytest.mark.parametrize("exp", [None, "soon", 12, "2099-01-01T00:00:00"])
def test_an_expiry_that_cannot_be_read_is_over(bench, exp):
    command = standin.command("machine.lock") | {"exp": exp}
    said = bench.receive("cmd", command)
    assert said[-1][1]["data"]["status"] == "expired"
    assert not bench.state.locked


def test_a_device_without_time_carries_nothing_out(bench):
    bench.device.clock.unset = True
    assert statuses(bench.command("machine.lock")) == ["received", "expired"]
    bench.vend(vend_id="v")
    assert bench.data("vend.rejected")[0]["code"] == "expired"


def test_lock_and_unlock(bench):
    assert statuses(bench.command("machine.lock")) == ["received", "succeeded"]
    assert bench.state.locked
    bench.command("machine.unlock")
    assert not bench.state.locked


def test_the_answer_is_repeated_and_the_deed_is_not(bench):
    bench.command("cash.request", cmd="c")
    again = bench.command("cash.request", cmd="c")
    assert statuses(again) == ["succeeded"]
    assert len(bench.events("cash.level")) == 1


def test_answers_survive_a_power_cut(bench):
    bench.command("cash.request", cmd="c")
    bench.power()
    bench.device.connected(bench.now)
    bench.listen()
    assert statuses(bench.command("cash.request", cmd="c")) == ["succeeded"]
    assert len(bench.events("cash.level")) == 1


def test_an_unknown_type_is_rejected(bench):
    answer = bench.command("machine.explode")[-1]
    assert (answer["status"], answer["code"]) == ("rejected", "unknown_type")


@pytest.mark.parametrize(
    ("kind", "args"),
    [("vend.cancel", {}), ("vend.authorize", {}), ("event.resend", {"epoch": 1}),
     ("firmware.update", {"version": "3"}), ("event.resend", {"epoch": 1, "from_seq": "a"})],
)  # fmt: skip
def test_arguments_that_make_no_sense_are_rejected(bench, kind, args):
    answer = bench.command(kind, args)[-1]
    assert (answer["status"], answer["code"]) == ("rejected", "bad_args")


def test_reboot_is_a_new_power_up_with_a_late_answer(bench):
    old = bench.device.boot_id
    assert statuses(bench.command("machine.reboot", cmd="c")) == ["received", "in_progress"]
    assert bench.device.reboot_wanted
    bench.device.disconnected()
    bench.device.boot(bench.now)
    bench.device.connected(bench.now)
    said = bench.listen()
    assert bench.device.boot_id != old and not bench.device.reboot_wanted
    assert statuses([m["data"] for suffix, m in said if suffix == "up/ack"]) == ["succeeded"]


def test_reboot_waits_for_the_sale_in_hand(bench_factory):
    options = Options(start_spread=0, dispense=2, hello=0, tele=0, rate=0)
    bench = bench_factory(options=options)
    bench.vend()
    bench.command("machine.reboot")
    assert not bench.device.reboot_wanted
    bench.listen(2.1)
    assert bench.events("vend.result") and bench.device.reboot_wanted


def test_door_unlock_opens_and_shuts(bench):
    bench.command("door.unlock")
    assert bench.data("door") == [{"state": "opened", "by": "platform"}]
    bench.listen(61)
    assert bench.data("door")[-1]["state"] == "closed"


def test_resend_as_far_as_the_journal_holds(bench):
    doors(bench, 6)
    bench.listen()
    ack(bench, 4)
    args = {"epoch": 1, "from_seq": 3, "to_seq": 5}
    document = standin.command("event.resend", args)
    said = bench.receive("cmd", document)
    assert seqs(said) == [3, 4, 5]
    assert said[1][1]["data"]["detail"] == "3 of 3"
    answer = bench.command("event.resend", args | {"from_seq": 1, "to_seq": 90})[-1]
    assert (answer["status"], answer["code"]) == ("succeeded", "partly")
    assert bench.command("event.resend", args | {"epoch": 7})[-1]["code"] == "unknown_epoch"
    answer = bench.command("event.resend", args | {"from_seq": 70, "to_seq": 90})[-1]
    assert (answer["status"], answer["code"]) == ("failed", "not_held"), "there is nothing to send"


def test_counters_since_initialisation(bench):
    for _ in range(3):
        bench.device.buy(bench.now, "A1")
    bench.device.buy(bench.now, "A2", qty=2)
    bench.receive("desired", standin.planogram(version=2, price="10.00"))
    bench.device.buy(bench.now, "A1")
    bench.command("counter.request")
    told = bench.data("counter.snapshot")[0]
    assert told["total"] == {"count": 6, "value": "72.50"}
    assert {"slot": "A1", "price": "10.00", "count": 1, "value": "10.00"} in told["slots"]
    assert len(told["slots"]) == 3 and told["source"] == "meter"


def test_cash_request(bench):
    bench.device.buy(bench.now, "A1", pay="cash")
    assert statuses(bench.command("cash.request")) == ["received", "succeeded"]
    level = bench.data("cash.level")[0]
    assert (level["notes"], level["coins"], level["currency"]) == ("10.00", "2.50", "EUR")


def test_a_log_tells_what_happened_lately(bench):
    bench.device.buy(bench.now, "A1")
    detail = bench.command("log.request")[-1]["detail"]
    lines = detail.split("\n")
    assert "seq 1, waiting 1" in lines[0] and "command log.request" in lines[1]
    assert "event 1 vend.local" in detail and "firmware 2.4.1" in lines[-1]
    for _ in range(200):
        bench.device.buy(bench.now, "A2", outcome="failed")
    assert len(bench.command("log.request")[-1]["detail"]) <= 4000


@pytest.mark.parametrize("kind", ["auth.offer", "auth.deny", "log.request"])
def test_what_only_a_screen_would_show(bench, kind):
    assert statuses(bench.command(kind, {"code": "x"})) == ["received", "succeeded"]


def test_an_answer_reached_offline_is_told_later(bench_factory):
    options = Options(start_spread=0, dispense=2, hello=0, tele=0, rate=0)
    bench = bench_factory(options=options)
    bench.vend()
    bench.device.disconnected()
    assert bench.listen(3) == []
    bench.device.connected(bench.now)
    said = bench.listen()
    assert statuses([m["data"] for s, m in said if s == "up/ack"]) == ["succeeded"]
