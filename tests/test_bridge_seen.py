# SPDX-License-Identifier: LGPL-3.0-or-later
"""Seen from outside, with a real broker and bridge: running, cut off, killed, ended in order."""

import re
import signal

from tests.harness import House
from tools.env import kit


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


def test_a_bridge_is_seen_from_outside():
    with House("wine_seen") as house:
        assert state(house) == ("down", ["none"])
        house.provision()
        house.start_bridge(WINE_BRIDGE_INSTANCE="a", WINE_BRIDGE_LOG="json")
        assert house.until(lambda: state(house) == ("ok", []), 30)
        ((name, role, host, pid, version),) = house.query(
            "SELECT name, role, host, pid, version FROM wine_bridge_process"
        )
        assert (name, role, pid) == ("a", "bridge", house.bridge.pid)
        assert host and re.match(r"19\.", version)
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
