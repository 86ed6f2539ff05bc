# SPDX-License-Identifier: LGPL-3.0-or-later
"""Two bridges with two projectors share the work of one company."""

from tests.chaos.stage import scenario


@scenario("two bridges at once")
def together(stage):
    """Two bridges share what machines say; each uses what the other has stored."""
    first, second = _two(stage)
    stage.over()
    stage.work(1)
    stage.settle()
    stage.trouble(first.poll() is None and second.poll() is None, "a bridge has gone")
    stage.ground.stop_bridge()


@scenario("two bridges, one killed")
def one_killed(stage):
    """One of two bridges is killed in the midst of it, three times, and stays away the last time:
    what it had taken and not stored is sent again by the machines."""
    first, _second = _two(stage)
    for _death in range(2):
        stage.work(0.25)
        first.kill()
        first.wait()
        stage.work(0.1)
        first = stage.ground.start_bridge(WINE_BRIDGE_INSTANCE="a")
    stage.work(0.2)
    first.kill()
    first.wait()
    stage.over()
    stage.work(0.1)
    stage.settle()
    stage.ground.stop_bridge()


def _two(stage):
    stage.ground.stop_bridge()
    first = stage.ground.start_bridge(WINE_BRIDGE_INSTANCE="a")
    second = stage.ground.start_bridge(WINE_BRIDGE_INSTANCE="b")
    stage.await_bridge()
    return first, second
