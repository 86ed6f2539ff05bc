# SPDX-License-Identifier: LGPL-3.0-or-later
"""The bridge is killed with SIGKILL at each point at which that could hurt, or is away."""

import time

from tests.chaos.stage import scenario

DEATHS = 2


@scenario("bridge killed before its commit")
def before_commit(stage):
    """Rows are written and not committed: the database forgets them, broker and machines do not."""
    _die(stage, "before-commit")


@scenario("bridge killed between commit and PUBACK")
def after_commit(stage):
    """Rows are stored, the broker was not told: it delivers all of them again."""
    _die(stage, "after-commit")


@scenario("bridge killed between PUBACK and evt_ack", short=True)
def after_puback(stage):
    """Rows are stored, the broker has let them go, the machines got no word: they send again."""
    _die(stage, "after-puback")


@scenario("bridge killed during projection")
def during_projection(stage):
    """Vends, orders, payments and shares are made and not committed: the next bridge makes them."""
    _die(stage, "during-projection")


def _die(stage, point):
    """Several deaths at one point while the machines sell; each next bridge can die there too."""
    stage.ground.stop_bridge()
    share = 0.9 / DEATHS
    for _death in range(DEATHS):
        bridge = stage.ground.start_bridge(point)
        stage.work(share / 3)
        stage.await_bridge()
        stage.ground.arm(bridge)
        stage.work(share / 3)
        stage.await_death(bridge)
        stage.work(share / 3)
    stage.ground.start_bridge()
    stage.over()
    stage.work(0.1)


HOUR = 3600.0


class SlowerThanTrue:
    """A clock that is an hour behind and lives that hour within one scenario."""

    def __init__(self):
        self.behind = HOUR

    def __call__(self):
        return time.time() - self.behind

    def passes(self, share):
        """So much of the hour goes by."""
        self.behind -= share * HOUR


@scenario("bridge stopped for an hour of events")
def an_hour_away(stage):
    """The bridge is down for an hour of trade: the broker and the journals hold it, all is booked
    at the time at which it was sold."""
    stage.close_crew()
    clock = SlowerThanTrue()
    stage.open_crew(clock)
    stage.ground.stop_bridge()
    for _minute in range(60):
        stage.work(1 / 60)
        clock.passes(1 / 60)
    stage.ground.start_bridge()
    stage.over()
    stage.settle()
    spread = stage.ground.query(
        "SELECT extract(epoch FROM max(moment) - min(moment)) FROM wine_vend"
        " WHERE origin = 'device' AND id > %s",
        stage.since["wine_vend"],
    )[0][0]
    stage.trouble(spread > 0.9 * HOUR, f"the sales are booked within {spread} seconds")
    stage.note(f"sales of {spread / 60:.0f} minutes, booked when they happened")
