# SPDX-License-Identifier: LGPL-3.0-or-later
"""Choosing scenarios and playing them on one ground."""

import importlib
import logging
import time

from tests.chaos.ground import Ground
from tests.chaos.stage import SCENARIOS, Scenario, Stage
from tools.env.errors import EnvError
from tools.env.shell import say

WHOLE = (20_000, 200)
SHORT = (600, 20)
#: in this order they are played; the inbox is still small when its disk gets full
MODULES = (
    "database_dies",
    "bridge_dies",
    "broker_dies",
    "network",
    "two_bridges",
    "boards",
    "platform_side",
    "door_dies",
)
#: no trouble at all; for tests of the count itself
QUIET = Scenario("nothing happens", "Machines sell.", lambda stage: stage.work(1), False, {})


def select(words=(), short=False):
    """Scenarios whose names hold one of these words, all of them without any; in their order.

    :raise EnvError: a word that is in no name
    """
    for name in MODULES:
        importlib.import_module(f"tests.chaos.{name}")
    for word in words:
        if not any(word in name for name in SCENARIOS):
            raise EnvError(f"No scenario is called {word}: see `python -m tests.chaos --list`.")
    return [
        scenario
        for name, scenario in SCENARIOS.items()
        if (not words or any(word in name for word in words)) and (scenario.short or not short)
    ]


def run(scenarios, events, machines):
    """Play them; returns the results, and the exceptions of those that could not be counted."""
    results, broken = [], []
    for noisy in ("fleet", "odoo.sql_db"):  # lost lines and conflicts are what this is about
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    say(f"Chaos: {len(scenarios)} scenarios, each {events:,} events of {machines} machines")
    with Ground(machines=machines) as ground:
        for scenario in scenarios:
            began = time.monotonic()
            try:
                result = Stage(ground, scenario, events).run()
            except Exception as error:  # noqa: BLE001 - the others are to be played too
                broken.append(error)
                say(f"{scenario.name}: {error}")
                ground.stop_bridge()
                continue
            results.append(result)
            say(_told(result, time.monotonic() - began))
    return results, broken


def _told(result, seconds):
    verdict = result.verdict
    counts = f"{len(verdict.lost)} lost, {len(verdict.duplicated)} duplicated"
    return f"{result.name}: {counts}, caught up in {result.catch_up:.1f} s ({seconds:.0f} s)"
