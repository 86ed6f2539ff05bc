# SPDX-License-Identifier: LGPL-3.0-or-later
"""The cluster comes back out of a base backup and the archived write-ahead log: the drill of
docs/operations/backup.md, *To a point in time*, twice on one company.

First the disk of the database is lost: everything up to the last archived byte comes back, and
machines say the rest again. Then somebody deletes the payments: the cluster goes back to the moment
before, and what machines told since, and do not hold any more, is named.
"""

import time
from functools import partial
from types import SimpleNamespace

import pytest

from fleet.runner import Fleet
from fleet.state import KEPT
from tests import drill as steps
from tests.archive import Archive
from tests.chaos.ground import Ground

MACHINES = 5
#: sales of the busy machine after the mistake: more than a device keeps once they are acknowledged
BUSY = KEPT + 10
PAYMENTS = "SELECT count(*), sum(amount) FROM pos_payment"


@pytest.fixture(scope="module")
def drill():
    """The whole of it; yields what the tests look at."""
    with Ground("wine_pitr", machines=MACHINES, hasty=True) as ground:
        yield _run(ground)


def _run(ground):
    names = [entry["uuid"] for entry in ground.config["machines"]]
    seen = SimpleNamespace(
        ground=ground, archive=Archive(ground.cluster), names=names, busy=names[0], quiet=names[-1]
    )
    seen.archive.begin()
    ground.start_bridge()
    assert ground.until(ground._hears)
    ground.do(steps.hurry)
    seen.disk = _disk_lost(ground, seen)
    seen.mistake = _mistake(ground, seen)
    return seen


def _disk_lost(ground, seen):
    """Sales before the backup, before the last archived byte, after it, and with no database."""
    it = SimpleNamespace()
    with Fleet(ground.fleet_config(), ground.state, steps.QUICK) as fleet:
        steps.sell(ground, fleet, seen.names, 1)
        seen.archive.base_backup("first")
        steps.sell(ground, fleet, seen.names, 2)
        seen.archive.pause()
        it.archived = _held(ground, seen.names)
        steps.sell(ground, fleet, seen.names, 3)
        seen.archive.lose()
        for name in seen.names[:-1]:
            steps.buy(fleet.machine(name), 2)
        fleet.run(0.5)
        it.unsaid, it.told = fleet.pending(), _told(fleet)
    ground.stop_bridge()
    it.seconds = seen.archive.recover()
    _take_up(ground, seen, it)
    return it


def _mistake(ground, seen):
    """Everything that stands in a table is deleted, and seen only after many sales."""
    it = SimpleNamespace()
    seen.archive.base_backup("second")
    with Fleet(ground.fleet_config(), ground.state, steps.QUICK) as fleet:
        steps.sell(ground, fleet, seen.names, 1)
        it.payments = ground.query(PAYMENTS)
        it.archived = _held(ground, seen.names)
        moment = ground.query("SELECT clock_timestamp() AT TIME ZONE 'UTC'")[0][0]
        ground.query("DELETE FROM pos_payment")
        it.wrong = ground.query(PAYMENTS)
        steps.sell(ground, fleet, seen.names, 3)
        steps.sell(ground, fleet, [seen.busy], BUSY)
        it.told = _told(fleet)
    ground.stop_bridge()
    it.seconds = seen.archive.recover(
        recovery_target_time=f"{moment}+00", recovery_target_action="promote"
    )
    it.again = ground.query(PAYMENTS)
    _take_up(ground, seen, it)
    with seen.archive.beside(recovery_target_timeline="current") as second:
        house = SimpleNamespace(query=partial(second.sql, ground.name))
        it.beside = {name: steps.stored(house, name, 1) for name in seen.names}
        it.beside_vends = {row[0] for row in second.sql(ground.name, "SELECT uuid FROM wine_vend")}
    seen.archive.pause()
    it.failed = ground.query("SELECT failed_count FROM pg_stat_archiver")[0][0]
    return it


