# SPDX-License-Identifier: LGPL-3.0-or-later
"""Machines at an HTTPS door that refuses, is busy, loses answers and goes away."""

import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fleet.config import read
from fleet.device import Message
from fleet.door import Door, DoorLink, body
from fleet.errors import BadConfig
from fleet.options import Options
from fleet.runner import Fleet
from fleet.tests import standin


class Platform(ThreadingHTTPServer):
    """Stores events by number and acknowledges, but for what `script` says of the next posts."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.events, self.copies, self.acks, self.script = {}, 0, [], []
        self.commands, self.posts, self.lock = [], 0, threading.Lock()
        self.most, self.refused = None, []  # events in a post; how many were too many, each time
        self.bad = {}  # number of an event, or channel → status of every post that has it
        self.pause, self.decides = (
            0.0,
            None,
        )  # seconds: before an answer; until a question is decided
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def _decide(self, event):
        """A question is denied, so many seconds later; its answer waits for whoever fetches it."""
        if event["type"] == "auth.request" and self.decides is not None:
            args = {"request_id": event["data"]["request_id"], "code": "unsupported", "text": "no"}
            denial = standin.command("auth.deny", args)
            threading.Timer(self.decides, self._command, [denial]).start()

    def _command(self, command):
        with self.lock:
            self.commands.append(command)

    def take(self, post):
        """The answer to a post."""
        with self.lock:
            for event in post.get("evt", []):
                self.copies += event["seq"] in self.events
                self._decide(event)
                assert self.events.setdefault(event["seq"], event) == event
            self.acks += [ack["data"] for ack in post.get("ack", [])]
            commands, self.commands = self.commands, []
            top = max(self.events, default=0)
            missing = sorted(set(range(1, top + 1)) - self.events.keys())
            ack = {"epoch": 1, "ack_seq": top, "missing": missing, "rejected": []}
            desired = {} if post.get("desired_version") else {"desired": standin.planogram()}
            spoken = post.get("evt") or post.get("birth")
            return {"evt_ack": [ack] if spoken else [], "commands": commands, **desired}


class Handler(BaseHTTPRequestHandler):
    """One post; keeps the connection, as a proxy does."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        self.server.posts += 1
        step = self.server.script.pop(0) if self.server.script else 200
        if step == "before":
            return self._cut()
        if isinstance(step, tuple):
            return self._say(step[0], {"code": "x"}, step[1])
        post = json.loads(raw)
        numbers = [event["seq"] for event in post.get("evt", [])]
        bad = [self.server.bad[key] for key in (*numbers, *post) if key in self.server.bad]
        if bad:
            self.server.refused.append(len(numbers))
            return self._say(bad[0], {"code": "x", "text": "something in it"})
        count = len(numbers)
        if self.server.most and count > self.server.most:
            self.server.refused.append(count)
            return self._say(413, {"code": "too_large"})
        answer = self.server.take(json.loads(raw))
        time.sleep(self.server.pause)
        return self._cut() if step == "after" else self._say(200, answer)

    def _cut(self):
        self.close_connection = True
        self.connection.close()

    def _say(self, status, content, pause=None):
        text = json.dumps(content).encode()
        self.send_response(status)
        if pause is not None:
            self.send_header("Retry-After", str(pause))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_about):
        """Quiet."""


@pytest.fixture
def platform():
    server = Platform()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def fleet(platform, tmp_path):
    config = standin.configuration(1) | {"door": platform.url}
    quick = Options(
        start_spread=0, dispense=0, hello=0.3, rate=0, ack_timeout=0.5, poll=0.05, tele=0
    )
    with Fleet(config, tmp_path, quick) as made:
        assert made.run_until(made.ready, 10)
        yield made


def test_a_day(fleet, platform):
    machine = fleet.machines[0]
    for _sale in range(30):
        machine.buy("A1" if _sale % 2 else "A2", outcome="failed")
    assert fleet.run_until(fleet.drained, 10)
    assert len(platform.events) == machine.state.next_seq - 1
    assert platform.copies == 0


