# SPDX-License-Identifier: LGPL-3.0-or-later
"""`firmware.update`: believed, fetched, applied, failed, undone; docs/protocol §7."""

import base64
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fleet import download, firmware
from fleet.tests import standin

PRIVATE, OTHER = bytes(range(32)), bytes(range(1, 33))
IMAGE = b"image of 3.0.0" * 100


@pytest.fixture
def bench(bench_factory):
    """A device that trusts the maker."""
    return bench_factory(firmware_key=firmware.public(PRIVATE))


def arguments(private=PRIVATE, image=IMAGE, version="3.0.0", **changes):
    """Arguments of a command, signed."""
    args = firmware.sign(private, version, image) | {"url": "https://example.com/fw"}
    return args | {"not_before": standin.moment(-1)} | changes


def ask(bench, cmd="f", seconds=60, **how):
    """The last answer to a command."""
    return bench.command("firmware.update", arguments(**how), cmd=cmd, seconds=seconds)[-1]


def power_up(bench):
    """The restart that the device asks for, and what it says then: firmware and last answer."""
    bench.listen()
    assert bench.device.reboot_wanted
    bench.device.disconnected()
    bench.device.boot(bench.now)
    bench.device.connected(bench.now)
    said = bench.listen()
    births = [m["data"]["fw"] for suffix, m in said if suffix == "up/birth"]
    answers = [m["data"] for suffix, m in said if suffix == "up/ack"]
    return births[-1], (answers or [None])[-1]


def test_applied(bench):
    assert ask(bench)["status"] == "in_progress"
    assert bench.device.firmware.wanted() == "https://example.com/fw"
    assert not bench.device.reboot_wanted
    bench.device.firmware.fetched(IMAGE, bench.now)
    assert power_up(bench) == ("3.0.0", {"cmd": "f", "status": "succeeded"})
    assert bench.command("firmware.update", arguments(), cmd="f") == [
        {"cmd": "f", "status": "succeeded"}
    ]
    assert not bench.state.pending_update and not bench.device.reboot_wanted


@pytest.mark.parametrize(
    ("how", "code"),
    [({"private": OTHER}, "bad_signature"), ({"signature": "s"}, "bad_signature"),
     ({"signature": base64.b64encode(b"x" * 64).decode()}, "bad_signature"),
     ({"sha256": hashlib.sha256(b"another").hexdigest()}, "bad_signature"),
     ({"signature": ""}, "bad_signature"), ({"sha256": "abc"}, "bad_args"),
     ({"url": "file:///etc/passwd"}, "bad_args"), ({"not_before": "soon"}, "bad_args"),
     ({"url": 7}, "bad_args"), ({"signature": None}, "bad_args")],
)  # fmt: skip
def test_what_is_not_signed_so_is_not_even_fetched(bench, how, code):
    answer = ask(bench, **how)
    assert (answer["status"], answer["code"]) == ("rejected", code)
    assert bench.device.firmware.wanted() is None and bench.state.fw == "2.4.1"


def test_a_signature_does_not_move_to_another_version(bench):
    answer = bench.command("firmware.update", arguments() | {"version": "9.9.9"})[-1]
    assert answer["code"] == "bad_signature"


def test_a_machine_without_a_key_believes_nobody(bench_factory):
    assert ask(bench_factory())["code"] == "no_key"


def test_another_image_than_the_signed_one(bench):
    ask(bench)
    bench.device.firmware.fetched(IMAGE + b"!", bench.now)
    assert bench.state.commands["f"] == {"cmd": "f", "status": "failed", "code": "bad_hash"}
    assert bench.state.fw == "2.4.1" and not bench.state.pending_update


def test_a_download_that_fails_or_comes_too_late(bench):
    ask(bench)
    bench.device.firmware.fetched(None, bench.now)
    assert bench.state.commands["f"]["code"] == "download_failed"
    ask(bench, cmd="g", seconds=5)
    bench.listen(6)
    bench.device.firmware.fetched(IMAGE, bench.now)
    assert bench.state.commands["g"]["status"] == "expired" and bench.state.fw == "2.4.1"


def test_an_image_that_cannot_be_written_needs_no_restart(bench):
    bench.device.firmware.forced.append("failed")
    boot = bench.device.boot_id
    ask(bench)
    bench.device.firmware.fetched(IMAGE, bench.now)
    said = bench.listen()
    assert said[-1][1]["data"] == {"cmd": "f", "status": "failed", "code": "install_failed"}
    assert not bench.device.reboot_wanted and bench.device.boot_id == boot


