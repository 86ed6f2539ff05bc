# SPDX-License-Identifier: LGPL-3.0-or-later
"""Readings through their own door against a bare insert of the same rows.

The baseline is `execute_values` into a plain table with the same primary key, committed by the
batch: the least that any way of storing them costs. Ours besides finds the partition, notes late
hours and the newest reading of each machine with its place in the band. A batch is a second at the
plan figure of 100,000 machines: 1,700 messages of as many machines, two readings in each.
"""

import random
import statistics
from datetime import timedelta

from psycopg2.extras import execute_values

from tests.bench.common import report, stopwatch
from tests.harness import House

ROUNDS, MESSAGES = 12, 1700
#: ours may cost so many times the bare insert; and must carry the plan figure of messages
AIM, PLAN = 6.0, 1700


def fleet(env):
    """As many machines as speak in one second."""
    site = env["wine.site"].search([], limit=1)
    model = env["wine.machine.model"].create(
        {"name": "Bench", "maker": "Bench", "rows": 1, "columns": 1}
    )
    values = {"model_id": model.id, "site_id": site.id}
    machines = env["wine.machine"].create(
        [{**values, "name": f"Bench {n}", "serial": f"BENCH-{n}"} for n in range(MESSAGES)]
    )
    env.cr.commit()
    return machines.ids


def rows(machines, now, turn, chance):
    """The readings of one second: each machine in turn, at times of its own."""
    made = []
    for number in range(MESSAGES):
        machine = machines[number % len(machines)]
        at = now - timedelta(minutes=ROUNDS - turn)
        made.append((machine, "temperature", at, round(chance.uniform(8, 18), 1)))
        made.append((machine, "humidity", at, round(chance.uniform(40, 80), 1)))
    return made


def bare(house, batches):
    spent = []
    with house.env() as env:
        env.cr.execute(
            """CREATE TABLE bench_readings (machine_id int NOT NULL, kind varchar NOT NULL,
                   at timestamp NOT NULL, value double precision NOT NULL,
                   PRIMARY KEY (machine_id, kind, at))"""
        )
        env.cr.commit()
    for batch in batches:
        with house.env() as env, stopwatch() as seconds:
            execute_values(
                env.cr._obj,
                "INSERT INTO bench_readings VALUES %s ON CONFLICT DO NOTHING",
                batch,
                page_size=len(batch),
            )
            env.cr.commit()
        spent.append(seconds())
    return spent


def ours(house, batches):
    spent = []
    for batch in batches:
        with house.env() as env, stopwatch() as seconds:
            taken = env["wine.machine"]._take_readings(batch)
            env.cr.commit()
        assert taken == len(batch)
        spent.append(seconds())
    return spent


def test_readings_against_a_bare_insert():
    chance = random.Random(5)
    with House("wine_bench_readings") as house:
        with house.env() as env:
            from odoo import fields

            machines, now = fleet(env), fields.Datetime.now()
        batches = [rows(machines, now, turn, chance) for turn in range(ROUNDS)]
        baseline, taken = bare(house, batches), ours(house, batches)
    least, spent = statistics.median(baseline), statistics.median(taken)
    report(
        f"Readings, {ROUNDS} batches of {2 * MESSAGES}",
        [
            ("bare insert", f"{least * 1000:8.1f} ms a batch  {2 * MESSAGES / least:9.0f} rows/s"),
            ("ours", f"{spent * 1000:8.1f} ms a batch  {2 * MESSAGES / spent:9.0f} rows/s"),
            ("ratio", f"{spent / least:8.2f} (at most {AIM})"),
            ("messages", f"{MESSAGES / spent:8.0f}/s (plan: {PLAN}/s)"),
        ],
    )
    assert spent / least <= AIM
    assert MESSAGES / spent >= PLAN
