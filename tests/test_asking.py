# SPDX-License-Identifier: LGPL-3.0-or-later
"""Somebody shows a token at a real device: answered once, in three seconds, whatever happens."""

import os
import signal
import statistics
import time

import pytest

from fleet.options import Options
from fleet.runner import Fleet
from tests.harness import House
from tools.env import kit
from tools.env.paths import LOGS, PYTHON, RUN

pytestmark = pytest.mark.alone
NAME = "wine_asking"
BACKLOG = 100_000
OPTIONS = Options(seed=5, rate=0, start_spread=0, dispense=0.05, tele=0, duplicate_rate=1.0)
SECRET = "4929-0000-1111"  # noqa: S105 - what the tokens hold, found nowhere afterwards


class Desk:
    """The house, its fleet, and bridges with a wing that knows tokens."""

    def __init__(self, house, fleet):
        self.house, self.fleet = house, fleet
        self.bridges = []
        self.spent = []

    def start_bridge(self, **variables):
        log = f"{NAME}-bridge"
        command = [PYTHON, "-m", "tests.answering", "-c", str(RUN / f"{NAME}.conf"), "-d", NAME]
        environment = kit.bridge_environment(NAME, self.house.broker) | variables
        before = _connections()
        bridge = self.house.stack.enter_context(kit.process(command, environment, log))
        self.bridges.append(bridge)
        up = lambda: _connections() > before  # noqa: E731
        assert self.house.until(up, 60, self._step), "the bridge does not start"
        return bridge

    def _step(self):
        """Let the machines live, once they do."""
        if any(machine.online for machine in self.fleet.machines):
            self.fleet.step()
        else:
            time.sleep(0.1)

    def stop_bridges(self):
        while self.bridges:
            kit.stop(self.bridges.pop())

    def machines(self, count):
        return [machine for machine in self.fleet.machines if machine.online][:count]

    def ask(self, *tokens, kind="member", machines=None):
        """Ask at as many machines as there are tokens; returns [(machine, request id)]."""
        asked = []
        for machine, token in zip(machines or self.machines(len(tokens)), tokens, strict=True):
            asked.append((machine, machine.request(kind, f"{token} {SECRET}")))
        return asked

    def answers(self, asked, seconds=4):
        """What the people were told, in order; the question of nobody is left open."""
        done = lambda: all(machine.answer(request) for machine, request in asked)  # noqa: E731
        assert self.fleet.run_until(done, seconds), "somebody still waits"
        return [machine.answer(request) for machine, request in asked]

    def kept(self, request):
        """(state, answer, code) of a question, or None."""
        rows = self.house.query(
            "SELECT state, answer, code FROM wine_bridge_auth WHERE request_id = %s", request
        )
        return rows[0] if rows else None

    def timed(self):
        """Whether a bridge has told how long answers take."""
        figures = (
            "SELECT 1 FROM wine_bridge_process WHERE strpos(figures::text, 'auth_seconds') > 0"
        )
        return bool(self.house.query(figures))

    def told(self, request):
        """How many commands were written for a question."""
        ((count,),) = self.house.query(
            "SELECT count(*) FROM wine_bridge_command WHERE args->>'request_id' = %s", request
        )
        return count


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with House(NAME) as house:
        config = house.provision()
        (LOGS / f"{NAME}-bridge.log").unlink(missing_ok=True)
        fleet = Fleet(config, tmp_path_factory.mktemp("fleet"), OPTIONS)
        desk = Desk(house, fleet)
        desk.start_bridge()
        with fleet:
            assert fleet.run_until(fleet.ready, 60), "not every machine got its planogram"
            assert fleet.run_until(lambda: _online(house), 60)
            yield desk
            desk.stop_bridges()


def _connections():
    """How often a bridge of this test has connected."""
    log = LOGS / f"{NAME}-bridge.log"
    return log.read_text(errors="replace").count("connected to") if log.exists() else 0


def _online(house):
    return not house.query(
        "SELECT 1 FROM wine_machine WHERE state = 'active' AND connection_state <> 'online' LIMIT 1"
    )