@pytest.mark.parametrize("step", ["before", "after", (503, 0), (429, 1), (500, 0), (502, 0)])
def test_whatever_goes_wrong(fleet, platform, step):
    """Nothing is lost, and what was stored without an answer comes again as it was."""
    machine = fleet.machines[0]
    platform.script = [200, step, step]
    for _sale in range(5):
        machine.buy("A1", outcome="failed")
        fleet.run(0.05)
    assert fleet.run_until(lambda: fleet.drained() and not platform.script, 20)
    assert len(platform.events) == machine.state.next_seq - 1


@pytest.mark.parametrize("most", [1, 7])
def test_a_post_that_is_too_much_is_halved(fleet, platform, most):
    """Down to one event: an array is no message that has to stay whole."""
    machine, platform.most = fleet.machines[0], most
    platform.script = [(503, 1)]
    for _sale in range(20):
        machine.buy("A1", outcome="failed")
    assert fleet.run_until(fleet.drained, 20)
    assert len(platform.events) == machine.state.next_seq - 1 >= 20
    assert platform.refused and platform.refused[0] > most
    assert machine.online and platform.copies == 0


@pytest.mark.parametrize("bad", [{4: 400}, {7: 413}, {5: 400, 6: 413, 21: 400}])
def test_one_event_takes_no_other_along(fleet, platform, caplog, bad):
    """Refused by itself it is given up, loudly; all others are stored, and it goes on."""
    machine, platform.bad = fleet.machines[0], bad
    platform.script = [(503, 1)]
    for _sale in range(24):
        machine.buy("A1", outcome="failed")
    assert fleet.run_until(lambda: fleet.drained() and not platform.script, 20)
    told = machine.state.next_seq - 1
    assert told > max(bad) and not bad.keys() & platform.events.keys()
    assert len(platform.events) == told - len(bad)
    assert machine.state.rejected == len(bad)
    assert max(platform.refused) > 1, "nothing was together with it: nothing is tried here"
    assert platform.refused.count(1) == len(bad), "it was posted again after it was given up"
    errors = [record.message for record in caplog.records if record.levelname == "ERROR"]
    for seq, status in bad.items():
        (said,) = [text for text in errors if f"event {seq} " in text]
        assert machine.serial in said and f"{status} something in it" in said
    machine.act("open_door", "key")
    assert fleet.run_until(fleet.drained, 5) and machine.online
    assert len(platform.events) == machine.state.next_seq - 1 - len(bad)


def test_what_was_given_up_stays_so(platform, tmp_path):
    """After a power cut as well: it is in the journal of the machine, not in a variable."""
    config, platform.bad = standin.configuration(1) | {"door": platform.url}, {1: 400}
    quick = Options(start_spread=0, dispense=0, hello=0.3, rate=0, poll=0.05, tele=0)
    with Fleet(config, tmp_path, quick) as fleet:
        (machine,) = fleet.machines
        assert fleet.run_until(fleet.ready, 10)
        machine.act("open_door", "key")
        assert fleet.run_until(fleet.drained, 10)
        machine.power_cut()
        before = len(platform.refused)
        assert not machine.state.pending and machine.state.rejected == 1
        fleet.run(1.0)
        assert len(platform.refused) == before


def test_no_answer_to_a_command_stops_it_either(fleet, platform, caplog):
    """What is no event is given up as well, where it is refused by itself."""
    machine = fleet.machines[0]
    assert fleet.run_until(fleet.drained, 10)
    platform.bad = {"ack": 400}
    machine.link.publish(Message("up/ack", '{"x":1}'))
    machine.act("open_door", "key")
    assert fleet.run_until(fleet.drained, 5)
    assert machine.online and 'ack {"x":1}' in caplog.text and not machine.state.rejected
    assert len(platform.events) == machine.state.next_seq - 1


def test_commands_come_and_are_answered(fleet, platform):
    command = standin.command("machine.lock")
    platform.commands = [command]
    assert fleet.run_until(lambda: len(platform.acks) >= 2, 10)
    assert {ack["cmd"] for ack in platform.acks} == {command["id"]}
    assert platform.acks[-1]["status"] == "succeeded"
    assert fleet.machines[0].state.locked


