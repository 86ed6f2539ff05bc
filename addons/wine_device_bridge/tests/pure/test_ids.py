# SPDX-License-Identifier: LGPL-3.0-or-later
import time
from uuid import RFC_4122, UUID

from wine_device_bridge_core.ids import uuid7


def test_version_variant_and_time():
    before = time.time_ns() // 1_000_000
    made = UUID(uuid7())
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_never_the_same_and_in_the_order_of_time():
    assert len({uuid7() for _one in range(10_000)}) == 10_000
    first = uuid7()
    time.sleep(0.002)
    assert first < uuid7()


def test_the_clock_fills_its_place(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: ((1 << 48) - 1) * 1_000_000)
    assert uuid7().startswith("ffffffff-ffff-7")
