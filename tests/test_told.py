# SPDX-License-Identifier: LGPL-3.0-or-later
"""What people tell a machine and what is set for it, over real wires: done, and answered.

Commands by hand (docs/protocol §7) and settings of the shadow (§8), with the real bridge and
broker and devices that carry them out.
"""

import pytest

from fleet.options import Options
from fleet.runner import Fleet
from tests.harness import House

OPTIONS = Options(seed=4, rate=0, start_spread=0, hello=0.2, tele=60)


class Office:
    """Somebody at a desk, and machines that listen."""

    def __init__(self, house, fleet):
        self.house, self.fleet = house, fleet
        self.machine = fleet.machines[0]
        self.device = lambda: self.machine.device  # another one after each power-up

    def tell(self, kind):
        """Tell the machine by hand and wait for its last word: (state, code, detail)."""

        def work(env):
            record = env["wine.machine"].search([("uuid", "=", self.machine.uuid)])
            command, new = record._order_command(kind, reason="end to end")
            assert new, f"{kind} is on its way already"
            return command.uuid

        uuid = self.house.do(work)
        ended = lambda: self.answer(uuid)[0] in ("succeeded", "failed", "rejected", "expired")  # noqa: E731
        assert self.fleet.run_until(ended, 30), (kind, self.answer(uuid))
        return self.answer(uuid)

    def answer(self, uuid):
        query = "SELECT state, code, detail FROM wine_bridge_command WHERE uuid = %s"
        return self.house.query(query, uuid)[0]

    def events(self, kind):
        """How many such events of the machine are used."""
        [(count,)] = self.house.query(
            """SELECT count(*) FROM wine_bridge_event event
                 JOIN wine_machine machine ON machine.id = event.machine_id
                WHERE machine.uuid = %s AND event.type = %s AND event.state = 'done'""",
            self.machine.uuid,
            kind,
        )
        return count

    def follows(self, kind, event):
        """The command succeeds, and the event that it asks for arrives."""
        before = self.events(event)
        assert self.tell(kind)[0] == "succeeded"
        assert self.fleet.run_until(lambda: self.events(event) > before, 20), event

    def set(self, field, value, model):
        """Change a setting as a form does; returns uuids of the machines that it is for."""

        def work(env):
            record = env["wine.machine"].search([("uuid", "=", self.machine.uuid)])
            concerned = record[model]
            concerned.write({field: value})
            return (
                env["wine.machine"]
                .search([(model, "=", concerned.id), ("planogram_id", "!=", False)])
                .mapped("uuid")
            )

        return set(self.house.do(work))

    def applied(self, uuids, key, value):
        """Whether the devices have it, and the platform knows that they have all of it."""
        heard = [one for one in self.fleet.machines if one.uuid in uuids]
        assert heard
        if any(one.device.state.desired["config"][key] != value for one in heard):
            return False
        rows = self.house.query(
            """SELECT 1 FROM wine_machine WHERE uuid = ANY(%s) AND (
                      reported_sha256 IS DISTINCT FROM bridge_shadow_sha256)""",
            [one.uuid for one in heard],
        )
        return not rows


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with House("wine_told") as house:
        config = house.provision()
        house.start_bridge()
        with Fleet(config, tmp_path_factory.mktemp("fleet"), OPTIONS) as fleet:
            assert fleet.run_until(fleet.ready, 60)
            assert fleet.run_until(lambda: fleet.drained() and not house.waiting(), 60)
            yield Office(house, fleet)


def test_lock_and_unlock(office):
    assert office.tell("machine.lock")[0] == "succeeded"
    assert office.device().state.locked
    assert office.tell("machine.unlock")[0] == "succeeded"
    assert not office.device().state.locked


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("door.unlock", "door"),
        ("cash.request", "cash.level"),
        ("counter.request", "counter.snapshot"),
    ],
)
def test_what_is_asked_for_comes(office, kind, event):
    office.follows(kind, event)


def test_the_log(office):
    state, _code, detail = office.tell("log.request")
    assert state == "succeeded"
    assert "log.request" in detail and "boots" in detail


def test_a_restart(office):
    boot, births = office.device().boot_id, office.events("birth")
    assert office.tell("machine.reboot")[0] == "succeeded"
    assert office.device().boot_id != boot
    assert office.fleet.run_until(lambda: office.events("birth") > births, 20)


@pytest.mark.parametrize(
    ("model", "field", "key", "value"),
    [
        ("model_id", "bridge_tele_s", "tele_s", 20),
        ("model_id", "humidity_max", "humidity_max", 62.5),
        ("region_id", "min_age", "min_age", 20),
    ],
)
def test_a_setting_that_is_saved_is_applied(office, model, field, key, value):
    """Under the version that the machines have: neither a planogram nor a price is another."""
    version = office.device().state.version
    uuids = office.set(field, value, model)
    assert office.machine.uuid in uuids
    done = lambda: office.applied(uuids, key, value)  # noqa: E731
    assert office.fleet.run_until(done, 30), (key, value)
    assert office.device().state.version == version


def test_a_machine_that_was_away_has_it_when_it_is_back(office):
    office.machine.go_offline()
    office.fleet.run(0.3)
    uuids = office.set("bridge_tele_s", 40, "model_id") & {office.machine.uuid}
    office.fleet.run(1.0)
    assert office.device().state.desired["config"]["tele_s"] != 40
    office.machine.go_online()
    assert office.fleet.run_until(lambda: office.applied(uuids, "tele_s", 40), 30)