def test_an_answer_to_a_command_is_owed_until_it_is_heard(fleet, platform):
    platform.commands = [standin.command("machine.lock")]
    assert fleet.run_until(lambda: fleet.machines[0].state.locked, 10)
    platform.script = ["before"]
    assert fleet.run_until(lambda: any(ack["status"] == "succeeded" for ack in platform.acks), 10)


def test_a_suspended_machine_keeps_its_journal(fleet, platform):
    machine = fleet.machines[0]
    platform.script = [(403, None)] * 3
    machine.buy("A1", outcome="failed")
    assert fleet.run_until(lambda: not machine.online, 5)
    assert machine.state.pending
    assert fleet.run_until(fleet.drained, 20)


@pytest.fixture
def seldom(platform, tmp_path):
    """A machine that polls as seldom as §10 allows; yields (machine, fleet)."""
    config = standin.configuration(1) | {"door": platform.url}
    options = Options(start_spread=0, dispense=0, hello=0.3, poll=60.0, tele=0)
    with Fleet(config, tmp_path, options) as made:
        assert made.run_until(lambda: made.ready() and made.drained(), 10)
        made.run(0.3)
        yield made.machines[0], made


@pytest.mark.parametrize("decides", [0.05, 2.5])
def test_whoever_asks_is_answered_in_time_however_seldom_the_machine_polls(
    seldom, platform, decides
):
    (machine, fleet), platform.decides = seldom, decides
    before = platform.posts
    request = machine.request("member", "a token")
    assert fleet.run_until(lambda: machine.answer(request), 4)
    answer = machine.answer(request)
    assert answer.word == "deny" and decides <= answer.seconds < decides + 0.5
    asked = platform.posts - before
    fleet.run(0.8)
    assert asked <= 2 + decides / 0.2 and platform.posts <= before + asked + 2, "it polls too often"


def test_nobody_is_asked_for_longer_than_somebody_waits(seldom, platform):
    machine, fleet = seldom
    request = machine.request("member", "a token")
    assert fleet.run_until(lambda: machine.answer(request), 4)
    assert machine.answer(request).word == "none"
    fleet.run(0.3)
    before = platform.posts
    fleet.run(0.8)
    assert platform.posts == before


def test_what_is_said_during_a_post_goes_with_the_next_one(seldom, platform):
    (machine, fleet), platform.pause = seldom, 0.3
    machine.buy("A1", outcome="failed")
    fleet.run(0.1)
    assert machine.link.post, "the first post has ended: nothing is tried here"
    machine.act("open_door", "key")
    assert fleet.run_until(fleet.drained, 5)


def test_it_says_that_it_goes(fleet, platform):
    fleet.machines[0].leave()
    assert not fleet.machines[0].online
    before = platform.posts
    fleet.machines[0].wanted = False
    fleet.run(0.3)
    assert platform.posts == before


def test_body():
    said = [("evt", '[{"a":1},{"a":2}]'), ("ack", '{"b":1}'), ("evt", '{"a":3}')]
    assert json.loads(body(said, 7)) == {
        "evt": [{"a": 1}, {"a": 2}, {"a": 3}],
        "ack": [{"b": 1}],
        "desired_version": 7,
    }
    assert body([]) == b"{}"


def test_a_post_is_no_larger_than_the_door(platform):
    config = read(standin.configuration(1) | {"door": platform.url})
    link = DoorLink(config, config.machines[0], None, 1)
    link.waiting = [("evt", "x" * 30_000)] * 20
    some = link._some()
    assert sum(len(text) for _channel, text in some) < 256 * 1024
    assert len(some) + len(link.waiting) == 20
    link.waiting = [("evt", "x" * 900_000)]
    assert len(link._some()) == 1


@pytest.mark.parametrize("url", ["ftp://x", "odoo.example.org", "https://", "mqtt://x:1"])
def test_no_address(url):
    with pytest.raises(BadConfig):
        Door(url, "a", "b")
