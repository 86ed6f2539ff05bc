# SPDX-License-Identifier: LGPL-3.0-or-later
"""The lines between devices, broker, bridge and database are cut, silent or slow."""

from tests.chaos.stage import scenario

CUT, SILENT, SLOW, LATENCY = 1.5, 3.0, 0.15, 0.2


def _trouble(stage, wire, cuts=3):
    """Cut several times, silent for a while (half-open for both ends), then slow."""
    before = wire.passed
    for _cut in range(cuts):
        stage.work(0.4 / cuts)
        wire.cut()
        stage.crew.run(CUT)
        wire.mend()
    stage.work(0.1)
    wire.silence()
    stage.work(0.2)
    stage.crew.run(SILENT)
    wire.mend()
    wire.slow(LATENCY)
    stage.work(SLOW)
    wire.mend()
    stage.trouble(wire.passed > before, "nothing ever went over the wire")
    stage.over()
    stage.work(1 - 0.7 - SLOW)


@scenario("line between devices and broker cut", short=True, wired=True)
def devices(stage):
    """All machines lose their line three times, then it is dead without anybody being told, then
    slow."""
    _trouble(stage, stage.ground.devices)


@scenario("line between bridge and broker cut")
def uplink(stage):
    """The same between bridge and broker: what was under way comes again, once."""
    _wired(stage, "uplink")


@scenario("line between bridge and database cut")
def store(stage):
    """The same between bridge and database: a commit of which nobody knows whether it happened."""
    _wired(stage, "store")


def _wired(stage, line):
    stage.ground.stop_bridge()
    stage.ground.start_bridge(wired=(line,))
    stage.await_bridge()
    _trouble(stage, getattr(stage.ground, line))
    stage.settle()
    stage.ground.stop_bridge()
