# SPDX-License-Identifier: LGPL-3.0-or-later
"""Several projectors on one inbox, with real cursors: nothing twice, each machine in its order.

Two projectors work in threads on one database, in tiny rounds, while the inbox holds poison,
messages whose moment has not come, and one machine that has far more than the others.
"""

import itertools
import json
import random
import threading
import time
from collections import Counter, defaultdict
from datetime import datetime, timezone
from unittest.mock import patch
from uuid import uuid4

import pytest

from tests.harness import House

DATABASE = "wine_projectors"
MACHINES, EACH, FLOOD = 12, 12, 150
EPOCHS = itertools.count(1000)


@pytest.fixture(scope="module")
def house():
    with House(DATABASE) as house:
        yield house


@pytest.fixture
def inbox(house):
    """Machines with empty inboxes, and a function that stores events of theirs at the door."""
    with house.env() as env:
        env.cr.execute("UPDATE wine_bridge_event SET state = 'done' WHERE state = 'new'")
        machines = env["wine.machine"].search([("state", "=", "active")], limit=MACHINES)
        rows = [(machine.id, machine.uuid, machine.slot_ids[:1].code) for machine in machines]
    return Inbox(house, rows)


class Inbox:
    """Stores what machines say, in the order given, through the bridge's own door."""

    def __init__(self, house, machines):
        self.house, self.machines = house, machines
        self.seqs = Counter()
        self.epoch = next(EPOCHS)
        self.publishes = []  # what was stored last

    def store(self, speakers, kind="door", data=None):
        """One event for each of ``speakers`` (machine ids); returns message ids in order."""
        from odoo.addons.wine_device_bridge.process.link import Publish

        uuids = {row[0]: row[1] for row in self.machines}
        publishes, ids = self.publishes, []
        publishes.clear()
        for machine in speakers:
            self.seqs[machine] += 1
            ids.append(str(uuid4()))
            now = datetime.now(timezone.utc)
            payload = {
                "id": ids[-1], "epoch": self.epoch, "seq": self.seqs[machine],
                "boot": str(uuid4()), "ts": now.isoformat(), "ts_q": "synced", "hist": False,
                "type": kind,
                "data": data or {"state": ("opened", "closed")[self.seqs[machine] % 2]},
            }  # fmt: skip
            publishes.append(
                Publish(
                    f"wine/v1/{DATABASE}/{uuids[machine]}/up/evt",
                    json.dumps(payload).encode(),
                    1,
                    1,
                    now.replace(tzinfo=None),
                    1,
                )
            )
        stored = self.take(publishes)
        assert (stored.stored, stored.quarantined) == (len(publishes), 0)
        return ids

    def take(self, publishes):
        """Store messages as the bridge's worker does, in a transaction of its own."""
        from odoo.addons.wine_device_bridge.core.topics import Topics
        from odoo.addons.wine_device_bridge.process.store import Batch, Known
        from odoo.sql_db import db_connect

        topics = Topics("wine/v1", DATABASE)
        known = {uuid: Known(row_id, self.epoch) for row_id, uuid, _slot in self.machines}
        with db_connect(DATABASE).cursor() as cr:
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            return Batch(cr, topics, known).store(publishes)


class Watcher:
    """Stands in the door of the facts: who took what when, and what must fail."""

    def __init__(self, poison=(), later=(), error=ZeroDivisionError):
        self.error = error
        self.poison, self.later = set(poison), dict.fromkeys(later, 0)
        self.lock = threading.Lock()
        self.at_work = defaultdict(set)  # machine id → threads that hold facts of it
        self.overlaps = []
        self.tried = []

    def patched(self):
        from odoo.addons.wine_vending.core.facts import RetryLater
        from odoo.addons.wine_vending.models.wine_projection import WineMachine

        project = WineMachine._project
        watcher = self

        def _project(model, facts):
            machines = {fact.machine_id for fact in facts}
            me = threading.get_ident()
            with watcher.lock:
                for machine in machines:
                    watcher.at_work[machine].add(me)
                    if len(watcher.at_work[machine]) > 1:
                        watcher.overlaps.append(machine)
            try:
                time.sleep(0.003)  # long enough to meet
                for fact in facts:
                    if fact.reference in watcher.poison:
                        raise watcher.error("poison")
                    if watcher.later.get(fact.reference, 9) < 2:
                        watcher.later[fact.reference] += 1
                        raise RetryLater("a session is closing")
                return project(model, facts)
            finally:
                with watcher.lock:
                    for machine in machines:
                        watcher.at_work[machine].discard(me)

        return patch.object(WineMachine, "_project", _project)


def projectors(house, count, batch=20):
    from odoo.addons.wine_device_bridge.process.project import Projector
    from odoo.addons.wine_device_bridge.process.settings import Settings

    stopping = threading.Event()
    settings = Settings(database=house.name, project_batch=batch)
    made = [Projector(settings, stopping, threading.Event(), idle=0.05) for _i in range(count)]
    return made, stopping


