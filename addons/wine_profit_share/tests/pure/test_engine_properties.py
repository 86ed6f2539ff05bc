# SPDX-License-Identifier: LGPL-3.0-or-later
"""What holds for any policy and any sale, in currencies of 0, 2 and 3 decimals."""

from collections import Counter
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from wine_profit_share_cases import (
    expected_claims,
    hamilton,
    is_exact,
    some_cuts,
    some_policy,
    some_receivers,
    some_sale,
    some_volumes,
)
from wine_profit_share_core.engine import share_order, share_out, volume_of
from wine_profit_share_core.reversal import take_back

chances = st.randoms(use_true_random=False)
often = settings(max_examples=600, deadline=None)


def case(chance):
    policy = some_policy(chance)
    receivers = some_receivers(chance, policy)
    return some_sale(chance, policy), policy, receivers, some_volumes(chance, policy, receivers)


def by_receiver(shares):
    return {(share.rule_id, share.partner_id): share.amount for share in shares if share.amount}


@often
@given(chances)
def test_shares_add_up_and_are_what_a_second_reckoning_finds(chance):
    sale, policy, receivers, volumes = case(chance)
    shares = share_out(sale, policy, receivers, volumes)
    assert sum(share.amount for share in shares) == sale.net
    assert all(share.amount >= 0 for share in shares)
    claims = expected_claims(sale, policy, receivers, volumes)
    assert sum(claim for *_who, claim in claims) == sale.net
    found = by_receiver(shares)
    if is_exact(policy) and len({rule for rule, *_other in claims}) == len(claims):
        parts = hamilton(claims, sale.net)
        assert found == {
            (rule, partner): part
            for (rule, _role, partner, _claim), part in zip(claims, parts, strict=True)
            if part
        }
    near = Fraction(len(claims), 10_000)
    for rule, _role, partner, claim in claims:
        assert abs(found.pop((rule, partner), 0) - claim) < 1 + near
    assert not found


@often
@given(chances)
def test_minimum_and_maximum_hold(chance):
    sale, policy, receivers, volumes = case(chance)
    rules = {rule.id: rule for rule in policy.rules}
    for share in share_out(sale, policy, receivers, volumes):
        rule = rules[share.rule_id]
        if rule.value == "residual":
            continue
        if rule.maximum is not None:
            assert share.amount <= rule.maximum
        if rule.minimum is not None and share.detail.get("limit") not in ("left", "maximum"):
            assert share.amount >= rule.minimum


@often
@given(chances)
def test_the_same_sale_is_always_shared_alike(chance):
    sale, policy, receivers, volumes = case(chance)
    turned = dict(reversed(receivers.items()))
    assert share_out(sale, policy, receivers, volumes) == share_out(sale, policy, turned, volumes)


@often
@given(chances)
def test_a_full_refund_leaves_balances_and_volumes_as_before(chance):
    sale, policy, receivers, volumes = case(chance)
    shares = share_out(sale, policy, receivers, volumes)
    balances, moved = Counter(), Counter(volumes)
    moved.update(volume_of(sale, policy, receivers))
    for share in shares:
        balances[share.role, share.partner_id] += share.amount
    if sale.net:
        parts = take_back([share.amount for share in shares], sale.net, 0, sale.net)
        for share, part in zip(shares, parts, strict=True):
            balances[share.role, share.partner_id] -= part
    moved.subtract(volume_of(sale, policy, receivers))
    assert not any(balances.values())
    assert {key: size for key, size in moved.items() if size} == {
        key: size for key, size in volumes.items() if size
    }


@often
@given(chances)
def test_refunds_in_parts_never_take_more_and_end_at_nothing(chance):
    sale, policy, receivers, volumes = case(chance)
    if not sale.net:
        return
    amounts = [share.amount for share in share_out(sale, policy, receivers, volumes)]
    left, before = list(amounts), 0
    for now in some_cuts(chance, sale.net):
        parts = take_back(amounts, sale.net, before, now)
        assert sum(parts) == now - before
        assert all(0 <= part <= most for part, most in zip(parts, left, strict=True))
        left = [most - part for most, part in zip(left, parts, strict=True)]
        before = now
    assert not any(left)


@often
@given(chances)
def test_orders_share_each_line_and_an_amount_per_order_once(chance):
    policy = some_policy(chance)
    receivers = some_receivers(chance, policy)
    sales = [some_sale(chance, policy, str(number)) for number in range(chance.randint(1, 5))]
    lines = share_order(sales, [policy] * len(sales), [receivers] * len(sales))
    for sale, shares in zip(sales, lines, strict=True):
        assert sum(share.amount for share in shares) == sale.net
    per_order = Counter()
    for share in (share for shares in lines for share in shares):
        if share.detail["value"] == "order":
            per_order[share.rule_id, share.partner_id] += share.detail["part"]
    for (rule_id, _partner), amount in per_order.items():
        assert amount <= next(rule.amount for rule in policy.rules if rule.id == rule_id)
