# SPDX-License-Identifier: LGPL-3.0-or-later
"""The database comes back from a backup while machines have gone on selling: the drill of
docs/operations/backup.md, with the programs that it names."""

import shutil
from types import SimpleNamespace

import pytest

from fleet.runner import Fleet
from fleet.state import KEPT
from tests import drill as steps
from tests.drill import QUICK
from tests.harness import House
from tools.env import database, mosquitto, postgres

MACHINES = 5
#: sales of the busy machine after the backup: more than a device keeps once they are acknowledged
BUSY = KEPT + 40


@pytest.fixture(scope="module")
def drill(tmp_path_factory):
    """The whole of it; yields what the tests look at."""
    folder = tmp_path_factory.mktemp("drill")
    with (
        pytest.MonkeyPatch.context() as monkey,
        House("wine_restore", access=mosquitto.DYNSEC) as house,
    ):
        monkey.setenv("WINE_BROKER_KEY", house.broker.key)
        yield _run(house, folder)


def _run(house, folder):
    config = house.provision()
    config["machines"] = config["machines"][: MACHINES + 1]
    names = [entry["uuid"] for entry in config["machines"]]
    seen = SimpleNamespace(house=house, names=names, busy=names[0], state=folder / "fleet")
    house.start_bridge()
    with Fleet(config, seen.state, QUICK) as fleet:
        steps.sell(house, fleet, names, 2)
    _backup(house, folder)
    _afterwards(house, config, seen)
    with Fleet(config, seen.state, QUICK) as fleet:
        steps.sell(house, fleet, names[1:MACHINES], 3)
        steps.sell(house, fleet, [seen.busy], BUSY)
        house.kill_bridge()
        for name in names[:MACHINES]:
            steps.buy(fleet.machine(name), 2)
        fleet.run(0.5)
        seen.unsaid = fleet.pending()
    _restore(house, folder)
    seen.said = steps.restored(house)
    seen.again = steps.restored(house)
    house.start_bridge()
    house.do(steps.hurry)
    with Fleet(config, seen.state, QUICK) as fleet:
        assert fleet.run_until(lambda: steps.online(fleet, names[:MACHINES]), 60)
        for name in names[:MACHINES]:
            steps.buy(fleet.machine(name), 1)
        assert fleet.run_until(lambda: _settled(house, fleet), 90), "a gap stays open"
        assert fleet.run_until(fleet.drained, 60), f"{fleet.pending()} events not acknowledged"
        fleet.run(1.0)
        seen.next = {m.uuid: (m.state.epoch, m.state.next_seq) for m in fleet.machines}
        seen.online = {m.uuid for m in fleet.machines if m.online}
        seen.sold = [entry["vend_id"] for m in fleet.machines for entry in m.state.sold.values()]
    assert house.until(lambda: not house.waiting())
    return seen


def _settled(house, fleet):
    """One look at the gaps; whether each has come to its end, and one at a loss."""
    pending, lost = steps.watched(house, fleet)
    return not pending and lost > 0


def _backup(house, folder):
    """Database and files, as the runbook says."""
    postgres.tool("pg_dump", "-Fd", "-j", "2", "-Z", "1", "-f", folder / "dump", house.name)
    stored = database.FILESTORE / house.name
    if stored.exists():
        shutil.copytree(stored, folder / "filestore")


def _afterwards(house, config, seen):
    """What the backup does not know: a new secret, another board, a board that was stolen."""
    seen.rotated, seen.swapped, seen.stolen = seen.names[1], seen.names[2], seen.names[MACHINES]
    entries = {entry["uuid"]: entry for entry in config["machines"]}

    def change(env):
        Machine = env["wine.machine"]
        rotated, swapped, stolen = (
            Machine.search([("uuid", "=", name)])
            for name in (seen.rotated, seen.swapped, seen.stolen)
        )
        fresh = env["wine.bridge.credential"]._issue(rotated)[rotated]
        code, _until = env["wine.bridge.claim"]._make(swapped)
        _machine, epoch, _version, given = env["wine.bridge.claim"]._redeem(swapped.serial, code)
        stolen.action_revoke_credential()
        return fresh, epoch, given

    fresh, epoch, given = house.do(change)
    entries[seen.rotated]["password"] = fresh
    entries[seen.swapped].update(password=given, epoch=epoch)
    told = "SELECT count(*) FROM wine_bridge_credential WHERE stand IS DISTINCT FROM applied"
    assert house.until(lambda: house.query(told)[0][0] == 0)


def _restore(house, folder):
    """The database is gone; a fresh one takes the backup."""
    from odoo.modules.registry import Registry
    from odoo.sql_db import close_db

    Registry.delete(house.name)
    close_db(house.name)
    database.drop(house.name)
    postgres.tool("createdb", house.name)
    postgres.tool("pg_restore", "-j", "2", "--no-owner", "-d", house.name, folder / "dump")
    if (folder / "filestore").exists():
        shutil.copytree(folder / "filestore", database.FILESTORE / house.name)


def test_what_no_machine_was_acknowledged_is_all_there(drill):
    """Each number of each journal is stored, or named as missing: none is passed over."""
    for name in drill.names[:MACHINES]:
        epoch, following = drill.next[name]
        stored = steps.stored(drill.house, name, epoch)
        assert len(stored) == len(set(stored))
        missing = sorted(set(range(1, following)) - set(stored))
        if name != drill.busy:
            assert not missing, f"{name}: {missing}"
    assert drill.unsaid >= 2 * MACHINES


def test_what_is_lost_is_told_exactly(drill):
    """Acknowledged after the backup, and more than the device keeps: a case says how many."""
    epoch, following = drill.next[drill.busy]
    stored = steps.stored(drill.house, drill.busy, epoch)
    missing = sorted(set(range(1, following)) - set(stored))
    assert missing, "the drill lost nothing; it proves nothing"
    assert missing == list(range(missing[0], missing[-1] + 1))
    rows = drill.house.query(
        """SELECT gap.first::int, gap.last::int, gap.missing::int, cause.kind
             FROM wine_bridge_gap gap JOIN wine_machine machine ON machine.id = gap.machine_id
             LEFT JOIN wine_case cause ON cause.id = gap.case_id
            WHERE uuid = %s AND gap.state = 'missing'""",
        drill.busy,
    )
    assert rows == [(missing[0], missing[-1], len(missing), "missing")]


def test_nothing_is_booked_twice(drill):
    rows = drill.house.query(
        "SELECT count(*), count(DISTINCT uuid) FROM wine_vend WHERE uuid = ANY(%s)", drill.sold
    )
    assert rows[0][0] == rows[0][1]
    assert rows[0][0] < len(drill.sold), "the lost ones are known: from where?"


def test_later_secrets_and_boards_go_on(drill):
    """What was issued after the backup is good still; who was shut out stays out."""
    assert {drill.rotated, drill.swapped} <= drill.online
    assert drill.stolen not in drill.online
    epoch, following = drill.next[drill.swapped]
    assert steps.stored(drill.house, drill.swapped, epoch) == list(range(1, following))
    known = drill.house.query(
        "SELECT bridge_epoch FROM wine_machine WHERE uuid = %s", drill.swapped
    )
    assert known == [(epoch,)]


def test_the_command_says_what_it_found(drill):
    assert "2 have a later secret" in drill.said
    assert "1 were revoked after the backup" in drill.said
    assert "revoked" not in drill.again, "done twice it finds something new"
    assert drill.again.rstrip().endswith("Start the bridge and Odoo now.")
