# SPDX-License-Identifier: LGPL-3.0-or-later
"""How warm it is: held in the band, warmed by the door and by a compressor that fails."""

import pytest

from fleet.climate import COMPRESSOR
from fleet.options import Options

MINUTE, HOUR = 60.0, 3600.0
QUICK = {"start_spread": 0, "dispense": 0, "hello": 0, "rate": 0}


@pytest.fixture
def bench(bench_factory):
    return bench_factory(options=Options(tele=60, **QUICK))


def readings(bench, seconds, step=60.0):
    """Temperatures that are told meanwhile."""
    found = []
    for _turn in range(int(seconds / step)):
        found += [said["data"] for suffix, said in bench.listen(step) if suffix == "up/tele"]
    return found


def temperatures(bench, seconds):
    return [reading["temperature"] for reading in readings(bench, seconds)]


def test_a_whole_day_stays_in_the_band(bench):
    low, high = bench.device.shadow.temperatures()
    day = temperatures(bench, 24 * HOUR)
    assert len(day) > 1400
    assert all(low <= value <= high for value in day)
    smooth = [sum(day[n : n + 60]) / 60 for n in range(0, len(day) - 60, 60)]
    assert max(smooth) - min(smooth) > 0.3, "the day is felt"
    assert all(abs(one - two) < 0.4 for one, two in zip(smooth, smooth[1:], strict=False))


def test_an_open_door_warms_and_a_closed_one_cools_again(bench):
    before = temperatures(bench, HOUR)[-1]
    bench.device.service.open_door(bench.now, "key")
    warm = temperatures(bench, 15 * MINUTE)
    assert warm[-1] > before + 3
    assert warm == sorted(warm) or max(warm) - warm[-1] < 0.6
    bench.device.service.close_door(bench.now, "key")
    assert temperatures(bench, 2 * HOUR)[-1] < before + 1.5


def test_a_failed_compressor_warms_until_it_is_repaired(bench):
    _low, high = bench.device.shadow.temperatures()
    bench.device.service.fail(bench.now, COMPRESSOR)
    bench.device.service.fail(bench.now, COMPRESSOR)
    assert [fault["code"] for fault in bench.data("fault.raised")] == [COMPRESSOR]
    hot = readings(bench, 6 * HOUR)[-1]
    assert hot["temperature"] > high + 1
    assert hot["power"] < 60, "it draws no current"
    bench.device.service.clear(bench.now)
    assert COMPRESSOR in bench.state.faults, "a cleaned sensor repairs no compressor"
    bench.device.service.visit(bench.now)
    assert [fault["code"] for fault in bench.data("fault.cleared")] == [COMPRESSOR]
    assert temperatures(bench, 3 * HOUR)[-1] < high


def test_time_passes_as_fast_as_the_options_say(bench_factory):
    slow, fast = (
        bench_factory(options=Options(tele=60, speed=speed, **QUICK)) for speed in (1.0, 20.0)
    )
    for bench in (slow, fast):
        bench.device.service.fail(bench.now, COMPRESSOR)
        bench.listen(600)
    assert fast.device.climate.inside > slow.device.climate.inside + 2


def test_a_clock_that_jumps_does_no_harm(bench):
    bench.device.climate.move(bench.now - 10 * HOUR)
    bench.device.climate.move(bench.now + 400 * 24 * HOUR)
    low, high = bench.device.shadow.temperatures()
    assert low - 1 < bench.device.climate.inside < high + 1
