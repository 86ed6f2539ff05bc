# SPDX-License-Identifier: LGPL-3.0-or-later
import threading

from hypothesis import given
from hypothesis import strategies as st
from wine_device_bridge_core.dropping import DroppingQueue


def test_the_oldest_goes_and_is_counted():
    queue = DroppingQueue(3)
    for number in range(10):
        queue.put(number)
    assert (queue.take(2), queue.dropped) == ([7, 8], 7)
    assert (queue.take(5), queue.take(5), len(queue)) == ([9], [], 0)


@given(st.lists(st.one_of(st.integers(), st.none())), st.integers(1, 5))
def test_nothing_is_lost_uncounted(steps, limit):
    """An integer is put, None takes one: in order, and put = taken + waiting + dropped."""
    queue, put, taken = DroppingQueue(limit), 0, []
    for step in steps:
        if step is None:
            taken += queue.take(1)
        else:
            queue.put(put)
            put += 1
    assert taken == sorted(taken)
    assert put == len(taken) + len(queue) + queue.dropped
    assert len(queue) <= limit


def test_bytes_are_bounded_too():
    queue = DroppingQueue(100, 10)
    for number in range(10):
        queue.put(number, 4)
    assert (len(queue), queue.bytes, queue.dropped) == (2, 8, 8)
    queue.put("large", 50)  # larger than all: alone
    assert (queue.take(5), queue.bytes) == (["large"], 0)


def test_many_threads():
    queue = DroppingQueue(100)
    threads = [
        threading.Thread(target=lambda: [queue.put(n) for n in range(5000)]) for _i in range(4)
    ]
    for thread in threads:
        thread.start()
    taken = 0
    while any(thread.is_alive() for thread in threads) or len(queue):
        taken += len(queue.take(50))
    assert taken + queue.dropped == 20_000
