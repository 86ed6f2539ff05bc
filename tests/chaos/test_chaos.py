# SPDX-License-Identifier: LGPL-3.0-or-later
"""The short form of the chaos suite: a few of the troubles, on one ground, with few events."""

import pytest

from tests.chaos import company, count, platform, play
from tests.chaos.ground import Ground
from tests.chaos.stage import Stage

EVENTS, MACHINES = play.SHORT


@pytest.fixture(scope="module")
def ground():
    """One company for all of it."""
    with Ground(machines=MACHINES, hasty=True) as made:
        yield made


@pytest.mark.parametrize("name", [scenario.name for scenario in play.select(short=True)])
def test_nothing_lost_and_nothing_twice(ground, name):
    (scenario,) = play.select([name], short=True)
    result = Stage(ground, scenario, EVENTS).run()
    assert result.events >= EVENTS
    assert result.vends > EVENTS / 3, "too few sales to prove anything"
    assert result.passed, "\n".join(result.verdict.lines())


#: what is taken away or doubled behind the platform's back → how the count must call it
PLANTED = {
    "an event": ("DELETE FROM wine_bridge_event WHERE id = (SELECT max(id) FROM wine_bridge_event"
                 " WHERE channel = 'evt')", "lost"),
    "a payment": ("DELETE FROM pos_payment WHERE id = (SELECT max(id) FROM pos_payment)", "lost"),
    "a share": ("DELETE FROM wine_share_entry WHERE source = (SELECT source FROM wine_share_entry"
                " ORDER BY id DESC LIMIT 1)", "lost"),
    "a sale of the counter": ("UPDATE wine_machine_slot SET qty = qty + 1 WHERE machine_id ="
                              " (SELECT max(machine_id) FROM wine_vend)", "lost"),
    "a vend of the platform": ("DELETE FROM wine_vend WHERE id = (SELECT max(id) FROM wine_vend"
                               " WHERE origin = 'platform')", "lost"),
    "an end": ("UPDATE wine_vend SET state = 'dispensing' WHERE id = (SELECT max(id) FROM wine_vend"
               " WHERE origin = 'platform')", "unused"),
    "a cent": ("UPDATE pos_order SET amount_total = amount_total + 0.01 WHERE id ="
               " (SELECT max(id) FROM pos_order)", "duplicated"),
    "a payment again": ("INSERT INTO pos_payment (pos_order_id, payment_method_id, amount,"
                        " payment_date, uuid) SELECT pos_order_id, payment_method_id, amount,"
                        " payment_date, 'twice' FROM pos_payment ORDER BY id DESC LIMIT 1",
                        "duplicated"),
}  # fmt: skip


@pytest.fixture(scope="module")
def settled(ground):
    """A few quiet sales; yields the Stage that has counted them."""
    stage = Stage(ground, play.QUIET, EVENTS // 4)
    assert stage.run().passed, "\n".join(stage.result.verdict.lines())
    states = {state for vend, state, *_rest in stage.held.vends if vend in stage.told.asked}
    assert "captured" in states, f"no vend of the platform was delivered: {states}"
    return stage


@pytest.mark.parametrize("what", PLANTED)
def test_the_count_finds_what_is_planted(ground, settled, what):
    """Or its zeros would say nothing."""
    statement, kind = PLANTED[what]
    told = settled.told
    connection = ground.cluster.connect(ground.name)
    try:
        cr = connection.cursor()
        assert count.compare(told, platform.read(cr, settled.since, company.PREFIX)).clean
        cr.execute("SET LOCAL session_replication_role = replica")
        cr.execute(statement)
        assert cr.rowcount > 0
        verdict = count.compare(told, platform.read(cr, settled.since, company.PREFIX))
        assert getattr(verdict, kind), f"{what}: {verdict.lines()}"
    finally:
        connection.rollback()
        connection.close()
