# SPDX-License-Identifier: LGPL-3.0-or-later
"""kill -9 of the real process: every number exactly once, every sale in the report."""

import csv
import json
import signal
import subprocess
import sys
import time
from decimal import Decimal

import pytest

from fleet.tests import standin


@pytest.fixture
def command(broker, tmp_path):
    """Runs `python -m fleet` with a platform of its own tenant."""
    name = f"cli-{tmp_path.name}"
    config = standin.configuration(broker.port, 5, slots=4, qty=400) | {"tenant": name}
    (tmp_path / "fleet.json").write_text(json.dumps(config))
    platform = standin.Platform(config).start()
    platform.desire(standin.planogram())

    def begin(*words, **how):
        words = [*words, "--config", tmp_path / "fleet.json", "--state", tmp_path / "state",
                 "--report", tmp_path / "report.json", "--start-spread", "0", "--hello", "0.5",
                 "--dispense", "0.02", "--rate", "0", "--ack-timeout", "1"]  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-m", "fleet", *map(str, words)], cwd=standin.PROJECT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how,
        )  # fmt: skip

    begin.platform, begin.folder = platform, tmp_path
    yield begin
    platform.stop()


def report(command):
    """The report that was written."""
    return json.loads((command.folder / "report.json").read_text())


def test_killed_mid_run_and_restarted(command):
    platform, chaos = command.platform, ["--fail-rate", "0.2", "--unknown-rate", "0.1"]
    for _ in range(3):
        seen = len(platform.of_type("vend.local"))
        process = command("live", "--speed", "3000", "--duplicate-rate", "0.2", *chaos)
        end = time.monotonic() + 15
        while len(platform.of_type("vend.local")) < seen + 20 and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert len(platform.of_type("vend.local")) >= seen + 20
    process = command("live", "--speed", "3000", "--vends", "20", *chaos)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    _every_number_once(platform)
    _books_agree(platform, report(command), out)


def _every_number_once(platform):
    assert not platform.conflicts
    for events in platform.events.values():
        assert sorted(events) == [(1, seq) for seq in range(1, len(events) + 1)]
        assert len({event["id"] for event in events.values()}) == len(events)


def _books_agree(platform, told, out):
    """What was received is what the report says, vend by vend and in money."""
    received = {e["data"]["vend_id"]: e["data"] for e in platform.of_type("vend.local")}
    sold = {entry["vend_id"]: entry for row in told["machines"] for entry in row["sold"]}
    assert received.keys() == sold.keys()
    for vend_id, entry in sold.items():
        assert received[vend_id]["outcome"] == entry["outcome"]
    kept = sum(Decimal(d["price"]) * d["qty"] for d in received.values()
               if d["outcome"] in ("success", "partial"))  # fmt: skip
    assert Decimal(told["totals"]["values"]["kept"]["EUR"]) == kept
    assert told["totals"]["pending"] == 0 and "success" in out


def test_a_signal_ends_in_an_orderly_way(command):
    process = command("live", "--speed", "3000")
    end = time.monotonic() + 15
    while not command.platform.of_type("vend.local") and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=15)
    assert process.returncode == 0, err
    assert "total" in out
    end = time.monotonic() + 5
    while set(command.platform.states.values()) != {"offline"} and time.monotonic() < end:
        time.sleep(0.05)
    assert set(command.platform.states.values()) == {"offline"}


ROWS = [
    ("WV-0001", "W1", 3, "12.50", "37.50"),
    ("WV-0002", "W2", 3, "9.99", "30.00"),
    ("WV-0003", "W9", 1, "1.00", "1.00"),
    ("WV-9999", "W1", 1, "1.00", "1.00"),
    ("WV-0001", "W1", -1, "12.50", "-12.50"),
]


def replay(command, rows):
    """Replay rows; returns exit code and what was said."""
    path = command.folder / "sales.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("Store", "Item", "Qty", "Price", "Total"), *rows])
    process = command("replay", path, "--machine-column", "Store", "--sku-column", "Item",
                      "--qty-column", "Qty", "--price-column", "Price",
                      "--total-column", "Total")  # fmt: skip
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_replay_tells_a_history_to_the_cent_and_only_once(command):
    code, out, err = replay(command, ROWS)
    assert code == 1
    for line in ("line 4: no slot holds it", "line 5: no such machine", "line 6: quantity -1"):
        assert line in err
    assert "6 vends told, 0 known from an earlier run, 1 rows whose total" in out
    told = [event["data"] for event in command.platform.of_type("vend.local")]
    assert sum(Decimal(d["price"]) * d["qty"] for d in told) == Decimal("67.50")
    assert report(command)["totals"]["values"]["kept"] == {"EUR": "67.50"}
    assert report(command)["replay"]["split_rows"] == [3]
    code, out, _err = replay(command, ROWS)
    assert "0 vends told, 6 known" in out
    assert len(command.platform.of_type("vend.local")) == 6


def test_replay_of_good_rows_is_a_success(command):
    code, _out, err = replay(command, ROWS[:2])
    assert (code, err) == (0, "")


def test_burst(command):
    process = command("burst", "--events", "40", "--quiet")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "200 events in" in out
    assert len(command.platform.of_type("vend.local")) == 200