def _take_up(ground, seen, it):
    """Step 4 of *Restoring* and what follows it, until nothing is open any more."""
    _forget(ground)
    it.came = _held(ground, seen.names)
    it.timeline = seen.archive.timeline()
    it.said = steps.restored(ground)
    ground.start_bridge()
    assert ground.until(ground._hears)
    with Fleet(ground.fleet_config(), ground.state, steps.QUICK) as fleet:
        assert fleet.run_until(lambda: steps.online(fleet, seen.names), 60)
        began = time.monotonic()
        settled = fleet.run_until(lambda: _settled(ground, fleet), 60)
        assert settled, f"{fleet.pending()} events not acknowledged, or a gap stays open"
        it.settled = time.monotonic() - began
        it.used = {m.uuid: (m.state.epoch, m.state.next_seq) for m in fleet.machines}
        it.sold = [entry["vend_id"] for m in fleet.machines for entry in m.state.sold.values()]
    assert ground.until(lambda: not ground.waiting())
    it.stored = _held(ground, seen.names)
    it.gaps = ground.query(
        """SELECT uuid, gap.first::int, gap.last::int, gap.missing::int, cause.kind
             FROM wine_bridge_gap gap JOIN wine_machine machine ON machine.id = gap.machine_id
             LEFT JOIN wine_case cause ON cause.id = gap.case_id WHERE gap.state = 'missing'"""
    )
    it.booked = [row[0] for row in ground.query("SELECT uuid FROM wine_vend")]
    it.orders = ground.query(
        """SELECT count(*), count(DISTINCT wine_vend_id) FROM pos_order
            WHERE wine_vend_id IS NOT NULL"""
    )[0]


def _forget(ground):
    """What this process remembers is of the database that is gone."""
    from odoo.modules.registry import Registry
    from odoo.sql_db import close_db

    close_db(ground.name)
    Registry(ground.name).clear_all_caches()


def _settled(ground, fleet):
    """Machines have answered what they were asked for, and every gap has come to its end."""
    asked = ground.query(
        """SELECT count(*) FROM wine_bridge_command
            WHERE type = 'event.resend' AND state IN ('queued', 'sent')"""
    )[0][0]
    return not steps.watched(ground, fleet)[0] and not asked and fleet.drained()


def _held(ground, names):
    """Machine → numbers of its events that the platform has."""
    return {name: steps.stored(ground, name, 1) for name in names}


def _told(fleet):
    """Machine → numbers of its events that the platform has acknowledged."""
    return {
        machine.uuid: set(range(1, machine.state.next_seq)) - set(machine.state.pending)
        for machine in fleet.machines
    }


def _lost(it):
    """Machine → numbers that were acknowledged, and are not in what was recovered."""
    return {name: told - set(it.came[name]) for name, told in it.told.items()}


@pytest.mark.parametrize("which", ["disk", "mistake"])
def test_all_of_the_archive_comes_back_and_nothing_else(drill, which):
    it = getattr(drill, which)
    assert it.came == it.archived
    assert all(_lost(it).values()), "the drill lost nothing; it proves nothing"


def test_a_lost_disk_loses_no_event(drill):
    """What came after the last archived byte is asked for, and nobody else had it: not even of
    the machine that has nothing new to say."""
    assert drill.disk.unsaid >= 2 * (MACHINES - 1)
    for name, (epoch, following) in drill.disk.used.items():
        assert epoch == 1
        assert drill.disk.stored[name] == list(range(1, following))
    assert drill.disk.gaps == []
    assert set(drill.disk.sold) <= set(drill.disk.booked)


def test_the_moment_before_a_mistake(drill):
    """The payments are there again, and what machines sold since is paid for as well."""
    assert drill.mistake.wrong == [(0, None)]
    assert drill.mistake.payments[0][0] > MACHINES
    assert drill.mistake.again == drill.mistake.payments


def test_what_going_back_loses_is_told_exactly(drill):
    it = drill.mistake
    for name, (_epoch, following) in it.used.items():
        missing = sorted(set(range(1, following)) - set(it.stored[name]))
        if name != drill.busy:
            assert not missing, f"{name}: {missing}"
        else:
            assert missing, "the drill lost nothing; it proves nothing"
            assert it.gaps == [(name, missing[0], missing[-1], len(missing), "missing")]
            assert set(missing) < _lost(it)[name], "the machine was not asked"


def test_what_going_back_loses_can_be_read_beside(drill):
    """The archive goes on beyond the moment: in the timeline of before."""
    it = drill.mistake
    assert {name: set(seqs) for name, seqs in it.beside.items()} == it.told
    unknown = set(it.sold) - set(it.booked)
    assert unknown
    assert unknown <= it.beside_vends


@pytest.mark.parametrize("which", ["disk", "mistake"])
def test_nothing_is_booked_twice(drill, which):
    it = getattr(drill, which)
    assert len(it.booked) == len(set(it.booked))
    assert it.orders[0] == it.orders[1]
    for name, seqs in it.stored.items():
        assert len(seqs) == len(set(seqs)), name


def test_it_can_be_done_again(drill):
    """Each recovery is a timeline of its own, archived beside the earlier ones."""
    assert (drill.disk.timeline, drill.mistake.timeline) == (2, 3)
    assert drill.mistake.failed == 0


def test_the_command_has_nothing_to_say_of_accounts(drill):
    for it in (drill.disk, drill.mistake):
        assert it.said.strip() == "Done. Start the bridge and Odoo now."
