# SPDX-License-Identifier: LGPL-3.0-or-later
"""Machines at an HTTPS door that refuses, is busy, loses answers and goes away."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fleet.config import read
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
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, post):
        """The answer to a post."""
        with self.lock:
            for event in post.get("evt", []):
                self.copies += event["seq"] in self.events
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
        answer = self.server.take(json.loads(raw))
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
