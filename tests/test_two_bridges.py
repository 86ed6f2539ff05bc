# SPDX-License-Identifier: LGPL-3.0-or-later
"""Two bridges share a database: nothing is lost, nothing doubled, whichever of them dies."""

import json
import signal
import time
from contextlib import ExitStack
from uuid import uuid4

import pytest

from tests.bench import crowd
from tests.harness import House
from tools.env import kit

NAME = "wine_two_bridges"
MACHINES, EVENTS = 60, 1500


class Pair:
    """A house with two bridges, a crowd, and an ear for what is said of the platform."""

    def __init__(self, house, stack):
        self.house, self.stack = house, stack
        crowd.admit(house.broker, NAME)
        with house.env() as env:
            self.speaker = crowd.Speaker(crowd.machines(env, MACHINES), NAME)
        self.voice = stack.enter_context(crowd.voice(house.broker))
        self.states, self.first = [], None
        self.voice.listen(f"wine/v1/{NAME}/platform/state", self._hear)

    def _hear(self, messages):
        self.states += [json.loads(payload)["state"] for _topic, payload, *_rest in messages]

    def bridge(self, instance, *options):
        """Start a bridge (or its ``--only`` part) under a name."""
        environment = kit.bridge_environment(NAME, self.house.broker)
        environment.update(WINE_BRIDGE_INSTANCE=instance, WINE_BRIDGE_PROJECT="0")
        command = [*kit.bridge_command(NAME), *options]
        return self.stack.enter_context(kit.process(command, environment, f"{NAME}-{instance}"))

    def begin(self):
        """Both at once; returns them when the broker shares out between them."""
        bridges = self.bridge("a"), self.bridge("b")
        assert self.house.until(lambda: self.states.count("online") >= 2, 60), self.states
        time.sleep(0.5)
        return bridges

    def speak(self, count):
        """So many events, everybody in turn."""
        uuids = self.speaker.uuids
        turns = (uuids[number % len(uuids)] for number in range(count))
        self.voice.say([self.speaker.publish(uuid) for uuid in turns])

    def say_state(self):
        """A retained state of a machine, said while there is no bridge; returns its id."""
        uuid = self.speaker.uuids[0]
        said = self.speaker.envelope(uuid, "state", {"state": "online"}, boot=str(uuid4()))
        self.voice.retain(self.speaker.topic(uuid, "state"), json.dumps(said))
        return said["id"]

    def has(self, event_id):
        """Whether a message is stored, once."""
        rows = self.house.query(
            "SELECT count(*) FROM wine_bridge_event WHERE event_id = %s", event_id
        )
        return rows[0][0] == 1

    def stored(self):
        return self.house.query(
            "SELECT count(*) FROM wine_bridge_event WHERE boot = %s", self.speaker.boot
        )[0][0]

    def check_books(self):
        """Each event once, and journals that cover exactly these."""
        told = {
            (uuid, seq) for uuid, last in self.speaker.seqs.items() for seq in range(1, last + 1)
        }
        rows = self.house.query(
            """SELECT machine.uuid, event.seq::int FROM wine_bridge_event event
                 JOIN wine_machine machine ON machine.id = event.machine_id
                WHERE event.boot = %s AND event.state = 'new'""",
            self.speaker.boot,
        )
        assert len(rows) == len(told), f"{len(rows)} stored of {len(told)}"
        assert set(rows) == told
        journals = self.house.query(
            """SELECT machine.uuid, journal.highest::int, journal.gaps
                 FROM wine_bridge_journal journal
                 JOIN wine_machine machine ON machine.id = journal.machine_id
                WHERE machine.uuid = ANY(%s)""",
            self.speaker.uuids,
        )
        assert {(uuid, last) for uuid, last, _gaps in journals} == set(self.speaker.seqs.items())
        assert not any(gaps for *_key, gaps in journals)


@pytest.fixture(scope="module")
def pair():
    with House(NAME) as house, ExitStack() as stack:
        yield Pair(house, stack)


def test_one_dies_and_stays_away(pair):
    retained = pair.say_state()
    pair.first, second = pair.begin()
    assert pair.house.until(lambda: pair.has(retained), 20), "what is retained is asked for"
    pair.speak(EVENTS)
    assert pair.house.until(lambda: pair.stored() > EVENTS // 10, 30)
    second.send_signal(signal.SIGKILL)
    second.wait()
    pair.speak(EVENTS)
    pair.voice.finish()
    assert pair.house.until(lambda: pair.states[-1] == "online" and "offline" in pair.states, 10), (
        "its will says offline; the other one puts that right"
    )
    assert pair.stored() < 2 * EVENTS, "the broker keeps a share for the dead one"
    assert pair.bridge("b", "--only", "retire").wait(60) == 0
    assert pair.house.until(lambda: pair.stored() == 2 * EVENTS, 20), pair.stored()
    pair.check_books()
    pair.speak(MACHINES)
    assert pair.house.until(lambda: pair.stored() == 2 * EVENTS + MACHINES, 20), (
        "nothing goes to the retired one any more"
    )
    assert pair.first.poll() is None


def test_the_last_one_says_goodbye(pair):
    del pair.states[:]
    again = pair.bridge("b")
    assert pair.house.until(lambda: "online" in pair.states, 60)
    kit.stop(again)
    assert again.returncode == 0
    assert "offline" not in pair.states
    pair.speak(MACHINES * 5)
    pair.voice.finish()
    kept = pair.bridge("b")
    whole = sum(pair.speaker.seqs.values())
    assert pair.house.until(lambda: pair.stored() == whole, 60), "its share waited for it"
    pair.check_books()
    kit.stop(kept)
    assert "offline" not in pair.states
    kit.stop(pair.first)
    assert pair.first.returncode == 0
    assert pair.house.until(lambda: "offline" in pair.states, 10), "nobody is left"