def test_what_nobody_offers_is_denied_in_words(desk):
    asked = desk.ask(*["NOBODY"] * 10)
    answers = desk.answers(asked)
    assert {(answer.word, answer.args["code"]) for answer in answers} == {("deny", "unsupported")}
    assert "not offered" in answers[0].args["text"]
    spent = sorted(answer.seconds for answer in answers)
    print(f"\n  asked to told: median {statistics.median(spent):.3f} s, worst {spent[-1]:.3f} s")
    assert spent[-1] < 3
    for _machine, request in asked:
        assert desk.told(request) == 1, "the device sends everything twice, one answer is due"
        assert desk.kept(request) == ("done", "deny", "unsupported")
    assert desk.fleet.run_until(desk.timed, 15), "nobody sees how long an answer takes"
    assert "a question fails" not in (LOGS / f"{NAME}-bridge.log").read_text(errors="replace")


def test_an_offer_is_chosen_from_and_becomes_a_sale(desk):
    ((machine, request),) = desk.ask("VEND")
    (offer,) = desk.answers([(machine, request)])
    assert (offer.word, offer.args["member"], offer.args["balance"]) == ("offer", "Ann", "25.00")
    chosen = next(
        key for key in [*machine.device.asking.open, *machine.device.asking.answers]
        if key > request
    )  # fmt: skip
    (vend,) = desk.answers([(machine, chosen)])
    assert vend.word == "vend" and vend.args["slot"] in offer.args["slots"]

    def sold():
        rows = desk.house.query("SELECT state FROM wine_vend WHERE uuid = %s", vend.args["vend_id"])
        return rows == [("captured",)]

    assert desk.fleet.run_until(sold, 20), "the chosen bottle was not sold"
    rows = desk.house.query(
        """SELECT asked.answer, vend.uuid, command.type FROM wine_bridge_auth asked
             JOIN wine_vend vend ON vend.id = asked.vend_id
             JOIN wine_bridge_command command ON command.id = asked.command_id
            WHERE asked.request_id = %s""",
        chosen,
    )
    assert rows == [("vend", vend.args["vend_id"], "vend.authorize")]


def test_a_wing_that_fails_denies_and_tells_a_person(desk):
    asked = desk.ask("RAISE", "OFFER", "OFFER")
    denied, *offers = desk.answers(asked)
    assert (denied.word, denied.args["code"]) == ("deny", "error")
    assert [offer.word for offer in offers] == ["offer", "offer"], "one failure spoiled others"
    ((text,),) = desk.house.query(
        "SELECT text_source FROM wine_case WHERE reference = %s", f"auth-{asked[0][0].uuid}"
    )
    assert "could not be answered" in text and SECRET not in text


def test_a_slow_wing_holds_up_nobody_and_is_undone(desk):
    machines = desk.machines(9)
    slow = desk.ask("SLOW", "SLOW", machines=machines[:2])
    others = desk.ask(*["OFFER"] * 7, machines=machines[2:])
    quick = desk.answers(others)
    assert all(answer.word == "offer" and answer.seconds < 1.5 for answer in quick)
    for answer in desk.answers(slow):
        assert (answer.word, answer.args["code"]) == ("deny", "timeout")
        assert answer.seconds < 3
    desk.fleet.run(2.5)  # the wing comes back, too late
    for _machine, request in slow:
        assert desk.told(request) == 1
        assert desk.kept(request) == ("done", "deny", "timeout")
    names = desk.house.query("SELECT count(*) FROM wine_machine WHERE name LIKE 'Renamed%%'")
    assert names == [(0,)], "what was done for an answer that came too late has stayed"


def test_what_was_asked_without_a_line_is_not_answered(desk):
    (machine,) = desk.machines(1)
    machine.go_offline()
    desk.fleet.run(0.2)
    request = machine.request("pickup", f"OFFER {SECRET}")
    machine.go_online()
    assert desk.fleet.run_until(lambda: desk.kept(request), 20)
    desk.fleet.run(1)
    assert desk.kept(request) == ("late", None, None)
    assert desk.told(request) == 0


