# SPDX-License-Identifier: LGPL-3.0-or-later
"""docs/protocol §2–§4: numbers, what an evt_ack covers, what is sent when."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.options import Options
from fleet.outbox import MAX_BYTES, NEVER, Outbox, pack
from fleet.state import State


def doors(bench, count):
    """Journal some events."""
    for number in range(count):
        bench.device.emit(bench.now, "door", {"state": "opened", "by": str(number)})


def ack(bench, upto, missing=(), rejected=(), epoch=1):
    """An acknowledgement; returns the seqs of the events that are sent then."""
    entries = [{"seq": seq, "code": "schema"} for seq in rejected]
    document = {"epoch": epoch, "ack_seq": upto, "missing": list(missing), "rejected": entries}
    return seqs(bench.receive("evt_ack", document))


def seqs(said):
    """Sequence numbers of the events in what was said."""
    found = []
    for suffix, document in said:
        if suffix == "up/evt":
            found += [e["seq"] for e in (document if isinstance(document, list) else [document])]
    return found


def test_numbers_count_from_one_without_gaps(bench):
    doors(bench, 5)
    assert [event["seq"] for event in bench.events()] == [1, 2, 3, 4, 5]
    assert len({event["id"] for event in bench.events()}) == 5
    assert {(e["epoch"], e["boot"]) for e in bench.events()} == {(1, bench.device.boot_id)}


def test_covered_is_forgotten_missing_is_sent_again(bench):
    doors(bench, 6)
    assert seqs(bench.listen()) == [1, 2, 3, 4, 5, 6]
    assert ack(bench, 5, missing=[2, 4]) == [2, 4]
    assert list(bench.state.pending) == [2, 4, 6]


def test_rejected_is_forgotten_even_above_the_mark(bench):
    doors(bench, 4)
    ack(bench, 1, rejected=[3])
    assert list(bench.state.pending) == [2, 4]
    assert bench.state.rejected == 1


def test_another_epoch_means_nothing(bench):
    doors(bench, 2)
    ack(bench, 2, epoch=2)
    assert list(bench.state.pending) == [1, 2]


@given(st.integers(1, 12), st.integers(0, 14), st.sets(st.integers(1, 14)),
       st.sets(st.integers(1, 14)))  # fmt: skip
def test_an_event_goes_only_when_it_is_covered(bench_factory, count, upto, missing, rejected):
    bench = bench_factory()
    doors(bench, count)
    identities = {event["id"] for event in bench.events()}
    ack(bench, upto, sorted(missing), sorted(rejected))
    stay = {seq for seq in range(1, count + 1)
            if seq not in rejected and (seq > upto or seq in missing)}  # fmt: skip
    if upto <= count:
        assert set(bench.state.pending) == stay
    else:
        assert len(bench.state.pending) == len(stay)
        assert all(seq > upto for seq in bench.state.pending)
    assert {event["id"] for event in bench.events()} <= identities
    assert bench.state.next_seq > max(count, upto)


def test_a_lost_journal_never_uses_old_numbers(bench):
    doors(bench, 2)
    ack(bench, 500, missing=[1, 2])
    doors(bench, 1)
    assert [event["seq"] for event in bench.events()] == [501, 502, 503]


def test_a_new_epoch_counts_from_one(bench_factory):
    bench = bench_factory()
    doors(bench, 3)
    fresh = bench_factory(journal=bench.journal, epoch=2)
    doors(fresh, 1)
    assert [(e["epoch"], e["seq"]) for e in fresh.events()] == [(2, 1)]


def test_a_resend_is_the_same_bytes(bench):
    doors(bench, 1)
    bench.device.tick(bench.now)
    first = bench.device.out.pop().payload
    bench.now += 31
    bench.device.tick(bench.now)
    assert bench.device.out.pop().payload == first
    bench.device.disconnected()
    bench.power()
    bench.device.connected(bench.now)
    bench.device.tick(bench.now)
    assert bench.device.out.pop().payload == first


def test_birth_says_where_the_journal_stands(bench):
    doors(bench, 3)
    bench.device.connected(bench.now)
    said = bench.listen()
    assert [suffix for suffix, _ in said[:3]] == ["up/birth", "up/state", "up/reported"]
    birth = said[0][1]["data"]
    assert (birth["next_seq"], birth["desired_version"], birth["slots"]) == (4, 1, 4)
    assert birth["proto"] == 1 and "age" in birth["caps"]


@pytest.mark.parametrize("payload", ["", "[]", "7", "{", '"x"', '{"epoch":1}'])
def test_nonsense_from_above_is_survived(bench, payload):
    for suffix in ("cmd", "desired", "evt_ack", "other"):
        bench.device.receive(suffix, payload.encode(), bench.now)
    doors(bench, 1)
    assert seqs(bench.listen()) == [1]


# the outbox by itself


def outbox(count, **options):
    """An outbox over a state with so many events, online at time 0."""
    state = State()
    state.on_evt([{"seq": seq} for seq in range(1, count + 1)])
    quick = {"hello": 0.0} | options
    box = Outbox(state, Options(**quick))
    box.connected(0.0, box.options.start_spread)
    return box


def sizes(payloads):
    """Events per payload."""
    loaded = [json.loads(payload) for payload in payloads]
    return [len(p) if isinstance(p, list) else 1 for p in loaded]


def test_a_backlog_waits_for_its_start_and_goes_by_fifties(tmp_path):
    box = outbox(120, start_spread=100, ack_timeout=1000)
    assert box.due(99) == []
    assert sizes(box.due(100)) == [50]
    assert sizes(box.due(105)) == []
    assert sizes(box.due(110)) == [50]
    assert sizes(box.due(114)) == [20]


def test_the_rate_holds_on_average():
    box = outbox(2000, start_spread=0, window=5000, ack_timeout=10**6)
    total = sum(sum(sizes(box.due(at / 10))) for at in range(0, 1000))
    assert 500 <= total <= 550


def test_the_window_holds_without_acknowledgements():
    box = outbox(500, start_spread=0, rate=0, window=120)
    assert sum(sizes(box.due(0))) == 120
    box.forget(range(1, 51))
    assert sum(sizes(box.due(1))) == 50


def test_what_is_not_acknowledged_goes_again_after_its_time():
    box = outbox(3, start_spread=0, ack_timeout=30)
    assert sizes(box.due(0)) == [3]
    assert box.wake(0) == 30
    assert box.due(29) == []
    assert sizes(box.due(30)) == [3]
    assert box.resent == 3


def test_what_is_named_three_times_goes_by_itself():
    """Something beside it may keep it back: a message is refused, or cut off, as a whole."""
    box = outbox(10, start_spread=0, rate=0)
    for now in range(3):
        assert sizes(box.due(now)) == [10 if not now else 3]
        box.missed([3, 4, 5])
        box.missed([3, 4, 5])  # told again before they left: it is one time
    box.again([7])
    assert sorted(sizes(box.due(3))) == [1, 1, 1, 1]
    box.forget([3])
    box.missed([4, 5])
    box.state.on_evt([{"seq": 11}])
    box.add(11)
    assert [json.loads(payload)["seq"] for payload in box.due(4)] == [4, 5, 11]


def test_an_outage_is_no_reason_to_go_one_by_one():
    box = outbox(10, start_spread=0, rate=0, ack_timeout=5)
    assert [sizes(box.due(now)) for now in range(0, 50, 6)] == [[10]] * 9


def test_steps_of_a_vend_pass_the_backlog():
    box = outbox(100, start_spread=300)
    box.state.on_evt([{"seq": 101}])
    box.add(101, urgent=True)
    assert [json.loads(p)["seq"] for p in box.due(1)] == [101]


def test_the_answer_to_the_birth_is_awaited():
    box = outbox(1, start_spread=0, hello=3.0)
    assert box.due(1) == []
    box.greeted()
    assert sizes(box.due(1)) == [1]


def test_nothing_leaves_without_a_line():
    box = outbox(1, start_spread=0)
    box.disconnected()
    assert box.due(10) == [] and box.wake(10) == NEVER


@given(st.lists(st.integers(1, MAX_BYTES - 4), max_size=40))
def test_messages_stay_below_the_limit_in_order(lengths):
    texts = [f'"{"x" * length}"' for length in lengths]
    payloads = pack(texts)
    assert all(len(payload) <= MAX_BYTES for payload in payloads)
    flat = []
    for payload in payloads:
        loaded = json.loads(payload)
        flat += loaded if isinstance(loaded, list) else [loaded]
    assert flat == [text.strip('"') for text in texts]


def test_an_urgent_step_does_not_wait_for_the_window():
    box = outbox(300, start_spread=0, window=100, rate=0)
    box.due(0)
    box.state.on_evt([{"seq": 301}])
    box.add(301, urgent=True)
    assert sum(sizes(box.due(0))) == 1
