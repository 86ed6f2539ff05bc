# SPDX-License-Identifier: LGPL-3.0-or-later
import json
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
from wine_device_bridge_core import tell
from wine_device_bridge_core.received import Received
from wine_device_bridge_core.tell import Teller
from wine_device_bridge_core.topics import Topics

MACHINES = [f"0191f0aa-7c11-7000-8000-00000000000{n}" for n in range(4)]


class Broker:
    """Stands where the link stands: takes publishes, or is away."""

    def __init__(self):
        self.topics, self.connected, self.mid = Topics("wine/v1", "t"), True, 0
        self.sent, self.client = [], SimpleNamespace(send=self.send)

    def send(self, messages):
        mids = []
        for topic, body in messages:
            self.mid += 1
            mids.append(self.mid)
            self.sent.append((self.mid, topic.split("/")[3], json.loads(body)))
        return mids


def journal(highest):
    return Received(highest, [])


def test_the_newest_is_told_and_every_refusal():
    broker = Broker()
    teller = Teller(broker)
    teller.owe((MACHINES[0], 1), journal(3), [(2, "schema")])
    teller.owe((MACHINES[0], 1), journal(5), [(4, "too_large")])
    teller.owe((MACHINES[0], 2), journal(1))
    teller.tell()
    first, second = (said for _mid, _machine, said in broker.sent)
    assert (first["epoch"], first["ack_seq"], second["epoch"]) == (1, 5, 2)
    assert first["rejected"] == [{"seq": 2, "code": "schema"}, {"seq": 4, "code": "too_large"}]
    teller.tell()
    assert len(broker.sent) == 2, "nothing is told twice"


def test_a_busy_bridge_gathers():
    broker = Broker()
    teller = Teller(broker)
    teller.owe((MACHINES[0], 1), journal(1))
    teller.tell(busy=True)
    teller.owe((MACHINES[0], 1), journal(2))
    teller.tell(busy=True)
    assert len(broker.sent) == 1
    teller.tell()
    assert [said["ack_seq"] for *_who, said in broker.sent] == [1, 2]


def test_the_window(monkeypatch):
    monkeypatch.setattr(tell, "WINDOW", 3)
    monkeypatch.setattr(tell, "GATHER", 0)
    broker = Broker()
    teller = Teller(broker)
    for machine in MACHINES:
        teller.owe((machine, 1), journal(1))
    teller.tell()
    assert len(broker.sent) == 3
    assert teller.taken([1, 99]) == [99], "99 is somebody else's"
    assert [machine for _mid, machine, _said in broker.sent] == MACHINES


def test_of_two_on_their_way_the_newer_is_told_again():
    broker = Broker()
    teller = Teller(broker)
    for highest, refused in ((1, (1, "schema")), (2, (2, "too_large"))):
        teller.owe((MACHINES[0], 1), journal(highest), [refused])
        teller.tell()
    teller.again()
    said = broker.sent[-1][2]
    assert (len(broker.sent), said["ack_seq"]) == (3, 2)
    assert said["rejected"] == [{"seq": 1, "code": "schema"}, {"seq": 2, "code": "too_large"}]


def test_ten_thousand_machines_are_told_while_the_broker_is_not_read():
    """In a storm the bridge leaves its socket alone, and the broker's PUBACKs lie unread in it.

    Whoever waits for them before telling the rest has machines say all their events again.
    """
    broker = Broker()
    teller = Teller(broker)
    for number in range(10_000):
        teller.owe((f"machine-{number}", 1), journal(50))
        if number % 1000 == 999:
            teller.tell()
    assert len(broker.sent) == 10_000


owing = st.tuples(st.just("owe"), st.sampled_from(MACHINES), st.integers(1, 3))
steps = st.one_of(
    owing,
    st.tuples(st.just("tell"), st.booleans(), st.none()),
    st.tuples(st.just("taken"), st.integers(0, 5), st.none()),
    st.tuples(st.just("lost"), st.none(), st.none()),
    st.tuples(st.just("back"), st.none(), st.none()),
)


@given(st.lists(steps, max_size=60))
def test_whatever_happens_each_machine_hears_the_newest_in_the_end(plan):
    """The broker forgets all that it had not acknowledged whenever the connection breaks."""
    broker = Broker()
    teller, highest, refused, heard, refusals = Teller(broker), {}, {}, {}, {}
    waiting = []

    def deliver(count):
        for mid, machine, said in waiting[:count]:
            heard[machine] = max(heard.get(machine, 0), said["ack_seq"])
            refusals.setdefault(machine, set()).update(one["seq"] for one in said["rejected"])
            teller.taken([mid])
        del waiting[:count]

    for what, value, more in plan:
        before = len(broker.sent)
        if what == "owe":
            highest[value] = highest.get(value, 0) + more
            refused.setdefault(value, set()).add(highest[value])
            teller.owe((value, 1), journal(highest[value]), [(highest[value], "schema")])
        elif what == "tell":
            teller.tell(busy=value)
        elif what == "taken":
            deliver(value)
        elif what == "lost":
            broker.connected = False
            waiting.clear()
        elif what == "back" and not broker.connected:
            broker.connected = True
            teller.again()
        waiting += broker.sent[before:]
    if not broker.connected:
        broker.connected = True
        before = len(broker.sent)
        teller.again()
        waiting += broker.sent[before:]
    before = len(broker.sent)
    teller.tell()
    waiting += broker.sent[before:]
    deliver(len(waiting))
    assert heard == highest
    assert refusals == refused
    assert not teller.flying and not teller.owed
