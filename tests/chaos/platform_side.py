# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the platform does to itself: upgraded while machines sell, an event that it cannot use."""

from tests.chaos.launcher import POISON
from tests.chaos.stage import scenario

ADDONS = ("wine_vending", "wine_device_bridge", "wine_profit_share")


@scenario("modules upgraded while machines sell")
def upgrade(stage):
    """`odoo -u` of all three addons runs beside the bridge."""
    stage.work(0.3)
    upgrade = stage.ground.upgrade(*ADDONS)
    while upgrade.poll() is None:
        if stage.worked < 0.85:
            stage.work(0.05)
        stage.crew.run(1)
    stage.trouble(upgrade.returncode == 0, "the upgrade failed: see the notes in its log")
    stage.over()
    stage.work_rest()


@scenario("an event that cannot be used", short=True)
def poison(stage):
    """Three sales make the projection fail however often it is tried. The others go on, the three
    are put aside with a case each; once the cause is mended they are taken in again."""
    stage.ground.stop_bridge()
    stage.work(0.1)
    victims = stage.crew.machines[:3]
    bad = [(machine.uuid, _one_sale(machine)) for machine in victims]
    stage.ground.start_bridge("poison", **{POISON: _ids(stage, bad)})
    stage.work(0.6)
    put_aside = stage.crew.until(lambda: len(_failed(stage)) == len(bad) and _rest_used(stage), 180)
    stage.trouble(put_aside, f"{len(_failed(stage))} of {len(bad)} were put aside")
    cases = stage.ground.query(
        "SELECT count(*) FROM wine_bridge_event WHERE state = 'failed' AND case_id IS NOT NULL"
    )[0][0]
    stage.trouble(cases == len(bad), f"{cases} of {len(bad)} have a case")
    stage.ground.stop_bridge()
    stage.ground.start_bridge()
    stage.over()
    failed = _failed(stage)
    stage.ground.do(lambda env: env["wine.bridge.event"].browse(failed).action_replay())
    stage.work(0.3)
    stage.note(f"{len(failed)} events were put aside, each with a case, and taken in again")


def _one_sale(machine):
    """Sells one bottle; the number of its event."""
    machine.act("restock")
    number = machine.state.next_seq
    machine.buy(next(iter(machine.state.slots)), "card", 1, "success")
    return number


def _ids(stage, bad):
    rows = stage.ground.query("SELECT uuid, id FROM wine_machine")
    ids = dict(rows)
    return ",".join(f"{ids[uuid]}/{number}" for uuid, number in bad)


def _failed(stage):
    rows = stage.ground.query(
        "SELECT id FROM wine_bridge_event WHERE id > %s AND state = 'failed'",
        stage.since["wine_bridge_event"],
    )
    return [row[0] for row in rows]


def _rest_used(stage):
    return stage.crew.fleet.drained() and not stage.ground.waiting()