def run_until_used(house, made, stopping, seconds=60):
    threads = [threading.Thread(target=one.run) for one in made]
    for thread in threads:
        thread.start()
    used = house.until(lambda: not house.waiting(), seconds)
    stopping.set()
    for thread in threads:
        thread.join(20)
    return used


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    from odoo.addons.wine_device_bridge.process import project

    monkeypatch.setattr(project, "HOLD", 0.2)


@pytest.fixture
def quiet():
    from odoo.tools import mute_logger

    with mute_logger(
        "odoo.sql_db",
        "odoo.addons.wine_device_bridge.process.project",
        "odoo.addons.wine_device_bridge.models.wine_bridge_projection",
    ):
        yield


def test_two_projectors_share_no_machine(house, inbox, quiet):
    chance = random.Random(3)
    ids = [row[0] for row in inbox.machines]
    speakers = ids * EACH + [ids[0]] * FLOOD
    chance.shuffle(speakers)
    stored = inbox.store(speakers)
    poison = chance.sample(stored, 3)
    later = chance.sample([one for one in stored if one not in poison], 3)
    made, stopping = projectors(house, 2)
    watcher = Watcher(poison, later)
    with watcher.patched():
        assert run_until_used(house, made, stopping), f"{house.waiting()} messages wait"
    assert not watcher.overlaps, "two projectors worked on one machine at once"
    assert all(one.total for one in made), "one of them found nothing to do"
    assert sum(one.total for one in made) >= len(stored)
    states = Counter(
        house.query("SELECT state FROM wine_bridge_event WHERE event_id = ANY(%s)", stored)
    )
    assert states == {("done",): len(stored) - 3, ("failed",): 3}
    put_aside = house.query(
        """SELECT event.event_id, event.attempts, wine_case.kind FROM wine_bridge_event event
             JOIN wine_case ON wine_case.id = event.case_id WHERE event.event_id = ANY(%s)""",
        poison,
    )
    assert sorted(row[0] for row in put_aside) == sorted(poison)
    assert {row[1:] for row in put_aside} == {(3, "message")}


def test_what_is_too_large_for_the_database_is_put_aside(house, inbox, quiet):
    """PostgreSQL calls it operational, like a lost connection: waiting does not help."""
    from psycopg2.errors import ProgramLimitExceeded

    stored = inbox.store([row[0] for row in inbox.machines] * 2)
    made, stopping = projectors(house, 1)
    with Watcher(stored[:1], error=ProgramLimitExceeded).patched():
        assert run_until_used(house, made, stopping, 30), f"{house.waiting()} messages wait"
    states = Counter(
        house.query("SELECT state FROM wine_bridge_event WHERE event_id = ANY(%s)", stored)
    )
    assert states == {("done",): len(stored) - 1, ("failed",): 1}


def test_a_failure_that_cannot_be_noted_holds_up_its_machine_alone(house, inbox, quiet):
    from odoo.addons.wine_device_bridge.models.wine_bridge_projection import WineBridgeEvent
    from odoo.addons.wine_device_bridge.process import project

    ids = [row[0] for row in inbox.machines]
    stored = inbox.store(ids * 3)
    made, stopping = projectors(house, 1)

    def fails(self, row, error):
        raise LookupError("there is no table of cases")

    thread = threading.Thread(target=made[0].run)
    with (
        Watcher(stored[:1]).patched(),
        patch.object(WineBridgeEvent, "_count_failure", fails),
        patch.object(project, "STUCK", 1.0),
    ):
        thread.start()
        try:
            assert house.until(lambda: house.waiting() <= 3, 30), f"{house.waiting()} wait"
            assert thread.is_alive()
        finally:
            stopping.set()
            thread.join(20)
    waiting = house.query("SELECT DISTINCT machine_id FROM wine_bridge_event WHERE state = 'new'")
    assert waiting == [(ids[0],)]


def test_each_machine_keeps_its_order(house, inbox, quiet):
    """Doors open and close in turn: the last word of each machine is what stands at the end."""
    from odoo.addons.wine_vending.models.wine_projection import WineMachine

    ids = [row[0] for row in inbox.machines]
    inbox.store([machine for _round in range(25) for machine in ids])
    order, lock, project = defaultdict(list), threading.Lock(), WineMachine._project

    def noted(model, facts):
        result = project(model, facts)
        with lock:
            for fact in facts:
                order[fact.machine_id].append(fact.position)
        return result

    made, stopping = projectors(house, 3, batch=40)
    with patch.object(WineMachine, "_project", noted):
        assert run_until_used(house, made, stopping)
    for machine in ids:
        distinct = list(dict.fromkeys(order[machine]))
        assert distinct == sorted(distinct), "a later message was used before an earlier one"
        assert len(distinct) == 25
    doors = house.query("SELECT DISTINCT door_state FROM wine_machine WHERE id = ANY(%s)", ids)
    assert doors == [("closed",)]


