# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who speaks too loudly waits; nobody else does, nothing is forgotten, nothing grows."""

import queue
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wine_device_bridge_core import fairness
from wine_device_bridge_core.fairness import Bucket, Buckets, FairQueue, Limit, cost_of

BASE = "wine/v1/db"


@dataclass(eq=False, slots=True)
class Message:
    topic: str
    payload: bytes
    number: int = 0


class Clock:
    """A clock that a test turns."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def message(machine, channel="evt", payload=b'{"seq":1}', number=0):
    return Message(f"{BASE}/{machine}/up/{channel}", payload, number)


def drain(inbox, most=10_000):
    return inbox.take(most, timeout=0)


# === WHAT A MESSAGE COSTS === #


@pytest.mark.parametrize(
    ("payload", "cost"),
    [
        (b"", 1),
        (b"{}", 1),
        (b'{"seq":1}', 1),
        (b"[" + b'{"seq":1},' * 49 + b'{"seq":1}]', 50),
        (b"[" + b'{"seq":1},' * 119 + b'{"seq":1}]', 120),
        (b'"seq"' * 1000, 320),
        (b"x" * 32 * 1024, 32),
        (b"x" * 64 * 1024, 64),
    ],
)
def test_cost(payload, cost):
    assert cost_of(payload) == cost


# === BUCKETS === #


def test_a_burst_and_then_a_pace():
    bucket = Bucket(Limit(50, 500), 0.0)
    assert sum(bucket.take(0.0) for _n in range(1000)) == 500
    assert sum(bucket.take(1 + n / 1000) for n in range(10_000)) == pytest.approx(550, abs=2)


def test_an_array_is_let_through_on_credit():
    bucket = Bucket(Limit(50, 500), 0.0)
    assert [bucket.take(0.0, 49) for _n in range(12)] == [True] * 11 + [False]
    assert bucket.wait(0.0) == pytest.approx(39 / 50, abs=0.01)
    assert bucket.take(39 / 50 + 0.01, 50)


def test_a_clock_that_steps_back_gives_nothing():
    bucket = Bucket(Limit(50, 5), 100.0)
    assert all(bucket.take(100.0) for _n in range(5))
    assert not bucket.take(50.0) and not bucket.take(100.0)
    assert bucket.take(100.1)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 64)), max_size=200))
def test_never_more_than_the_limit(steps):
    """In any stretch of time: burst, what flowed in, and one message on credit."""
    bucket, now, paid = Bucket(Limit(50, 500), 0.0), 0.0, 0
    for pause, cost in steps:
        now += pause
        paid += cost if bucket.take(now, cost) else 0
        assert paid <= 500 + 50 * now + 64


def test_one_bucket_each_and_none_for_the_silent(clock):
    buckets = Buckets(Limit(10, 20), clock)
    assert [buckets.wait("a") for _n in range(20)] == [0.0] * 20
    assert buckets.wait("a") == pytest.approx(0.001)
    assert buckets.wait("b") == 0.0
    clock.now += 120
    assert buckets.wait("c") == 0.0 and len(buckets) == 1


def test_no_limit(clock):
    buckets = Buckets(Limit(0, 1), clock)
    assert not any(buckets.wait("a", 50) for _n in range(1000))
    inbox = FairQueue(BASE, Limit(0, 1), Limit(0, 1), clock)
    for _turn in range(50):
        assert not any(inbox.put(message("a")) for _n in range(100))
        assert len(drain(inbox)) == 100


# === THE QUEUE === #


def test_machines_in_turn(clock):
    inbox = FairQueue(BASE, clock=clock)
    for number in range(90):
        inbox.put(message("loud", number=number))
    for machine in "abc":
        inbox.put(message(machine))
    first = [one.topic.split("/")[3] for one in inbox.take(4, 0)]
    assert first == ["loud", "a", "b", "c"]
    assert [one.number for one in drain(inbox)] == list(range(1, 90))


def test_nothing_there():
    inbox = FairQueue(BASE)
    with pytest.raises(queue.Empty):
        inbox.get(timeout=0.01)
    assert inbox.take(5, 0) == [] and inbox.empty() and inbox.qsize() == 0


def test_beyond_the_limit_held_then_shed_then_heard_again(clock):
    inbox = FairQueue(BASE, Limit(50, 500), clock=clock)
    stored, told = [], Counter()
    for number in range(2000):
        released = inbox.put(message("loud", number=number))
        told[len(released)] += 1
        stored += drain(inbox)
    assert len(stored) == 500 and told == {0: 500, 1: 1500}
    assert inbox.held()[0] == 500
    assert inbox.floods() == {"loud": 1000} and inbox.floods() == {}
    for _tick in range(20 * 25):
        clock.now += 0.05
        stored += drain(inbox)
    assert [one.number for one in stored] == list(range(1000))
    assert inbox.held() == (0, 0) and not inbox.late
    assert inbox.put(message("loud")) == ()


def test_what_is_shed_is_shed_in_long_runs(clock):
    """A gap costs a row of the journal: a flood must not make one for each event."""
    inbox = FairQueue(BASE, Limit(50, 500), clock=clock)
    kept = []
    for number in range(60_000):  # 1,000 a second, for a minute
        clock.now += 0.001
        inbox.put(message("loud", number=number))
        kept += [one.number for one in drain(inbox)]
    gaps = sum(after != before + 1 for before, after in zip(kept, kept[1:], strict=False))
    assert 3000 <= len(kept) <= 4000
    assert gaps <= 10


def test_only_the_newest_state_waits(clock):
    inbox = FairQueue(BASE, control=Limit(10, 20), clock=clock)
    for number in range(100):
        inbox.put(message("loud", "state", number=number))
        inbox.put(message("loud", "ack", number=number))
        drain(inbox)
    waiting = inbox.lanes["loud", False].held
    assert [one[2].number for one in waiting if one[0] == "state"] == [99]
    assert [one[2].number for one in waiting if one[0] == "ack"] == list(range(10, 29))


def test_a_flood_of_events_leaves_the_life_of_commands_alone(clock):
    inbox = FairQueue(BASE, clock=clock)
    for _n in range(5000):
        inbox.put(message("loud"))
        drain(inbox)
    assert inbox.put(message("loud", "ack")) == ()


def test_a_window_is_slowed_and_never_cut_off(clock):
    """A replay that waits for its acknowledgements: 200 events on the way, 18,000 in all."""
    inbox, waiting, sent, stored = FairQueue(BASE, clock=clock), 0, 0, 0
    while stored < 18_000 and clock.now < 2000:
        while waiting < 4 and sent < 18_000:
            inbox.put(message("m", payload=b'{"seq":1}' * 50))
            waiting, sent = waiting + 1, sent + 50
        done = len(drain(inbox))
        waiting, stored = waiting - done, stored + 50 * done
        clock.now += 0.1
    assert stored == 18_000 and inbox.floods() == {}
    assert clock.now - 1000 <= 18_000 / 50


def test_rubbish_costs_more(clock):
    inbox = FairQueue(BASE, clock=clock)
    inbox.put(message("loud"))
    inbox.charge("loud", 10_000)
    inbox.charge("nobody", 10_000)
    assert len(inbox.put(message("loud"))) == 1
    clock.now += 10.1  # the debt is never more than a burst
    drain(inbox)
    assert inbox.put(message("loud")) == ()


def test_what_is_held_is_soon_stored_whatever_its_size(clock):
    """A flood of arrays must not be stored for minutes after it is over."""
    inbox = FairQueue(BASE, clock=clock)
    for _n in range(1000):
        inbox.put(message("loud", payload=b'{"seq":1}' * 50))
        drain(inbox)
    assert inbox.held()[0] == 10
    clock.now += 1
    for _tick in range(12):
        clock.now += 1
        drain(inbox)
    assert inbox.held()[0] == 0


def test_bytes_are_bounded(clock):
    inbox = FairQueue(BASE, clock=clock)
    for machine in range(300):
        for _n in range(60):
            inbox.put(message(machine, payload=b"x" * 60_000))
    messages, size = inbox.held()
    assert size <= fairness.ALL_HELD_BYTES and messages * 60_000 == size
    assert inbox.qsize() <= 300 * (500 // 58 + 1)


def test_the_silent_are_forgotten(clock):
    inbox = FairQueue(BASE, clock=clock)
    for machine in range(5000):
        inbox.put(message(machine))
    drain(inbox)
    clock.now += 120
    inbox.put(message("one"))
    drain(inbox)
    assert len(inbox.lanes) == 1


def test_waiting_ends_when_something_comes_or_its_turn_does():
    inbox, got = FairQueue(BASE, Limit(50, 1)), []
    taker = threading.Thread(target=lambda: [got.append(inbox.get(5)) for _n in range(3)])
    taker.start()
    for number in range(3):
        inbox.put(message("m", number=number))
    taker.join(5)
    assert [one.number for one in got] == [0, 1, 2]


STEP = st.one_of(
    st.tuples(
        st.just("put"),
        st.sampled_from("abc"),
        st.sampled_from(("evt", "ack", "state", "birth")),
        st.integers(1, 400),
    ),
    st.tuples(st.just("take"), st.integers(1, 1000)),
    st.tuples(st.just("pass"), st.floats(0.001, 30)),
    st.tuples(st.just("charge"), st.sampled_from("abc"), st.integers(1, 2000)),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(STEP, max_size=40))
def test_every_message_is_stored_once_or_the_broker_was_told(steps):
    """And in order within a machine and kind; figures agree; after a while nothing waits."""
    clock = Clock()
    inbox = FairQueue(BASE, Limit(50, 100), Limit(10, 50), clock)
    put, told, taken, number = {}, set(), [], 0
    for step in steps:
        if step[0] == "put":
            for _n in range(step[3]):
                number += 1
                put[number] = one = message(step[1], step[2], number=number)
                told |= {each.number for each in inbox.put(one)}
        elif step[0] == "take":
            taken += inbox.take(step[1], 0)
        elif step[0] == "charge":
            inbox.charge(step[1], step[2])
        else:
            clock.now += step[1]
        assert inbox.held()[0] <= 3 * (100 + 50 + len(fairness.STANDING))
        assert all(len(lane.ready) <= fairness.MOST_READY for lane in inbox.lanes.values())
    for _n in range(2000):
        clock.now += 0.5
        taken += drain(inbox)
    numbers = [one.number for one in taken]
    assert len(set(numbers)) == len(numbers)
    assert set(put) == set(numbers) | told
    assert inbox.empty() and inbox.held() == (0, 0) and not inbox.late and not inbox.bytes
    by_lane = defaultdict(list)
    for one in taken:
        by_lane[one.topic.split("/")[3], one.topic.endswith("evt")].append(one.number)
    assert all(seen == sorted(seen) for seen in by_lane.values())


# === WHAT ALL OF THEM MAY SAY === #


def test_when_many_messages_wait_nothing_more_is_read_until_some_are_taken(clock):
    inbox = FairQueue(BASE, clock=clock)
    for number in range(fairness.CROWD):
        assert not inbox.crowded()
        inbox.put(message(f"m{number}", number=number))
    assert inbox.crowded()
    assert len(inbox.take(1, 0)) == 1
    assert not inbox.crowded()


def test_few_messages_that_are_large_are_a_crowd_as_well(clock):
    inbox, large = FairQueue(BASE, clock=clock), b"x" * 128 * 1024
    enough = fairness.CROWD_BYTES // len(large)
    for number in range(enough):
        assert not inbox.crowded()
        inbox.put(message(f"m{number}", payload=large))
    assert inbox.crowded()
    # a batch is not larger than it may be, and a message that alone is larger is taken all the same
    most = fairness.TAKEN_BYTES // len(large)
    assert len(inbox.take(1000, 0)) == most
    assert not inbox.crowded() and len(drain(inbox, enough)) == min(most, enough - most)
    while drain(inbox):
        pass
    inbox.put(message("m", payload=b"x" * (fairness.TAKEN_BYTES + 1)))
    assert len(drain(inbox)) == 1
    assert inbox.bytes == inbox.size == 0


# === THE END === #


def test_at_the_end_nothing_is_forgotten_that_the_broker_believes_to_have_arrived(clock):
    inbox = FairQueue(BASE, Limit(1, 1), Limit(1, 3), clock)
    told = []
    for number in range(4):
        told += inbox.put(message("m", "ack", b"{}", number))
    told += inbox.put(message("m", "birth", b"{}", 4))
    told += inbox.put(message("m", "state", b"{}", 5))
    told += inbox.put(message("m", "state", b"{}", 6))
    for number in range(7, 9):
        inbox.put(message("m", "evt", b'{"seq":1}', number))
    taken = [each.number for each in drain(inbox)]
    assert (taken, inbox.held()[0]) == ([0, 7, 1, 2], 4)
    inbox.close()
    rest = [each.number for each in drain(inbox)]
    assert rest == [3, 4, 6], "all but the event, which comes again, and what a newer word replaced"
    assert {each.number for each in told} <= {*taken, *rest, 5}
    assert inbox.empty()
    assert inbox.put(message("n", "ack", b"{}", 9)) == ()
    assert drain(inbox) == [], "what comes now is left to the broker"
