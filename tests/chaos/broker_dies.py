# SPDX-License-Identifier: LGPL-3.0-or-later
"""mosquitto is killed, forgets everything, or has no room in its queues."""

from tests.chaos.stage import scenario

AWAY = 1.0
SMALL_QUEUE = 100  # the broker keeps one message for so many events of the scenario
DROPPING = "Outgoing messages are being dropped"


@scenario("mosquitto killed, with persistence")
def killed(stage):
    """The broker is killed twice and comes back with what it had saved a while ago."""
    _kill(stage)


@scenario("mosquitto killed, without persistence", short=True)
def forgetful(stage):
    """The broker is killed twice and has forgotten sessions, queues and retained messages."""
    stage.ground.restart_broker(persistence="false")
    memory = stage.ground.broker.home / "mosquitto.db"
    memory.unlink(missing_ok=True)
    try:
        _kill(stage)
        stage.settle()
        stage.trouble(not memory.exists(), "it remembers")
    finally:
        stage.ground.restart_broker()


def _kill(stage):
    for _time in range(2):
        stage.work(0.3)
        stage.ground.kill_broker()
        stage.work(0.15)
        stage.crew.run(AWAY)
        stage.ground.start_broker()
    stage.over()
    stage.work(0.1)


@scenario("broker's queue overflows")
def overflow(stage):
    """The bridge is away and the broker keeps few messages for it: it acknowledges the others to
    the machines all the same and throws them away."""
    stage.ground.restart_broker(max_queued_messages=stage.events // SMALL_QUEUE)
    said = stage.ground.broker_said(DROPPING)
    try:
        stage.work(0.2)
        stage.ground.stop_bridge()
        stage.work(0.6)
        stage.trouble(
            stage.crew.until(lambda: stage.ground.broker_said(DROPPING) > said, 30),
            "the broker's queue did not overflow",
        )
        stage.ground.start_bridge()
        stage.over()
        stage.work(0.2)
        stage.settle()
    finally:
        stage.ground.restart_broker()