def test_a_flood_starves_nobody(house, inbox):
    """The flooding machine came first and has thousands; the others wait for one round."""
    from odoo.addons.wine_device_bridge.process.claims import Claims

    first, *others = [row[0] for row in inbox.machines]
    inbox.store([first] * 3000 + others)
    claims = Claims(house.name, after=first - 1)
    try:
        claimed = claims.take(100)
        assert claimed[first] == 50 + (100 - 50 - len(others))
        assert set(others) < set(claimed), "all others are served in the same round"
        claims.release()
        assert claims.take(50) == {first: 50}, "the circle goes on behind the last one"
        claims.release()
        assert claims.take(50) == {**dict.fromkeys(others, 1), first: 50}
    finally:
        claims.forget()


def test_a_claim_ends_with_its_connection(house, inbox):
    from odoo.addons.wine_device_bridge.process.claims import Claims

    ids = sorted(row[0] for row in inbox.machines)
    inbox.store(ids)
    one, two = Claims(house.name, after=0), Claims(house.name, after=0)
    try:
        assert sorted(one.take(100)) == ids
        assert two.take(100) == {}, "all are claimed"
        one.connection.close()
        assert house.until(lambda: two.take(100), 5), "the locks of a dead projector stay"
        assert sorted(two.held) == ids
        assert one.take(100) == {}
        two.release()
        assert sorted(one.take(3, without=ids[:2])) == ids[2:5]
    finally:
        one.forget()
        two.forget()


def test_the_working_transaction_sees_what_was_committed_before(house, inbox):
    """The lock comes before the snapshot: what another one used is never used again."""
    from odoo.addons.wine_device_bridge.process.project import Projector

    ids = [row[0] for row in inbox.machines]
    inbox.store(ids * 10)
    made, stopping = projectors(house, 2, batch=10)
    conflicts = []
    in_transaction = Projector._in_transaction

    def counted(self, work):
        try:
            return in_transaction(self, work)
        except Exception as error:
            conflicts.append(error)
            raise

    with patch.object(Projector, "_in_transaction", counted):
        assert run_until_used(house, made, stopping)
    marks = [error for error in conflicts if "wine_bridge_event" in str(error)]
    assert not marks, marks


def test_messages_that_come_again_hold_up_no_round(house, inbox):
    """Machines that send again and again what waits to be used: no round fails by it."""
    from odoo.addons.wine_device_bridge.process.again import count_again
    from odoo.addons.wine_device_bridge.process.project import Projector
    from odoo.addons.wine_vending.models.wine_projection import WineMachine
    from odoo.sql_db import db_connect

    ids = [row[0] for row in inbox.machines]
    stored = inbox.store(ids * 5)
    again, project, failures = [], WineMachine._project, []

    def meanwhile(model, facts):
        again.append(inbox.take(inbox.publishes))
        return project(model, facts)

    in_transaction = Projector._in_transaction

    def counted(self, work):
        try:
            return in_transaction(self, work)
        except Exception as error:
            failures.append(error)
            raise

    made, stopping = projectors(house, 1, batch=1000)
    with (
        patch.object(WineMachine, "_project", meanwhile),
        patch.object(Projector, "_in_transaction", counted),
    ):
        assert run_until_used(house, made, stopping)
    assert again
    assert not failures, failures
    assert {result.duplicates for result in again} == {len(stored)}
    left = Counter()
    for result in again:
        left.update(result.uncounted)
    assert len(left) == len(stored), "each was in use when it came again"
    with db_connect(DATABASE).cursor() as cr:
        assert count_again(cr, left) == {}
    rows = house.query(
        "SELECT DISTINCT duplicates FROM wine_bridge_event WHERE event_id = ANY(%s)", stored
    )
    assert rows == [(len(again),)], "each is counted, once"


def test_what_waits_is_counted_before_a_projector_has_it(house, inbox):
    """Nobody is using it: the count stands at once, and the machine is claimed a moment later."""
    from odoo.addons.wine_device_bridge.process.claims import Claims

    ids = [row[0] for row in inbox.machines]
    stored = inbox.store(ids)
    assert inbox.take(inbox.publishes).uncounted == {}
    claims = Claims(house.name, after=0)
    try:
        claimed = claims.take(1000)
        assert sorted(claimed) == sorted(ids), "the door has let go of the machines"
        assert len(inbox.take(inbox.publishes).uncounted) == len(stored)
    finally:
        claims.forget()
    counts = house.query(
        "SELECT DISTINCT duplicates FROM wine_bridge_event WHERE event_id = ANY(%s)", stored
    )
    assert counts == [(1,)]
