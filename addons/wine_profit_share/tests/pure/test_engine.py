# SPDX-License-Identifier: LGPL-3.0-or-later
"""Examples that a reader can work out by hand; what holds for all is in test_engine_properties."""

from dataclasses import replace

import pytest
from wine_profit_share_core.engine import share_all, share_order, share_out, volume_of
from wine_profit_share_core.rules import PLATFORM, Policy, Rule, Sale, Tier

HOST, SELLER, UPPER, UPMOST, SUPPLIER = 11, 12, 13, 14, 15
REST = Rule(9, "platform", "residual")
#: 140.42 paid with 19 % tax: 118.00 net
SALE = Sale("s", "o", 2, 1500, gross=14042, discount=0, net=11800, tax=2242, fee=300, cost=5000)


def policy(*rules, number=1):
    rules = rules if any(rule.value == "residual" for rule in rules) else (*rules, REST)
    return Policy(number, "Harbour", 3, "EUR", 2, rules)


def amounts(shares):
    return {(share.rule_id, share.partner_id): share.amount for share in shares}


def only(rule, sale=SALE, who=(HOST,), **kwargs):
    """The share by one rule beside the rest, which has to be the rest."""
    first, rest = share_out(sale, policy(rule), {rule.id: who}, **kwargs)
    assert rest.amount == sale.net - first.amount
    return first


# === BASES === #


@pytest.mark.parametrize(
    ("base", "base_amount", "amount"),
    [
        ("gross", 14042, 1123),  # 1123.36
        ("paid", 14042, 1123),
        ("net", 11800, 944),
        ("net_fee", 11500, 920),
        ("margin", 6500, 520),
        ("remainder", 11800, 944),
    ],
)
def test_a_percentage_of_each_base(base, base_amount, amount):
    share = only(Rule(1, "host", "percent", base=base, bp=800))
    assert (share.base, share.base_amount, share.amount) == (base, base_amount, amount)


def test_a_discount_lowers_every_base_but_the_list_price():
    sale = replace(SALE, gross=15042, discount=1000)
    found = {
        base: only(Rule(1, "host", "percent", base=base, bp=10), sale).base_amount
        for base in ("gross", "paid", "net")
    }
    assert found == {"gross": 15042, "paid": 14042, "net": 11800}


def test_margin_and_fee_are_never_below_nothing():
    dear = replace(SALE, cost=20_000, fee=20_000)
    for base in ("net_fee", "margin"):
        (rest,) = share_out(
            dear, policy(Rule(1, "host", "percent", base=base, bp=800)), {1: [HOST]}
        )
        assert rest.amount == 11800


def test_the_remainder_is_what_the_rules_before_left():
    chain = policy(
        Rule(1, "host", "percent", bp=1000),
        Rule(2, "salesperson", "percent", base="remainder", bp=5000),
        Rule(3, "supplier", "percent", base="remainder", bp=5000),
    )
    shares = share_out(SALE, chain, {1: [HOST], 2: [SELLER], 3: [SUPPLIER]})
    assert [share.amount for share in shares] == [1180, 5310, 2655, 2655]
    assert [share.base_amount for share in shares] == [11800, 10620, 5310, 11800]


# === WHO BEARS A DISCOUNT === #


def test_only_the_bearer_of_a_discount_has_a_smaller_base():
    """10.00 off 100.00, no tax; the host bears 4.00 of it, the company 6.00."""
    sale = Sale("s", "o", 1, 750, 10000, 1000, 9000, 0, bearers={"host": 400, PLATFORM: 600})
    chain = policy(Rule(1, "host", "percent", bp=1000), Rule(2, "salesperson", "percent", bp=1000))
    shares = share_out(sale, chain, {1: [HOST], 2: [SELLER]})
    assert amounts(shares) == {(1, HOST): 960, (2, SELLER): 1000, (9, PLATFORM): 7040}
    assert [share.base_amount for share in shares[:2]] == [9600, 10000]


def test_a_bearer_by_partner_and_by_role_bears_both():
    sale = Sale("s", "o", 1, 750, 10000, 1000, 9000, 0, bearers={"host": 400, HOST: 100})
    assert only(Rule(1, "host", "percent", bp=1000), sale).base_amount == 9500


def test_tax_leaves_a_bearers_base_in_proportion():
    sale = Sale("s", "o", 1, 750, 12000, 2400, 8000, 1600, bearers={"host": 2400})
    assert only(Rule(1, "host", "percent", bp=1000), sale).base_amount == 8000
    assert only(Rule(1, "salesperson", "percent", bp=1000), sale).base_amount == 10000


def test_a_bearers_base_is_rounded_to_the_nearest_unit():
    sale = Sale("s", "o", 1, 750, 400, 1, 266, 133, bearers={"platform": 1})
    assert only(Rule(1, "host", "percent", bp=1000), sale).base_amount == 267  # 266.67


