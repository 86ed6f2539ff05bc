# SPDX-License-Identifier: LGPL-3.0-or-later
"""Settings of the wanted shadow: applied with a new version, and with a new digest of the same."""

import pytest

from fleet.options import Options
from fleet.tests import standin

HOUR = 3600.0
OLD, NEW = "0" * 64, "1" * 64


def wanted(sha256=NEW, version=1, **config):
    return standin.planogram(version) | {"sha256": sha256, "config": config}


@pytest.fixture
def bench(bench_factory):
    options = Options(start_spread=0, dispense=0, hello=0, rate=0, tele=60)
    return bench_factory(options=options, desired=wanted(OLD, tele_s=3600))


def reported(said):
    return [document["data"] for suffix, document in said if suffix == "up/reported"]


def readings(bench, seconds, step=30.0):
    found = []
    for _turn in range(int(seconds / step)):
        found += [said["data"] for suffix, said in bench.listen(step) if suffix == "up/tele"]
    return found


def test_the_same_version_with_another_digest_is_applied_and_reported(bench):
    before = {code: dict(slot) for code, slot in bench.state.slots.items()}
    told = reported(bench.receive("desired", wanted(temp_min=10, temp_max=11)))[-1]
    assert (told["version"], told["sha256"], told["errors"]) == (1, NEW, [])
    assert bench.device.shadow.temperatures() == (10, 11)
    assert bench.state.slots == before, "bottles stay where they are"


def test_the_same_document_again_is_only_reported(bench):
    journal = bench.journal
    bench.receive("desired", wanted())
    bench.power()
    assert bench.state.desired["sha256"] == NEW, "it is kept over a power-up"
    commits = []
    bench.device.commit = commits.append
    bench.device.shadow.receive(wanted(), bench.now)
    assert not commits and bench.journal is journal


def test_an_older_version_with_another_digest_changes_nothing(bench):
    bench.receive("desired", wanted(OLD, version=2, temp_max=12))
    assert not reported(bench.receive("desired", wanted(NEW, version=1, temp_max=30)))
    assert bench.device.shadow.temperatures()[1] == 12


def test_a_bad_document_of_the_same_version_leaves_the_settings(bench):
    bad = wanted(temp_max=30)
    bad["planogram"][0]["price"] = "a lot"
    told = reported(bench.receive("desired", bad))[-1]
    assert (told["version"], told["sha256"]) == (1, OLD)
    assert told["errors"] and bench.device.shadow.temperatures()[1] == 12


def test_a_faster_pace_holds_at_once(bench):
    readings(bench, 120)
    assert not readings(bench, 600), "one an hour"
    bench.receive("desired", wanted(tele_s=60))
    assert 9 <= len(readings(bench, 600)) <= 11


def test_a_slower_pace_holds_after_the_next_reading(bench):
    bench.receive("desired", wanted(tele_s=60))
    readings(bench, 120)
    bench.receive("desired", wanted(OLD, tele_s=1800))
    assert len(readings(bench, 1800)) <= 2


def test_it_dries_down_to_the_limit(bench):
    bench.receive("desired", wanted(humidity_max=50, tele_s=60))
    dry = readings(bench, 4 * HOUR)[-1]["humidity"]
    assert dry <= 50
    bench.receive("desired", wanted(OLD, humidity_max=80, tele_s=60))
    assert 55 < readings(bench, 4 * HOUR)[-1]["humidity"] < 65
