# SPDX-License-Identifier: LGPL-3.0-or-later
"""Against a real broker: sessions, acknowledgements, commands, lost lines."""

import socket

import pytest

from fleet.errors import BadConfig, Refused
from fleet.options import Options
from fleet.runner import Fleet
from fleet.tests import standin


def test_a_sale_reaches_the_platform_and_is_forgotten_only_then(world):
    fleet, platform = world(tenant="sale")
    machine = fleet.machines[0]
    vend_id = machine.buy("A1", pay="cash", outcome="success")
    assert machine.state.pending
    assert fleet.run_until(fleet.drained, 10)
    told = platform.of_type("vend.local")
    assert [event["data"]["vend_id"] for event in told] == [vend_id]
    assert fleet.report()["totals"]["values"]["kept"] == {"EUR": "12.50"}


def test_what_a_machine_says_leaves_at_once(world):
    fleet, _platform = world(tenant="atonce")
    sock = fleet.machines[0].link.client.socket()
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_birth_state_and_reported(world):
    fleet, platform = world(tenant="birth")
    uuid = fleet.machines[0].uuid
    assert fleet.run_until(lambda: platform.reported.get(uuid, {}).get("version") == 1, 5)
    assert platform.births[uuid][0]["data"]["next_seq"] == 1
    assert platform.states[uuid] == "online"


def test_a_vend_by_the_platform(world):
    fleet, platform = world(tenant="vend")
    machine = fleet.machines[0]
    cmd = platform.command(machine.uuid, "vend.authorize", standin.authorisation("v1"))
    assert fleet.run_until(lambda: platform.of_type("vend.result") and fleet.drained(), 10)
    kinds = [event["type"] for event in platform.events[machine.uuid].values()]
    assert kinds == ["vend.accepted", "vend.started", "vend.result"]
    life = ["received", "in_progress", "succeeded"]
    assert fleet.run_until(lambda: platform.statuses(machine.uuid, cmd) == life, 5)
    entry = machine.state.sold["v1"]
    assert (entry["origin"], entry["outcome"], entry["total"]) == ("platform", "success", "12.50")


def test_the_will_is_spoken_and_offline_sales_come_later(world):
    fleet, platform = world(tenant="offline")
    machine = fleet.machines[0]
    machine.go_offline()
    assert fleet.run_until(lambda: platform.states.get(machine.uuid) == "offline", 5)
    for _ in range(3):
        machine.buy("A1")
    fleet.run(0.2)
    assert len(machine.state.pending) == 3 and not platform.of_type("vend.local")
    machine.go_online()
    assert fleet.run_until(fleet.drained, 10)
    told = platform.of_type("vend.local")
    assert [event["hist"] for event in told] == [True] * 3
    assert platform.states[machine.uuid] == "online"


def test_commands_wait_in_the_session_and_the_late_ones_expire(world):
    fleet, platform = world(tenant="session")
    machine = fleet.machines[0]
    machine.go_offline()
    fleet.run_until(lambda: platform.states.get(machine.uuid) == "offline", 5)
    late = platform.command(machine.uuid, "machine.lock", seconds=0.1)
    good = platform.command(machine.uuid, "cash.request")
    platform.command(machine.uuid, "vend.authorize", standin.authorisation("v", seconds=0.1))
    fleet.run(0.2)
    machine.go_online()
    assert fleet.run_until(lambda: "succeeded" in platform.statuses(machine.uuid, good), 10)
    assert platform.statuses(machine.uuid, late) == ["received", "expired"]
    assert fleet.run_until(fleet.drained, 10)
    assert [e["data"]["code"] for e in platform.of_type("vend.rejected")] == ["expired"]
    assert not machine.state.locked and not machine.device.motor.moves


def test_without_acknowledgement_everything_stays_and_goes_again(world):
    fleet, platform = world(tenant="silent", acking=False, ack_timeout=0.3)
    machine = fleet.machines[0]
    machine.buy("A1")
    assert fleet.run_until(lambda: platform.copies >= 2, 10)
    assert len(machine.state.pending) == 1 and not platform.conflicts
    platform.acking = True
    assert fleet.run_until(fleet.drained, 10)


def test_duplicates_on_purpose_are_the_same(world):
    fleet, platform = world(tenant="twice", duplicate_rate=1.0)
    fleet.machines[0].buy("A1")
    assert fleet.run_until(lambda: fleet.drained() and platform.copies, 10)
    assert platform.copies >= 1 and not platform.conflicts
    assert fleet.report()["totals"]["duplicates_sent"] >= 1


def test_a_power_cut_in_the_middle(world):
    fleet, platform = world(tenant="power", dispense=30)
    machine = fleet.machines[0]
    platform.command(machine.uuid, "vend.authorize", standin.authorisation("v1"))
    assert fleet.run_until(lambda: platform.of_type("vend.started"), 10)
    machine.power_cut()
    machine.go_online()
    assert fleet.run_until(lambda: platform.of_type("vend.result") and fleet.drained(), 10)
    assert platform.of_type("vend.result")[0]["data"]["outcome"] == "unknown"
    assert not platform.conflicts