def test_a_given_away_line_with_bearers_shares_nothing():
    sale = Sale("s", "o", 1, 750, 10000, 10000, 0, 0, bearers={"platform": 10000})
    assert share_out(sale, policy(Rule(1, "host", "percent", bp=1000)), {1: [HOST]}) == []


# === VALUES === #


def test_fixed_amounts():
    assert only(Rule(1, "host", "order", amount=75)).amount == 75
    assert only(Rule(1, "host", "unit", amount=75)).amount == 150
    assert only(Rule(1, "host", "litre", amount=75)).amount == 113  # 112.5, the tie to the earlier


def test_a_tie_goes_to_the_earlier_rule_and_then_to_the_lower_partner():
    sale = Sale("s", "o", 1, 750, 1, 0, 1, 0)
    half = Rule(1, "host", "percent", bp=5000)
    assert amounts(share_out(sale, policy(half, REST), {1: [HOST]})) == {(1, HOST): 1}
    assert amounts(share_out(sale, policy(REST, half), {1: [HOST]})) == {(9, PLATFORM): 1}
    above = Rule(1, "operator_above", "percent", bp=5000)
    assert amounts(share_out(sale, policy(above), {1: [UPMOST, UPPER]})) == {(1, UPPER): 1}


def test_minimum_and_maximum_of_a_line():
    rule = Rule(1, "host", "percent", bp=800, minimum=1000, maximum=2000)
    share = only(rule)
    assert (share.amount, share.detail["limit"], share.detail["at"]) == (1000, "minimum", 1000)
    share = only(replace(rule, bp=5000))
    assert (share.amount, share.detail["limit"], share.detail["at"]) == (2000, "maximum", 2000)
    share = only(replace(rule, bp=1000))
    assert share.amount == 1180
    assert "limit" not in share.detail


def test_no_claim_takes_more_than_is_left():
    chain = policy(
        Rule(1, "host", "order", amount=8000),
        Rule(2, "salesperson", "unit", amount=3000),
        Rule(3, "supplier", "percent", bp=5000),
    )
    shares = share_out(SALE, chain, {1: [HOST], 2: [SELLER], 3: [SUPPLIER]})
    assert amounts(shares) == {(1, HOST): 8000, (2, SELLER): 3800}
    assert shares[1].detail["limit"] == "left"


def test_rent_is_no_part_of_a_sale():
    (rest,) = share_out(SALE, policy(Rule(1, "host", "rent", amount=50_000)), {1: [HOST]})
    assert rest.amount == SALE.net


def test_what_is_far_from_its_claim_says_so():
    """0.5 and 0.5 of one cent, and 0.4 of one: somebody is rounded up by more than a half."""
    sale = Sale("s", "o", 1, 750, 1, 0, 1, 0)
    chain = policy(Rule(1, "host", "percent", bp=4000), Rule(2, "supplier", "percent", bp=3000))
    (share,) = share_out(sale, chain, {1: [HOST], 2: [SUPPLIER]})
    assert (share.partner_id, share.detail["rounded"]) == (HOST, "up")


# === TIERS === #

TIERS = (Tier(0, 500), Tier(10_000, 800), Tier(20_000, 1000))


def test_a_sale_that_passes_tiers_is_taken_apart():
    rule = Rule(1, "host", "tiered", tiers=TIERS)
    share = only(rule, volumes={(1, HOST): 9_000})
    assert share.detail["passed"] == [[500, 1000], [800, 10_000], [1000, 800]]
    assert share.amount == 50 + 800 + 80
    assert only(rule).amount == 644  # 500.00 of 10,000 and 144.00 of 1,800
    assert only(rule, volumes={(1, HOST): 50_000}).amount == 1180
    assert only(rule, volumes={(1, HOST): -20_000}).amount == 590


def test_tiers_by_units_divide_the_base_by_units():
    rule = Rule(
        1, "host", "tiered", base="paid", tiers=(Tier(0, 0), Tier(10, 1000)), tier_by="units"
    )
    assert only(rule, volumes={(1, HOST): 9}).amount == 702  # 10 % of one of two: 702.1
    assert only(rule, volumes={(1, HOST): 10}).amount == 1404


def test_a_tier_that_gives_nothing_yet_is_still_told():
    share = only(Rule(1, "host", "tiered", tiers=(Tier(0, 0), Tier(10**9, 1000))))
    assert (share.amount, share.detail["passed"]) == (0, [[0, 11800]])