def test_two_bridges_answer_once(desk):
    """The second one stays, and is the first to die in the next test."""
    desk.start_bridge(WINE_BRIDGE_INSTANCE="second", WINE_ANSWERING_DIE="claimed")
    asked = [pair for _round in range(3) for pair in desk.ask(*["OFFER"] * 12)]
    assert {answer.word for answer in desk.answers(asked)} == {"offer"}
    assert all(desk.told(request) == 1 for _machine, request in asked)
    kit.stop(desk.bridges.pop(0))


def test_a_bridge_that_dies_with_a_question(desk):
    """At three moments; the next bridge finds what the dead one left."""
    die_with_a_question(desk, "asked")
    request = desk.last
    desk.start_bridge(WINE_ANSWERING_DIE="decided")
    settled(desk, request, ("done", "deny", "timeout"))
    die_with_a_question(desk, "done")
    request = desk.last
    desk.start_bridge(WINE_ANSWERING_DIE="sent")
    settled(desk, request, ("done", "offer", None))
    die_with_a_question(desk, "done")
    desk.start_bridge()
    settled(desk, desk.last, ("done", "offer", None))


def die_with_a_question(desk, state):
    """Let the bridge die at its point; the question is left in this state."""
    (machine,) = desk.machines(1)
    doomed = desk.bridges.pop()
    os.kill(doomed.pid, signal.SIGUSR1)
    desk.fleet.run(0.3)
    desk.last = machine.request("member", f"OFFER {SECRET}")
    assert desk.fleet.run_until(lambda: doomed.poll() is not None, 10), "it did not die"
    assert desk.kept(desk.last)[0] == state


def settled(desk, request, expected):
    """The answer has gone out, once."""
    assert desk.fleet.run_until(lambda: _sent(desk, request), 20), "the answer was never sent"
    assert desk.kept(request) == expected
    assert desk.told(request) == 1


def _sent(desk, request):
    rows = desk.house.query(
        "SELECT state FROM wine_bridge_command WHERE args->>'request_id' = %s", request
    )
    return rows and rows[0][0] in ("succeeded", "expired")


def test_no_backlog_holds_up_a_question(desk):
    """A hundred thousand stored events wait to be used, and nobody at a machine notices."""
    with desk.house.env() as env:
        env.cr.execute(
            """INSERT INTO wine_bridge_event (machine_id, channel, event_id, epoch, seq, type, data,
                      received_at, moment, clock_trusted, time_quality, duplicates, attempts, state)
               SELECT machine.id, 'evt', gen_random_uuid()::text, 1, 1000000 + number, 'door',
                      '{"state": "opened"}', now(), now(), true, 'synced', 0, 0, 'new'
                 FROM generate_series(1, %s) number
                 JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM wine_machine
                        WHERE state = 'active') machine
                   ON machine.place = 1 + number %% (SELECT count(*) FROM wine_machine
                                                      WHERE state = 'active')""",
            [BACKLOG],
        )
    begun, spent = time.monotonic(), []
    while time.monotonic() < begun + 5:
        asked = desk.ask(*["OFFER"] * 5)
        answers = desk.answers(asked)
        assert {answer.word for answer in answers} == {"offer"}
        spent += [answer.seconds for answer in answers]
        desk.fleet.run(0.2)
    waiting = desk.house.waiting()
    spent.sort()
    print(
        f"\n  {len(spent)} questions before {waiting:,} waiting events: median "
        f"{statistics.median(spent):.3f} s, worst {spent[-1]:.3f} s"
    )
    assert waiting > BACKLOG // 2, "there was no backlog any more"
    assert spent[-1] < 3


def test_no_token_is_left_anywhere(desk):
    """Not in the inbox, not with the answers, not in a case, not in a log."""
    desk.stop_bridges()
    for table in ("wine_bridge_event", "wine_bridge_auth", "wine_bridge_command", "wine_case"):
        rows = desk.house.query(
            f"SELECT 1 FROM {table} one WHERE to_jsonb(one)::text LIKE %s LIMIT 1",  # noqa: S608
            f"%{SECRET}%",
        )
        assert not rows, f"a token stands in {table}"
    log = (LOGS / f"{NAME}-bridge.log").read_text(errors="replace")
    assert SECRET not in log, "a token stands in the log"
    assert "a question fails" in log
