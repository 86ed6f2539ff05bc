# SPDX-License-Identifier: LGPL-3.0-or-later
"""Publications, schedule and reports of one machine at the same moment, in real transactions."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest

from odoo import fields
from odoo.exceptions import UserError

from tests.harness import House


@pytest.fixture(scope="module")
def house():
    with House("test_races") as home:
        yield home


@pytest.fixture
def machine(house):
    """Id of a machine that follows its planogram."""

    def begin(env):
        found = env["wine.machine"].search(
            [("state", "=", "active"), ("planogram_id", "!=", False)], order="id", limit=1
        )
        found.planogram_ids.filtered(lambda p: p.state == "draft").unlink()
        report(env, found.id, found.wanted_version)
        return found.id

    return house.do(begin)


def draft(env, machine_id, step):
    machine = env["wine.machine"].browse(machine_id)
    lines = [line._values() for line in machine.planogram_id.line_ids]
    lines[step % len(lines)]["price"] += 1 + step
    return env["wine.planogram"]._make_drafts([{"machine": machine, "lines": lines}]).id


def report(env, machine_id, version):
    from odoo.addons.wine_vending.core.facts import Fact

    now = fields.Datetime.now()
    data = {"version": version, "errors": []}
    fact = Fact(machine_id, "machine.reported", data, now, now, now, reference=str(uuid4()))
    env["wine.machine"]._project([fact])


@contextmanager
def together(house, parties):
    """All parties have read what they act on before the first one takes the lock."""
    barrier = threading.Barrier(parties)
    met = threading.local()
    with house.env() as env:
        cls = type(env["wine.machine"])
    lock = cls._lock_versions

    def wait(self):
        if not getattr(met, "once", False):
            met.once = True
            self.env.cr.execute("SELECT 1")  # the snapshot is taken here
            barrier.wait(timeout=30)
        return lock(self)

    with patch.object(cls, "_lock_versions", wait):
        yield


def run(*works):
    """Run functions at the same time; their results, an exception where one was raised."""
    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(work) for work in works]
        return [future.exception() or future.result() for future in futures]


def versions(house, machine_id):
    return house.query(
        """SELECT version, state FROM wine_planogram
            WHERE machine_id = %s AND version > 0 ORDER BY version""",
        machine_id,
    )


def test_by_hand_and_by_the_schedule_at_the_same_moment(house, machine):
    before = len(versions(house, machine))
    planogram = house.do(lambda env: draft(env, machine, 0))
    due = fields.Datetime.now() + timedelta(seconds=1)
    house.do(lambda env: env["wine.planogram"].browse(planogram)._schedule(due))
    house.until(lambda: fields.Datetime.now() > due)

    def by_hand(env):
        env["wine.planogram"].browse(planogram).action_publish()

    def job():
        for _round in range(2):  # the round that lost leaves it to the next one
            with house.env() as env:
                env["wine.planogram"]._cron_publish_scheduled()

    with together(house, 2):
        said = run(lambda: house.do(by_hand), job)
    assert said[1] is None
    assert said[0] is None or isinstance(said[0], UserError), said[0]
    after = versions(house, machine)
    assert len(after) == before + 1, "published once"
    assert [state for _version, state in after].count("published") == 1
    assert house.query("SELECT publish_error FROM wine_planogram WHERE id = %s", planogram) == [
        (None,)
    ]


def test_many_drafts_of_one_machine_at_the_same_moment(house, machine):
    before = versions(house, machine)[-1][0]
    drafts = [house.do(lambda env, s=step: draft(env, machine, s)) for step in range(4)]

    def publish(planogram):
        return lambda: house.do(
            lambda env: env["wine.planogram"].browse(planogram).action_publish()
        )

    with together(house, len(drafts)):
        assert run(*map(publish, drafts)) == [True] * 4
    after = versions(house, machine)
    assert [version for version, _state in after[-4:]] == list(range(before + 1, before + 5))
    assert [state for _version, state in after] == ["superseded"] * (len(after) - 1) + ["published"]
    rows = house.query(
        """SELECT count(*) FROM wine_machine machine
             JOIN wine_planogram_line line ON line.planogram_id = machine.planogram_id
             JOIN wine_machine_slot slot ON slot.id = line.slot_id
            WHERE machine.id = %s AND (slot.price, slot.product_id) <> (line.price, line.product_id)
        """,
        machine,
    )
    assert rows == [(0,)], "the slots follow the version that stands"


def test_a_report_while_publishing(house, machine):
    """Whoever comes second sees what the first one did: no difference is left behind or missed."""
    for step in range(6):
        planogram = house.do(lambda env, s=step: draft(env, machine, s))
        wanted = versions(house, machine)[-1][0]
        run(
            lambda p=planogram: house.do(
                lambda env: env["wine.planogram"].browse(p).action_publish()
            ),
            lambda v=wanted: house.do(lambda env: report(env, machine, v)),
            lambda v=wanted: house.do(lambda env: report(env, machine, v + 1)),
        )
        kept = differences(house, machine)
        house.do(lambda env: env["wine.machine"].browse(machine)._refresh_reported())
        assert differences(house, machine) == kept


def differences(house, machine_id):
    return house.query(
        """SELECT slot_code, kind, wanted, reported, since FROM wine_slot_difference
            WHERE machine_id = %s ORDER BY 1, 2""",
        machine_id,
    )