def test_rolled_back_runs_and_is_undone(bench):
    bench.device.firmware.forced.append("rolled_back")
    ask(bench)
    bench.device.firmware.fetched(IMAGE, bench.now)
    fw, answer = power_up(bench)
    assert (fw, answer["status"]) == ("3.0.0", "in_progress")
    bench.listen(firmware.TRIAL + 1)
    assert power_up(bench) == ("2.4.1", {"cmd": "f", "status": "failed", "code": "rolled_back"})


def test_a_power_cut_in_the_trial_brings_the_old_version_back(bench):
    bench.device.firmware.forced.append("rolled_back")
    ask(bench)
    bench.device.firmware.fetched(IMAGE, bench.now)
    power_up(bench)
    bench.power()
    assert bench.state.fw == "2.4.1" and bench.state.commands["f"]["code"] == "rolled_back"


def test_a_power_cut_resumes_the_download_and_keeps_a_fetched_image(bench):
    ask(bench, not_before=standin.moment(100))
    bench.power()
    assert bench.device.firmware.wanted()
    bench.device.firmware.fetched(IMAGE, bench.now)
    bench.power()
    assert bench.state.fw == "2.4.1" and bench.state.pending_update["stage"] == "ready"
    bench.now += 101
    bench.power()
    assert bench.state.fw == "3.0.0"


def test_the_time_is_waited_for(bench):
    ask(bench, not_before=standin.moment(10))
    bench.device.firmware.fetched(IMAGE, bench.now)
    bench.listen(5)
    assert not bench.device.reboot_wanted
    bench.listen(6)
    assert bench.device.reboot_wanted


def test_the_version_that_runs_is_not_installed_again(bench):
    answer = ask(bench, version="2.4.1")
    assert (answer["status"], answer["code"]) == ("succeeded", "already")
    assert not bench.state.pending_update


def test_one_at_a_time(bench):
    ask(bench)
    assert ask(bench, cmd="g", version="4")["code"] == "busy"
    assert bench.command("machine.reboot")[-1]["code"] == "busy"


@pytest.mark.parametrize("rate", ["firmware_fail_rate", "firmware_rollback_rate"])
def test_rates_decide_where_no_script_does(bench, rate):
    setattr(bench.device.options, rate, 1.0)
    ask(bench)
    bench.device.firmware.fetched(IMAGE, bench.now)
    outcome = {"firmware_fail_rate": "failed", "firmware_rollback_rate": "rolled_back"}[rate]
    assert bench.state.pending_update["outcome"] == outcome


@pytest.fixture
def server():
    """Serves IMAGE at /fw, and 404 elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/fw" else 404)
            self.end_headers()
            self.wfile.write(IMAGE if self.path == "/fw" else b"")

        def log_message(self, *_args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()


@pytest.mark.parametrize(
    ("path", "forced", "ends", "versions"),
    [("/fw", "applied", ("succeeded", None), ["2.4.1", "3.0.0"]),
     ("/fw", "failed", ("failed", "install_failed"), ["2.4.1"]),
     ("/fw", "rolled_back", ("failed", "rolled_back"), ["2.4.1", "3.0.0", "2.4.1"]),
     ("/none", "applied", ("failed", "download_failed"), ["2.4.1"])],
)  # fmt: skip
def test_over_a_broker_and_a_server(world, server, monkeypatch, path, forced, ends, versions):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setattr(firmware, "TRIAL", 0.2)
    fleet, platform = world(tenant=f"fw-{forced}-{path[1:]}", firmware_key=PRIVATE)
    machine = fleet.machines[0]
    machine.force_firmware(forced)
    cmd = platform.command(machine.uuid, "firmware.update", arguments(url=server + path))

    def over():
        last = [ack for ack in platform.acks[machine.uuid] if ack["cmd"] == cmd][-1:]
        return last and (last[0]["status"], last[0].get("code")) == ends

    assert fleet.run_until(over, 10)
    assert platform.statuses(machine.uuid, cmd)[:2] == ["received", "in_progress"]
    assert [birth["data"]["fw"] for birth in platform.births[machine.uuid]] == versions
