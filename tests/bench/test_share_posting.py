# SPDX-License-Identifier: LGPL-3.0-or-later
"""What sharing adds to the projection of a batch of vends.

The same batches of vends, by turns with and without the share ledger, committed; policy of four
rules (a host, a salesperson, a supplier, the rest), so five entries a vend. The first batches of
each kind warm caches and are not counted.
"""

import random
import statistics
from unittest.mock import patch

from tests.bench.common import report, stopwatch
from tests.bench.test_posting import facts
from tests.harness import House

ROUNDS, WARM, SIZE = 12, 2, 500
#: per cent on top of the projection
MOST = 25


def set_up(env):
    """One policy for every machine, with everybody there."""
    from odoo.fields import Command

    machines = env["wine.machine"].search([("state", "=", "active")])
    partner = env["res.partner"].create({"name": "Whoever shares", "is_company": True})
    machines.site_id.write({"host_partner_id": partner.id, "salesperson_id": partner.id})
    env.cr.execute(
        "UPDATE wine_share_policy SET date_from = '1999-01-01', date_to = '1999-01-02' "
        "WHERE state != 'draft'"
    )
    env.invalidate_all()
    env.registry.clear_cache()
    rules = (
        {"role": "host", "value": "percent", "bp": 800},
        {"role": "salesperson", "value": "percent", "bp": 300},
        {"role": "supplier", "value": "unit", "amount": 1.0},
        {"role": "platform", "value": "residual"},
    )
    policy = env["wine.share.policy"].create(
        {
            "name": "Bench",
            "company_id": machines[0].company_id.id,
            "date_from": "2020-01-01",
            "line_ids": [
                Command.create({"sequence": number, **rule}) for number, rule in enumerate(rules, 1)
            ],
        }
    )
    policy._set_state("active")  # the demo has shared sales of these days already


def project(house, chance):
    """Milliseconds a vend, and entries a vend, of one batch that is committed."""
    with house.env() as env:
        before = env["wine.share.entry"].search_count([])
        batch = facts(env, SIZE, chance)
        env.invalidate_all()
        with stopwatch() as seconds:
            env["wine.machine"]._project(batch)
            env.flush_all()
            env.cr.commit()
        assert {fact.result for fact in batch} == {"done"}
        return 1000 * seconds() / SIZE, (env["wine.share.entry"].search_count([]) - before) / SIZE


def without(house, chance):
    with house.env() as env:
        entry = type(env["wine.share.entry"])
    with patch.object(entry, "_post", lambda self, _lines: self.browse()):
        return project(house, chance)


def test_sharing_on_top_of_the_projection():
    chance = random.Random(7)
    with House("wine_share_bench") as house:
        with house.env() as env:
            set_up(env)
        plain, shared = [], []
        for number in range(ROUNDS + WARM):
            pair = without(house, chance), project(house, chance)
            if number >= WARM:
                plain.append(pair[0][0])
                shared.append(pair[1][0])
            assert pair[0][1] == 0
            assert pair[1][1] == 5, "entries a vend"
    # by turns, so that what else runs here meets both alike
    extra = statistics.median(
        100 * (with_it / alone - 1) for alone, with_it in zip(plain, shared, strict=True)
    )
    report(
        f"Sharing in the batch, {ROUNDS} × {SIZE} vends with and without",
        [
            ("projection alone", f"{statistics.median(plain):8.2f} ms a vend"),
            ("with five entries each", f"{statistics.median(shared):8.2f} ms a vend"),
            ("on top", f"{extra:8.1f} % (most: {MOST} %)"),
        ],
    )
    assert extra <= MOST
