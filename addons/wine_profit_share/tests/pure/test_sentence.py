# SPDX-License-Identifier: LGPL-3.0-or-later
"""Sentences as a partner reads them in English, from real shares wherever there are some."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wine_profit_share_cases import some_policy, some_receivers, some_sale, some_volumes
from wine_profit_share_core.engine import share_all, share_out
from wine_profit_share_core.rules import BASES, PLATFORM, ROLES, VALUES, Policy, Rule, Sale, Tier
from wine_profit_share_core.sentence import ROLES_SAID, Money, explain

HOST = 11
SALE = Sale("s", "o", 2, 1500, gross=14042, discount=0, net=11800, tax=2242, fee=300, cost=5000)
TIERS = (Tier(0, 500), Tier(10_000, 850))


def read(said):
    """A stored sentence in English, by way of JSON as the database keeps it."""
    said = json.loads(json.dumps(said))
    args = said["args"]
    if not args:
        return said["told"]
    return said["told"] % {
        name: read(value) if isinstance(value, dict) else value for name, value in args.items()
    }


def say(share, policy="Harbour", kind="sale", digits=2, **more):
    detail = {**share.detail, **more}
    version = 3 if policy else None
    return read(
        explain(
            kind, share.role, share.base, share.base_amount, detail, Money(digits), policy, version
        )
    )


def said_by(rule, volumes=(), receivers=(HOST,)):
    rules = (rule, Rule(9, "platform", "residual"))
    policy = Policy(1, "Harbour", 3, "EUR", 2, rules)
    first, *_rest = share_out(SALE, policy, {rule.id: receivers}, dict(volumes))
    return say(first)


def rule(value, role="host", **kwargs):
    return Rule(1, role, value, **kwargs)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (rule("percent", bp=800), "8 % of 118.00 net of tax: site host"),
        (
            rule("percent", role="salesperson", base="gross", bp=825),
            "8.25 % of 140.42 list price: salesperson",
        ),
        (
            rule("percent", role="operator", base="paid", bp=50),
            "0.5 % of 140.42 paid, tax included: region operator",
        ),
        (
            rule("percent", role="supplier", base="net_fee", bp=5),
            "0.05 % of 115.00 net of tax and payment fee: supplier",
        ),
        (
            rule("percent", role="referrer", base="margin", bp=1000),
            "10 % of 65.00 margin: referrer",
        ),
        (
            rule("percent", role="operator_above", base="remainder", bp=10_000),
            "100 % of 118.00 left by the rules before: operator above the region",
        ),
        (
            rule("percent", bp=800, minimum=1500),
            "8 % of 118.00 net of tax, but at least 15.00: site host",
        ),
        (
            rule("percent", bp=800, maximum=500),
            "8 % of 118.00 net of tax, but at most 5.00: site host",
        ),
        (
            rule("order", role="partner", amount=12_000),
            "120.00 per order, but no more than was left: named partner",
        ),
        (rule("order", amount=75), "0.75 per order: site host"),
        (rule("unit", amount=75), "0.75 for each of 2 units: site host"),
        (rule("litre", amount=75), "0.75 per litre, 1.5 l: site host"),
    ],
)
def test_how_a_share_was_found(one, expected):
    assert said_by(one) == expected + ", policy Harbour v3"


def test_tiers_tell_the_volume_and_each_part():
    one = rule("tiered", tiers=TIERS)
    assert said_by(one, {(1, HOST): 20_000}) == (
        "8.5 % of 118.00 net of tax, after 200.00 of turnover this month:"
        " site host, policy Harbour v3"
    )
    assert said_by(one, {(1, HOST): 4_000}) == (
        "5 % for 60.00, 8.5 % for 58.00 of a base of 118.00,"
        " after 40.00 of turnover this month: site host, policy Harbour v3"
    )
    by_units = rule("tiered", base="margin", tiers=(Tier(0, 0), Tier(1, 1000)), tier_by="units")
    assert said_by(by_units) == (
        "0 % for 1, 10 % for 1 of a base of 65.00, after 0 units this month:"
        " site host, policy Harbour v3"
    )


def test_the_rest_names_whom_there_was_not():
    policy = Policy(
        1,
        "Harbour",
        3,
        "EUR",
        2,
        (rule("percent", bp=800), Rule(2, "referrer", "order"), Rule(9, "platform", "residual")),
    )
    (rest,) = share_out(SALE, policy, {})
    assert say(rest) == (
        "The rest of 118.00 net of tax, with the part of whom there was not:"
        " site host, referrer: platform, policy Harbour v3"
    )
    (alone,) = share_out(SALE, Policy(1, "x", 1, "EUR", 2, (Rule(9, "platform", "residual"),)), {})
    assert say(alone) == "The rest of 118.00 net of tax: platform, policy Harbour v3"


def test_no_policy_applied():
    (share,) = share_all(SALE)
    assert say(share, policy=None) == "All of 118.00 net of tax: platform, no policy applied"


def test_a_line_of_an_order():
    (first, _rest) = share_out(
        SALE,
        Policy(1, "x", 1, "EUR", 2, (rule("order", amount=75), Rule(9, "platform", "residual"))),
        {1: [HOST]},
        parts={1: 25},
    )
    assert say(first) == "0.25 of 0.75 per order: site host, policy Harbour v3"


def test_a_reversal_keeps_the_reason_of_the_original():
    policy = Policy(1, "x", 1, "EUR", 2, (rule("percent", bp=800), Rule(9, "platform", "residual")))
    first = share_out(SALE, policy, {1: [HOST]})[0]
    assert say(first, kind="reversal", given=5900, whole=11800) == (
        "Taken back, 59.00 of 118.00 refunded: 8 % of 118.00 net of tax:"
        " site host, policy Harbour v3"
    )


def test_entries_that_are_of_no_sale():
    def said(kind, role="host", base_amount=0, policy=None, **detail):
        return read(explain(kind, role, "net", base_amount, detail, Money(2), policy, 2))

    assert said("pool", role="platform", base_amount=11800) == "To be shared: 118.00 net of tax"
    assert said("rent", policy="Harbour", each=30_000, month="2026-06") == (
        "Rent of 300.00 for 2026-06: site host, policy Harbour v2"
    )
    assert said("adjustment", reason="Counted twice") == "Adjustment: Counted twice"
    assert said("split") == "An entry divided, so that only a part of it is paid out"


def test_money_of_currencies_without_and_with_three_decimals():
    assert [Money(0)(1234), Money(3)(1234), Money(3)(-34), Money(2)(0)] == [
        "1234",
        "1.234",
        "-0.034",
        "0.00",
    ]


def test_every_role_and_base_has_its_words():
    assert set(ROLES_SAID) == set(ROLES)
    for base in BASES:
        assert "10 % of" in said_by(rule("percent", base=base, bp=1000))


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False))
def test_every_share_can_be_told(chance):
    policy = some_policy(chance)
    receivers = some_receivers(chance, policy)
    sale = some_sale(chance, policy)
    volumes = some_volumes(chance, policy, receivers)
    values = set()
    for share in share_out(sale, policy, receivers, volumes):
        text = say(share, digits=policy.digits)
        values.add(share.detail["value"])
        assert text.endswith(", policy Harbour v3")
        assert share.partner_id != PLATFORM or ": platform," in text
        assert "%(" not in text
        assert ("rounded" in share.detail) == (", rounded so that" in text)
    assert values <= set(VALUES) - {"rent"}
