# SPDX-License-Identifier: LGPL-3.0-or-later
"""Firmware for twenty real machines: over a real broker, fetched from a real Odoo, told to fail.

Wave by wave, stopped by its failures, resumed without them, rolled back; a false signature and an
exchanged image are for the machines to find. At the end both sides agree on who runs what.
"""

import base64
import random

import pytest

from fleet.options import Options
from fleet.runner import Fleet
from tests.harness import House
from tools.env import kit

DATABASE = "wine_firmware"
PRIVATE = base64.b64encode(bytes(range(7, 39))).decode()
FORMER, LATEST = "2.4.1", "3.0.0"
CAMPAIGN = "wine.firmware.campaign"
QUICK = Options(seed=5, speed=50.0, rate=0, start_spread=0.2, dispense=0.05, tele=0)


class Roll:
    """A fleet, its platform, and the job that the platform runs every minute."""

    def __init__(self, house, fleet):
        self.house, self.fleet = house, fleet
        self.by_uuid = {machine.uuid: machine for machine in fleet.machines}

    def until(self, condition, seconds=40):
        """Let machines and job run until ``condition()``; the job runs twice at once."""

        def job(env):
            env[CAMPAIGN]._cron_run()

        for _turn in range(int(seconds / 0.3)):
            assert not self.house.at_once(job, job)
            self.fleet.run_until(condition, 0.25)
            if condition():
                return
        raise AssertionError(f"it does not happen: {self.states()}")

    def states(self, campaign=None):
        rows = self.house.query(
            """SELECT state, count(*) FROM wine_firmware_install
                WHERE %s IS NULL OR campaign_id = %s GROUP BY state""",
            campaign,
            campaign,
        )
        return dict(rows)

    def state(self, campaign):
        return self.house.query(
            "SELECT state FROM wine_firmware_campaign WHERE id = %s", campaign
        )[0][0]  # fmt: skip

    def machines(self, campaign, *states):
        """Machines of the fleet whose update is in one of these states."""
        rows = self.house.query(
            """SELECT machine.uuid FROM wine_firmware_install install
                 JOIN wine_machine machine ON machine.id = machine_id
                WHERE campaign_id = %s AND install.state IN %s ORDER BY install.id""",
            campaign,
            states,
        )
        return [self.by_uuid[uuid] for (uuid,) in rows]

    def wave(self, campaign, number):
        rows = self.house.query(
            """SELECT machine.uuid FROM wine_firmware_install install
                 JOIN wine_machine machine ON machine.id = machine_id
                 JOIN wine_firmware_wave wave ON wave.id = wave_id
                WHERE install.campaign_id = %s AND wave.sequence = %s ORDER BY install.id""",
            campaign,
            number,
        )
        return [self.by_uuid[uuid] for (uuid,) in rows]

    def release(self, version, image):
        def work(env):
            models = env["wine.machine.model"].search([])
            made = env["wine.firmware"].create(
                {
                    "version": version,
                    "model_ids": [(6, 0, models.ids)],
                    "file": base64.b64encode(image),
                }
            )
            made.action_sign()
            made.action_release()
            return made.id

        return self.house.do(work)

    def start(self, artefact, *waves, **values):
        def work(env):
            regions = env["wine.machine"].search([("state", "=", "active")]).region_id
            top = regions.search([("id", "parent_of", regions.ids), ("parent_id", "=", False)])
            campaign = env[CAMPAIGN].create(
                {
                    "firmware_id": artefact,
                    "region_id": top[:1].id,
                    "use_window": False,
                    "wave_ids": [
                        (0, 0, {"name": str(number), "sequence": number, **wave})
                        for number, wave in enumerate(waves or [{"kind": "rest"}])
                    ],
                    **values,
                }
            )
            campaign.action_start()
            return campaign.id

        return self.house.do(work)

    def on(self, campaign, deed):
        return self.house.do(lambda env: deed(env[CAMPAIGN].browse(campaign)))