def test_reboot_over_the_air(world):
    fleet, platform = world(tenant="reboot")
    machine = fleet.machines[0]
    cmd = platform.command(machine.uuid, "machine.reboot")
    assert fleet.run_until(lambda: "succeeded" in platform.statuses(machine.uuid, cmd), 10)
    boots = [birth["boot"] for birth in platform.births[machine.uuid]]
    assert len(boots) == len(set(boots)) == 2


def test_a_new_board_starts_a_new_epoch(world):
    fleet, platform = world(tenant="board")
    machine = fleet.machines[0]
    machine.buy("A1")
    assert fleet.run_until(fleet.drained, 10)
    machine.reset_board(2)
    machine.go_online()
    machine.buy("A1")
    assert fleet.run_until(fleet.drained, 10)
    assert list(platform.events[machine.uuid]) == [(1, 1), (2, 1)]
    with pytest.raises(Refused, match="unknown_epoch"):
        machine.reset_board(2)


def test_a_wiped_state_folder_takes_new_numbers(world, tmp_path):
    fleet, platform = world(tenant="wiped", start_spread=0)
    for _ in range(4):
        fleet.machines[0].buy("A1")
    assert fleet.run_until(fleet.drained, 10)
    config, options = fleet.config, fleet.options
    fleet.machines[0].go_offline()
    with Fleet(config, tmp_path / "other", options) as fresh:
        assert fresh.run_until(fresh.ready, 10)
        fresh.machine("WV-0001").buy("A2")
        assert fresh.run_until(fresh.drained, 10)
    numbers = [seq for _epoch, seq in platform.events[config.machines[0].uuid]]
    assert sorted(numbers) == [1, 2, 3, 4, 5]
    assert not platform.conflicts


def test_many_machines_share_a_thread(world):
    fleet, platform = world(count=60, tenant="many")
    for machine in fleet.machines:
        machine.act("visit")
        machine.buy("A1")
    assert fleet.run_until(fleet.drained, 20)
    assert sum(len(events) for events in platform.events.values()) == 60 * 8
    assert not platform.conflicts


def test_auth_request_goes_up_with_its_id(world):
    fleet, platform = world(tenant="auth")
    machine = fleet.machines[0]
    request = machine.request("member", "T1", slot="A1")
    assert fleet.run_until(fleet.drained, 10)
    event = platform.of_type("auth.request")[0]
    assert event["corr"] == event["data"]["request_id"] == request
    cmd = platform.command(machine.uuid, "auth.deny", {"request_id": request, "code": "unknown"})
    assert fleet.run_until(lambda: "succeeded" in platform.statuses(machine.uuid, cmd), 5)


def test_no_broker_is_a_warning_and_tried_again(tmp_path, caplog):
    config = standin.configuration(standin.free_port())
    with Fleet(config, tmp_path) as fleet:
        fleet.run(0.1)
        assert not fleet.machines[0].online and fleet.machines[0].retry_at
    assert "no connection" in caplog.text


def test_two_fleets_do_not_share_a_folder(world):
    fleet, _platform = world(tenant="shared")
    with pytest.raises(BadConfig, match="another fleet"):
        Fleet(fleet.config, fleet.state_dir)


def test_the_broker_is_away_for_a_while(tmp_path):
    """Everything sold meanwhile arrives, once; a platform that missed it all gets it again."""
    broker = standin.Broker(tmp_path).start()
    config = standin.configuration(broker.port, 20)
    platform = standin.Platform(config).start()
    platform.desire(standin.planogram())
    options = Options(start_spread=0, dispense=0, hello=0.3, rate=0, ack_timeout=1)
    with Fleet(config, tmp_path / "state", options) as fleet:
        assert fleet.run_until(fleet.ready, 10)
        broker.stop()
        assert fleet.run_until(lambda: not any(m.online for m in fleet.machines), 5)
        for machine in fleet.machines:
            machine.buy("A1")
        fleet.run(0.3)
        assert fleet.pending() == 20
        broker.start()
        assert fleet.run_until(lambda: fleet.ready() and fleet.drained(), 20)
    platform.stop()
    broker.stop()
    assert len(platform.of_type("vend.local")) == 20 and not platform.conflicts


def test_a_refused_login_is_a_warning_and_no_session(tmp_path, caplog):
    broker = standin.Broker(tmp_path)
    broker.conf.write_text(broker.conf.read_text().replace("allow_anonymous true",
                                                           "allow_anonymous false"))  # fmt: skip
    broker.start()
    with Fleet(standin.configuration(broker.port), tmp_path / "state") as fleet:
        assert fleet.run_until(lambda: "refuses" in caplog.text, 5)
        assert not fleet.machines[0].online
        with pytest.raises(Refused, match="unknown_slot"):
            fleet.machines[0].buy("A1")
    broker.stop()
    assert "'p'" not in caplog.text