def test_what_a_sale_adds_to_volumes():
    chain = policy(
        Rule(1, "host", "tiered", tiers=TIERS),
        Rule(2, "operator_above", "tiered", tiers=TIERS, tier_by="units"),
        Rule(3, "platform", "tiered", tiers=TIERS),
        Rule(4, "supplier", "tiered", tiers=TIERS),
        Rule(5, "salesperson", "percent", bp=100),
    )
    assert volume_of(SALE, chain, {1: [HOST], 2: [UPPER, UPMOST], 5: [SELLER]}) == {
        (1, HOST): 11800,
        (2, UPPER): 2,
        (2, UPMOST): 2,
        (3, PLATFORM): 11800,
    }


# === WHO === #


def test_each_operator_above_gets_the_value_and_one_named_twice_gets_it_once():
    rule = Rule(1, "operator_above", "percent", bp=200)
    shares = share_out(SALE, policy(rule), {1: [UPPER, UPMOST, UPPER]})
    assert amounts(shares) == {(1, UPPER): 236, (1, UPMOST): 236, (9, PLATFORM): 11328}


def test_the_part_of_whom_there_is_not_falls_to_the_rest():
    (rest,) = share_out(SALE, policy(Rule(1, "host", "percent", bp=800)), {})
    assert (rest.partner_id, rest.amount, rest.detail["nobody"]) == (PLATFORM, 11800, ["host"])


def test_a_rest_that_nobody_receives_goes_to_the_company():
    (rest,) = share_out(SALE, policy(Rule(9, "operator", "residual")), {})
    assert (rest.role, rest.partner_id, rest.amount) == ("platform", PLATFORM, 11800)
    assert rest.detail["nobody"] == ["operator"]


def test_a_rest_for_several_is_divided():
    shares = share_out(SALE, policy(Rule(9, "operator_above", "residual")), {9: [13, 14, 15]})
    assert [share.amount for share in shares] == [3934, 3933, 3933]


def test_without_a_policy_everything_goes_to_the_company():
    (share,) = share_all(SALE)
    assert (share.role, share.partner_id, share.amount) == ("platform", PLATFORM, SALE.net)
    assert share_all(Sale("s", "o", 1, 750, 0, 0, 0, 0)) == []


# === ORDERS === #


def test_an_amount_per_order_is_shared_by_what_was_paid():
    chain = policy(Rule(1, "host", "order", amount=100))
    lines = [Sale(str(n), "o", 1, 750, paid, 0, paid, 0) for n, paid in enumerate((200, 200, 599))]
    shares = share_order(lines, [chain] * 3, [{1: [HOST]}] * 3)
    assert [line[0].amount for line in shares] == [20, 20, 60]
    assert shares[0][0].detail == {"value": "order", "each": 100, "part": 20}


def test_lines_without_or_with_another_policy_take_no_part():
    one = policy(Rule(1, "host", "order", amount=100))
    other = policy(Rule(2, "host", "order", amount=50), number=2)
    lines = [Sale(str(n), "o", 1, 750, 500, 0, 500, 0) for n in range(4)]
    shares = share_order(lines, [one, None, other, one], [{1: [HOST], 2: [HOST]}] * 4)
    assert [line[0].amount for line in shares] == [50, 500, 50, 50]


def test_a_later_line_sees_the_volume_of_an_earlier_one():
    chain = policy(Rule(1, "host", "tiered", tiers=TIERS))
    volumes = {(1, HOST): 0}
    shares = share_order([SALE, SALE], [chain] * 2, [{1: [HOST]}] * 2, volumes)
    assert [line[0].detail["before"] for line in shares] == [0, 11800]
    assert volumes == {(1, HOST): 0}


# === WHAT IS NO SALE === #


@pytest.mark.parametrize("field", ["discount", "net", "fee", "cost", "units", "ml"])
def test_nothing_of_a_sale_is_negative(field):
    with pytest.raises(ValueError, match="a refund takes back"):
        share_out(replace(SALE, **{field: -1}), policy(), {})


def test_more_tax_is_not_withheld_than_was_sold():
    with pytest.raises(ValueError, match="a refund takes back"):
        share_out(replace(SALE, gross=-1, net=11800, tax=-11801), policy(), {})


def test_a_tax_that_is_withheld_leaves_more_to_share_than_was_paid():
    sale = Sale("s", "o", 1, 750, 9000, 0, 10000, -1000)
    share = only(Rule(1, "host", "percent", base="paid", bp=1000), sale)
    assert (share.base_amount, share.amount) == (9000, 900)


def test_a_sale_adds_up():
    with pytest.raises(ValueError, match="14043 less 0 is not 11800 and 2242 tax"):
        share_all(replace(SALE, gross=14043))


def test_a_policy_has_a_rule_for_the_rest():
    with pytest.raises(ValueError, match="no rule for the rest"):
        share_out(SALE, Policy(1, "x", 1, "EUR", 2, (Rule(1, "host", "unit"),)), {})
