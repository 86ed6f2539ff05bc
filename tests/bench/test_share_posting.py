# SPDX-License-Identifier: LGPL-3.0-or-later
"""What profit sharing adds to the batch in which vends are posted.

The same kind of batches with and without it, in turn and in the same process, committed, so that
caches, the growth of tables and other work on the machine are the same for both. Without it means
that the ledger is not called; everything else is as it is. The policy has four rules; the time with
it holds policies, receivers, the engine, the entries, their accounts and their indexes.
"""

import random
import statistics
from unittest.mock import patch

from tests.bench.common import report, stopwatch
from tests.bench.test_posting import facts
from tests.harness import House

PAIRS, SIZE = 12, 500
AIM = 0.25


def policies(env):
    """Host, salesperson, supplier and the rest, in force everywhere, and somebody for each."""
    partner = env["res.partner"].create({"name": "Shares of the benchmark", "is_company": True})
    env["wine.site"].search([]).write({"host_partner_id": partner.id, "salesperson_id": partner.id})
    rules = (
        {"role": "host", "value": "percent", "base": "net", "percent": 8},
        {"role": "salesperson", "value": "percent", "base": "margin", "percent": 5},
        {"role": "supplier", "value": "litre", "amount": 2},
        {"role": "platform", "value": "residual"},
    )
    for company in env["wine.region"].search([]).company_id:
        if env["wine.share.policy"].search_count(
            [("company_id", "=", company.id), ("state", "=", "active")], limit=1
        ):
            continue
        policy = env["wine.share.policy"].create(
            {
                "name": f"Benchmark {company.name}",
                "company_id": company.id,
                "date_from": "2020-01-01",
                "hold_days": 14,
                "line_ids": [
                    (0, 0, {"sequence": number, **rule}) for number, rule in enumerate(rules)
                ],
            }
        )
        policy.action_activate()
    for template in env["product.template"].search([("seller_ids", "=", False)]):
        template.seller_ids = [(0, 0, {"partner_id": partner.id})]


def one_batch(house, chance, sharing):
    """(milliseconds per vend, share entries) of a batch, committed."""
    with house.env() as env:
        batch = facts(env, SIZE, chance)
        env.invalidate_all()
        before = count(env)
        with stopwatch() as seconds:
            if sharing:
                env["wine.machine"]._project(batch)
            else:
                entries = type(env["wine.share.entry"])
                with patch.object(entries, "_post", lambda self, lines: self.browse()):
                    env["wine.machine"]._project(batch)
            env.flush_all()
            env.cr.commit()
        assert {fact.result for fact in batch} == {"done"}
        return 1000 * seconds() / SIZE, count(env) - before


def count(env):
    return env["wine.share.entry"].search_count([])


def test_sharing_on_top_of_posting():
    chance = random.Random(23)
    with House("wine_bench") as house:
        with house.env() as env:
            policies(env)
        spent = {True: [], False: []}
        for sharing in (True, False):  # what is made once: accounts, plans, caches
            one_batch(house, chance, sharing)
        for number in range(2 * PAIRS):
            sharing = number % 4 in (0, 3)
            each, entries = one_batch(house, chance, sharing)
            assert entries >= 3 * SIZE if sharing else not entries
            spent[sharing].append(each)
    without, with_it = statistics.median(spent[False]), statistics.median(spent[True])
    on_top = with_it / without - 1
    report(
        f"Posting with and without profit sharing, {PAIRS} batches of {SIZE} each",
        [
            ("posting alone", f"{without:6.2f} ms a vend"),
            ("with four shares of each", f"{with_it:6.2f} ms a vend"),
            ("on top", f"{on_top:6.1%} (aim: {AIM:.0%})"),
        ],
    )
    assert on_top <= AIM
