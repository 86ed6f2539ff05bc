# SPDX-License-Identifier: LGPL-3.0-or-later
from hypothesis import given
from hypothesis import strategies as st
from wine_profit_share_core.engine import share_out
from wine_profit_share_core.rules import PLATFORM, Policy, Rule, Sale, Tier
from wine_profit_share_core.share_limit import Limit, Limits, sure_of

REST = Rule(99, "platform", "residual")
PATH = (1, 2, 3)


def percent(bp, role="host", number=1, **more):
    return Rule(number, role, "percent", bp=bp, **more)


def beyond(limits, *rules, hold_days=7, **more):
    policy = Policy(1, "P", 1, "EUR", 2, (*rules, REST), hold_days)
    return [told["told"] for told in Limits(limits).problems(policy, PATH, **more)]


def test_nothing_is_promised_by_default():
    assert "has not stated" in beyond([], percent(1))[0]
    assert "has not stated" in beyond([Limit(1, role="host")], percent(1))[0]


def test_role_goes_before_region_and_near_before_far():
    limits = Limits(
        [Limit(1, bp=1), Limit(2, region=2, bp=2), Limit(3, role="host", bp=3), Limit(4, region=9)]
    )
    assert limits.of(PATH).id == 2
    assert limits.of((1,)).id == 1
    assert limits.of(PATH, "host").id == 3
    assert limits.of(PATH, "supplier").id == 2


def test_a_role_that_is_not_allowed():
    limits = [Limit(1), Limit(2, role="partner", allowed=False)]
    assert "allows no share" in beyond(limits, percent(1, "partner", partner_id=4))[0]
    assert beyond(limits, percent(1)) == []


def test_percentages_of_one_role_count_together():
    limits = [Limit(1, bp=1000)]
    assert beyond(limits, percent(600), percent(400, number=2)) == []
    assert "allows %(most)s" in beyond(limits, percent(600), percent(401, number=2))[0]
    tiered = Rule(1, "host", "tiered", tiers=(Tier(0, 1), Tier(9, 1001)))
    assert "allows %(most)s" in beyond(limits, tiered)[0]
    above = percent(501, "operator_above")
    assert beyond(limits, above, above=1) == []
    assert "allows %(most)s" in beyond(limits, above, above=2)[0]


def test_amounts_rent_and_minimum():
    limits = [Limit(1, amount=100, rent=5000)]
    assert beyond(limits, Rule(1, "host", "unit", amount=100)) == []
    assert "above what" in beyond(limits, Rule(1, "host", "unit", amount=101))[0]
    both = (Rule(1, "host", "unit", amount=60), Rule(2, "host", "order", amount=60))
    assert "above what" in beyond(limits, *both)[0]
    assert "above what" in beyond(limits, percent(1, minimum=101))[0]
    assert beyond(limits, Rule(1, "host", "rent", amount=5000)) == []
    assert "rent lies above" in beyond(limits, Rule(1, "host", "rent", amount=5001))[0]


def test_the_rest_and_the_refund_window():
    policy = Policy(1, "P", 1, "EUR", 2, (Rule(1, "operator", "residual"),), hold_days=3)
    found = Limits([Limit(1)]).problems(policy, PATH)
    assert "does not leave the rest" in found[0]["told"]
    found = Limits([Limit(1, residual=True, hold_days=4)]).problems(policy, PATH)
    assert "refund window" in found[0]["told"]
    assert not Limits([Limit(1, residual=True, hold_days=3)]).problems(policy, PATH)


def test_what_the_platform_is_sure_of():
    own = percent(3000, "platform", number=5)
    assert sure_of((percent(800), REST)) == 9200
    assert sure_of((percent(800), own, Rule(9, "operator", "residual"))) == 3000
    assert sure_of((Rule(1, "host", "unit", amount=1), REST)) == 0, "a cheap sale is all of it"
    assert sure_of((own, Rule(1, "host", "unit", amount=1), REST)) == 3000
    assert sure_of((percent(8000), percent(5000, "platform", base="remainder"))) == 2000
    assert sure_of((percent(1000, base="paid"), REST), tax_bp=2000) == 8800
    assert sure_of((percent(1000, base="gross"), REST)) == 0
    assert sure_of((percent(1, minimum=1), REST)) == 0
    assert sure_of((percent(1000, "platform", maximum=5), Rule(9, "host", "residual"))) == 0
    limits = [Limit(1, amount=10**9, platform_bp=3000)]
    assert "The platform is sure of" in beyond(limits, Rule(1, "host", "unit", amount=1))[0]
    assert beyond(limits, own, Rule(1, "host", "unit", amount=1)) == []


ROLES = ("platform", "operator", "host", "supplier")
RULES = st.lists(
    st.builds(
        lambda role, value, base, bp, amount, least, most: (
            role,
            value,
            base,
            bp,
            amount,
            least,
            most,
        ),
        st.sampled_from(ROLES),
        st.sampled_from(["percent", "percent", "unit", "order"]),
        st.sampled_from(["net", "paid", "gross", "remainder", "margin", "net_fee"]),
        st.integers(1, 10_000),
        st.integers(1, 5000),
        st.none() | st.integers(0, 500),
        st.none() | st.integers(500, 900),
    ),
    max_size=5,
)


@given(
    RULES,
    st.sampled_from(ROLES),
    st.integers(1, 50_000),
    st.integers(0, 2000),
    st.integers(0, 5000),
    st.integers(0, 9000),
)
def test_the_platform_gets_what_it_is_sure_of(rules, rest, net, tax_bp, discount, cost):
    """By the engine itself: of any sale, but for the last minor unit of each share."""
    chain = [
        Rule(number, role, value, base, bp, amount, minimum=least, maximum=most)
        for number, (role, value, base, bp, amount, least, most) in enumerate(rules, 1)
    ]
    chain.append(Rule(50, rest, "residual"))
    tax = net * tax_bp // 10_000
    sale = Sale("s", "o", 1, 750, net + tax + discount, discount, net, tax, fee=3, cost=cost)
    who = {rule.id: (100 + rule.id,) for rule in chain if rule.role != "platform"}
    shares = share_out(sale, Policy(1, "P", 1, "EUR", 2, tuple(chain)), who)
    got = sum(share.amount for share in shares if share.partner_id == PLATFORM)
    assert got * 10_000 >= net * sure_of(chain, tax_bp=tax_bp) - 10_000 * len(chain)
