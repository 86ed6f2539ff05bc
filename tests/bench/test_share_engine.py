# SPDX-License-Identifier: LGPL-3.0-or-later
"""A million sales by chance, shared and taken back in parts, and how long one takes.

Policies and sales are those of the properties (``tests/pure/cases.py`` of the addon): every role,
base and value, minimum and maximum, nobody there, several receivers, discounts with bearers, tiers
in the middle of a month, currencies of 0, 2 and 3 decimals. Every case is checked: the sum, nothing
negative, refunds in random parts that never take more than there is and end at exactly nothing;
every twentieth is reckoned a second time in fractions.
"""

import importlib.util
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from pathlib import Path

from tests.bench.common import report, stopwatch

ROOT = Path(__file__).parents[2]
PURE = ROOT / "addons" / "wine_profit_share" / "tests" / "pure" / "conftest.py"
CASES, SLICE, AGAIN = 1_000_000, 20_000, 20
AIM = 25e-6


def core():
    """The addon's core and its cases, loaded as the pure tests load them."""
    spec = importlib.util.spec_from_file_location("wine_profit_share_pure", PURE)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    import wine_profit_share_cases as cases
    from wine_profit_share_core import engine, reversal

    return cases, engine, reversal


def run(seed):
    """One slice of cases; returns what happened in it, with the seconds spent in the engine."""
    cases, engine, reversal = core()
    chance, clock = random.Random(seed), time.perf_counter
    tally = {"empty": 0, "shares": 0, "refunds": 0, "again": 0, "sharing": 0.0, "returning": 0.0}
    for number in range(SLICE):
        if not number % 10:
            policy = cases.some_policy(chance)
            receivers = cases.some_receivers(chance, policy)
            volumes = cases.some_volumes(chance, policy, receivers)
        sale = cases.some_sale(chance, policy)
        begin = clock()
        shares = engine.share_out(sale, policy, receivers, volumes)
        tally["sharing"] += clock() - begin
        amounts = [share.amount for share in shares]
        assert sum(amounts) == sale.net and min(amounts, default=0) >= 0, (seed, number)
        tally["shares"] += len(shares)
        tally["empty"] += not sale.net
        if not number % AGAIN:
            reckon_again(cases, sale, policy, receivers, volumes, shares)
            tally["again"] += 1
        if sale.net:
            cuts = cases.some_cuts(chance, sale.net)
            begin = clock()
            parts = [
                reversal.take_back(amounts, sale.net, before, now)
                for before, now in zip([0, *cuts], cuts, strict=False)
            ]
            tally["returning"] += clock() - begin
            tally["refunds"] += len(parts)
            assert min(map(min, parts)) >= 0, (seed, number)
            assert [sum(column) for column in zip(*parts, strict=True)] == amounts, (seed, number)
    return tally


def reckon_again(cases, sale, policy, receivers, volumes, shares):
    claims = cases.expected_claims(sale, policy, receivers, volumes)
    assert sum(claim for *_who, claim in claims) == sale.net
    found = {(share.rule_id, share.partner_id): share.amount for share in shares if share.amount}
    for rule, _role, partner, claim in claims:
        off = abs(found.pop((rule, partner), 0) - claim)
        assert off < 1 + Fraction(len(claims), 10_000), (sale, policy)
    assert not found, (sale, policy)


def test_a_million_cases():
    with stopwatch() as spent, ProcessPoolExecutor(os.cpu_count()) as pool:
        tallies = list(pool.map(run, range(CASES // SLICE)))
    total = {name: sum(tally[name] for tally in tallies) for name in tallies[0]}
    report(
        f"{CASES:,} sales by chance, every sum exact",
        [
            ("with nothing to share", f"{total['empty']:,}"),
            ("shares", f"{total['shares']:,}"),
            ("refunds in parts", f"{total['refunds']:,}"),
            ("reckoned a second time in fractions", f"{total['again']:,}"),
            ("sharing one sale", f"{1e6 * total['sharing'] / CASES:6.1f} µs"),
            ("taking one refund back", f"{1e6 * total['returning'] / total['refunds']:6.1f} µs"),
            ("all of it", f"{spent():6.1f} s"),
        ],
    )
    assert total["again"] == CASES // AGAIN


def test_a_sale_with_four_rules():
    """The policy of most machines: host, salesperson by margin, supplier by litre, the rest."""
    _cases, engine, _reversal = core()
    from wine_profit_share_core.rules import Policy, Rule, Sale

    rules = (
        Rule(1, "host", "percent", bp=800),
        Rule(2, "salesperson", "percent", base="margin", bp=500, maximum=100),
        Rule(3, "supplier", "litre", amount=200),
        Rule(4, "platform", "residual"),
    )
    policy = Policy(1, "Harbour", 1, "EUR", 2, rules)
    sale = Sale("s", "o", 1, 750, 14042, 0, 11805, 2237, fee=150, cost=4000)
    receivers, spent = {1: (5,), 2: (6,), 3: (7,)}, []
    for _round in range(40):  # short rounds of processor time: others may be at work
        begin = time.process_time()
        for _sale in range(1000):
            engine.share_out(sale, policy, receivers)
        spent.append((time.process_time() - begin) / 1000)
    best = min(spent)
    report(
        "One sale, four rules",
        [("best of forty rounds", f"{1e6 * best:5.1f} µs"), ("aim", f"{1e6 * AIM:5.1f} µs")],
    )
    assert best <= AIM