@pytest.fixture(scope="module")
def roll(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkey:
        monkey.setenv("WINE_FIRMWARE_KEY", PRIVATE)
        with House(DATABASE) as house, kit.odoo_server(DATABASE) as address:
            monkey.setenv("WINE_DEVICE_URL", address)
            configuration = house.provision()
            house.start_bridge()
            with Fleet(configuration, tmp_path_factory.mktemp("fleet"), QUICK) as fleet:
                assert fleet.run_until(fleet.ready, 60), "not every machine is ready"
                roll = Roll(house, fleet)
                assert fleet.run_until(lambda: agreed(roll), 30), "versions are not known"
                yield roll


def agreed(roll):
    """Whether the platform knows of each machine what the machine itself knows."""
    rows = dict(roll.house.query("SELECT uuid, firmware FROM wine_machine WHERE state = 'active'"))
    return rows == {machine.uuid: machine.state.fw for machine in roll.fleet.machines}


def test_campaign(roll):
    """Two waves, failures, a machine without a line, exclusion, and back again."""
    noise = random.Random(1)
    former = roll.release(FORMER, noise.randbytes(50_000))
    latest = roll.release(LATEST, noise.randbytes(400_000))
    campaign = roll.start(
        latest,
        {"kind": "percent", "percent": 25.0},
        {"kind": "rest"},
        stop_least=8,
        stop_percent=20.0,
        max_parallel=6,
    )
    pause_while_it_sends(roll, campaign)
    first, second = roll.wave(campaign, 0), roll.wave(campaign, 1)
    assert (len(first), len(second)) == (5, 15)
    for number, machine in enumerate(second[:4]):
        machine.force_firmware("rolled_back" if number % 2 else "failed")
    silent = second[-1]
    silent.go_offline()

    roll.until(lambda: roll.state(campaign) == "stopped")
    assert {machine.state.fw for machine in first} == {LATEST}
    failed = roll.machines(campaign, "failed", "rolled_back")
    assert failed and set(failed) <= set(second[:4])
    assert all(machine.state.fw == FORMER for machine in failed)

    def leave_out(record):
        record.install_ids.filtered(lambda one: one.machine_id.uuid in bad).action_exclude()
        record.action_resume()

    bad = [machine.uuid for machine in second[:4]]
    roll.on(campaign, leave_out)
    roll.until(lambda: len(roll.machines(campaign, "succeeded")) == 15)
    assert roll.state(campaign) == "running" and silent.state.fw == FORMER
    silent.go_online()
    roll.until(lambda: roll.state(campaign) == "done")
    assert silent.state.fw == LATEST

    commands = roll.house.query(
        """SELECT count(*), sum(attempts) FROM wine_firmware_install
             JOIN wine_bridge_command command ON command.machine_id =
                  wine_firmware_install.machine_id AND type = 'firmware.update'
            WHERE campaign_id = %s""",
        campaign,
    )[0]
    assert commands[0] == commands[1], "one command per attempt, though the job ran twice at once"
    assert roll.fleet.run_until(lambda: agreed(roll), 20)

    backs = roll.on(campaign, lambda record: record.action_roll_back() and record.rollback_ids.ids)
    assert len(backs) == 1
    roll.on(backs[0], lambda record: record.action_start())
    roll.until(lambda: roll.state(backs[0]) == "done")
    assert roll.states(backs[0]) == {"succeeded": 16}
    assert {machine.state.fw for machine in roll.fleet.machines} == {FORMER}
    assert roll.fleet.run_until(lambda: agreed(roll), 20)
    assert roll.house.query("SELECT id FROM wine_firmware WHERE id = %s", former)


def pause_while_it_sends(roll, campaign):
    """A person pauses in the very moment in which two jobs send: nothing leaves afterwards."""

    def job(env):
        env[CAMPAIGN]._cron_run()

    def sent():
        return roll.house.query("SELECT count(*) FROM wine_bridge_command "
                                "WHERE type = 'firmware.update'")[0][0]  # fmt: skip

    assert not roll.house.at_once(job, lambda env: env[CAMPAIGN].browse(campaign).action_pause())
    assert roll.state(campaign) == "paused"
    before = sent()
    assert not roll.house.at_once(job, job)
    assert sent() == before
    roll.on(campaign, lambda record: record.action_resume())


def test_two_campaigns_that_start_at_once_share_no_machine(roll):
    artefact = roll.release("5.0.0", b"image")

    def draft(env):
        region = env[CAMPAIGN].search([], limit=1).region_id
        rest = [(0, 0, {"name": "All", "kind": "rest"})]
        values = {"firmware_id": artefact, "region_id": region.id, "wave_ids": rest}
        return env[CAMPAIGN].create([values, values]).ids

    pair = roll.house.do(draft)
    starts = [lambda env, one=one: env[CAMPAIGN].browse(one).action_start() for one in pair]
    roll.house.at_once(*starts)
    rows = roll.house.query(
        """SELECT count(*), count(DISTINCT machine_id) FROM wine_firmware_install
            WHERE campaign_id IN %s""",
        tuple(pair),
    )
    assert rows == [(20, 20)]
    for one in pair:
        if roll.state(one) == "running":
            roll.on(one, lambda record: record.action_close())


@pytest.mark.parametrize(
    ("version", "outcome", "code"),
    [("4.0.0", "rejected", "bad_signature"), ("4.1.0", "failed", "bad_hash")],
)
def test_the_machine_believes_nobody(roll, version, outcome, code):
    """What the platform itself got wrong, or somebody changed in it, is found at the machine."""
    artefact = roll.release(version, b"image" * 1000)
    if code == "bad_signature":
        roll.house.do(lambda env: env.cr.execute(
            "UPDATE wine_firmware SET signature = %s WHERE id = %s",
            [base64.b64encode(b"x" * 64).decode(), artefact]))  # fmt: skip
    else:
        roll.house.do(lambda env: env["wine.firmware"].browse(artefact)._stored().write(
            {"raw": b"Image" * 1000}))  # fmt: skip
    machine = roll.fleet.machines[0]
    ours = roll.house.query("SELECT id FROM wine_machine WHERE uuid = %s", machine.uuid)[0][0]
    before = machine.state.fw
    campaign = roll.start(artefact, machine_ids=[(6, 0, [ours])])
    roll.until(lambda: roll.states(campaign) == {outcome: 1})
    rows = roll.house.query(
        "SELECT code FROM wine_firmware_install WHERE campaign_id = %s", campaign
    )
    assert rows == [(code,)] and machine.state.fw == before
