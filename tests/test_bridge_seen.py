# SPDX-License-Identifier: LGPL-3.0-or-later
"""Seen from outside, with a real broker and bridge: running, cut off, killed, ended in order."""

import json
import re
import signal

from tests.harness import House
from tests.speakers import Speaker, event
from tools.env import kit
from tools.env.paths import LOGS

#: fields of every line of the log, and of one about a refused event
ALWAYS = {"time", "level", "logger", "text", "bridge"}
ABOUT = ("machine", "event", "epoch", "seq", "code")


def state(house):
    with house.env() as env:
        found = env["wine.bridge.health"]._state()
    return found["status"], [reason.key for reason in found["reasons"]]


def age(house, seconds):
    """Let the bridge's last word be older; nobody waits half a minute."""
    with house.env() as env:
        env.cr.execute(
            "UPDATE wine_bridge_process SET seen_at = seen_at - %s * interval '1 second'", [seconds]
        )


def cases(house):
    return house.query(
        "SELECT reference, state FROM wine_case WHERE kind = 'bridge' ORDER BY reference"
    )


def watch(house):
    house.do(lambda env: env["wine.bridge.health"]._cron_watch())


def logged(name, begun):
    """What the bridge of a house logged after so many bytes; every line is one JSON object."""
    text = (LOGS / f"{name}-bridge.log").read_bytes()[begun:].decode()
    lines = [json.loads(line) for line in text.splitlines()]
    assert all(line.keys() >= ALWAYS for line in lines)
    return lines


def refusal(house, machine, instance):
    """A machine says what is no event; the one line about it says which machine and which event."""
    path = LOGS / f"{house.name}-bridge.log"
    begun = path.stat().st_size
    board = Speaker(house.broker.port, f"wine/v1/{house.name}", *machine)
    bad = event(7, ts="yesterday")
    board.say("evt", bad)
    told = lambda: [line for line in logged(house.name, begun) if line.get("event") == bad["id"]]  # noqa: E731
    assert house.until(told, 20), "the log does not tell of the refusal"
    board.close()
    (line,) = told()
    assert {name: line[name] for name in ("level", "bridge", *ABOUT)} == {
        **{"level": "warning", "bridge": instance, "machine": machine[0], "event": bad["id"]},
        **{"epoch": 1, "seq": 7, "code": "schema"},
    }
    assert bad["id"] in line["text"] and machine[0] in line["text"]


def test_a_bridge_is_seen_from_outside():
    with House("wine_seen") as house:
        assert state(house) == ("down", ["none"])
        fleet = house.provision()["machines"]
        path = LOGS / f"{house.name}-bridge.log"
        begun = path.stat().st_size if path.exists() else 0
        house.start_bridge(WINE_BRIDGE_INSTANCE="a", WINE_BRIDGE_LOG="json")
        assert house.until(lambda: state(house) == ("ok", []), 30)
        ((name, role, host, pid, version),) = house.query(
            "SELECT name, role, host, pid, version FROM wine_bridge_process"
        )
        assert (name, role, pid) == ("a", "bridge", house.bridge.pid)
        assert host and re.match(r"19\.", version)
        refusal(house, (fleet[0]["uuid"], fleet[0]["password"]), "a")
        # cut off from the broker: the process lives, and says so itself
        house.broker.stop()
        assert house.until(lambda: state(house) == ("down", ["offline:a"]), 20)
        kit.mosquitto.start(house.broker)
        assert house.until(lambda: state(house) == ("ok", []), 30)
        assert house.query("SELECT sum(reconnects) FROM wine_bridge_sample")[0][0] >= 1
        # hung: silent while running
        house.bridge.send_signal(signal.SIGSTOP)
        age(house, 60)
        assert state(house) == ("down", ["silent:a"])
        watch(house)
        watch(house)
        assert cases(house) == [("bridge-silent:a", "open")]
        house.bridge.send_signal(signal.SIGCONT)
        assert house.until(lambda: state(house) == ("ok", []), 20)
        watch(house)
        assert cases(house) == [("bridge-silent:a", "decided")]
        # ended in order: no bridge runs, but none is missing
        assert house.stop_bridge() == 0
        assert state(house) == ("down", ["none"])
        # from its first word to its last
        lines = logged(house.name, begun)
        assert any("is up" in line["text"] for line in lines)
        assert lines[-1]["text"].startswith("stored ")
