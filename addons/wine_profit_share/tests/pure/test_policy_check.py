# SPDX-License-Identifier: LGPL-3.0-or-later
from hypothesis import given
from hypothesis import strategies as st
from wine_profit_share_core.policy_check import percent_text, problems
from wine_profit_share_core.rules import Rule, Tier

REST = Rule(99, "platform", "residual")


def said(*rules, above=1):
    """The sentences, rendered; arguments may be sentences themselves."""
    return [_say(sentence) for sentence in problems(rules, above)]


def _say(told):
    args = told["args"]
    if isinstance(args, dict):
        args = {key: _say(v) if isinstance(v, dict) else v for key, v in args.items()}
        return told["told"] % args if args else told["told"]
    return told["told"] % tuple(args) if args else told["told"]


def percent(bp, role="host", **more):
    return Rule(1, role, "percent", bp=bp, **more)


def test_a_good_chain():
    assert said(percent(800), percent(5000, "operator"), REST) == []


def test_no_lines():
    assert "It has no line" in said()[0]


def test_no_residual_and_two():
    assert "No line gets the rest" in said(percent(800))[0]
    (two,) = said(Rule(1, "host", "residual"), percent(1), REST)
    assert two.startswith("Lines 1 (Site host) and 3 (Platform) both get the rest")


def test_the_rest_goes_to_one():
    assert "may be several" in said(Rule(1, "operator_above", "residual"))[0]


def test_more_than_all():
    (over,) = said(percent(6000), percent(4001, "operator"), REST)
    assert "promise 100.01 % of a sale" in over
    assert "line 1 (Site host) with 60 %" in over


def test_what_the_lines_before_left_is_no_promise():
    assert said(percent(9000), percent(9000, "operator", base="remainder"), REST) == []


def test_each_operator_above_counts():
    chain = (percent(6000, "operator_above"), REST)
    assert said(*chain, above=1) == []
    assert "promise 120 %" in said(*chain, above=2)[0]


def test_tiers_count_by_their_highest():
    tiers = (Tier(0, 1000), Tier(100_000, 9500))
    over = said(percent(600), Rule(2, "operator", "tiered", tiers=tiers), REST)
    assert "promise 101 %" in over[0]


def test_receivers():
    assert "no partner is named" in said(percent(1, "partner"), REST)[0]
    assert "the role says who receives" in said(percent(1, partner_id=3), REST)[0]
    assert "pay rent to itself" in said(Rule(1, "platform", "rent", amount=5), REST)[0]


def test_values():
    assert "Line 1 (Site host): 0 % cannot be given" in said(percent(0), REST)[0]
    assert any("101 % cannot be given" in text for text in said(percent(10_100), REST))
    for value in ("order", "unit", "litre", "rent"):
        assert "it gives no amount" in said(Rule(1, "host", value), REST)[0]


def test_tiers():
    def tiered(*tiers):
        return said(Rule(1, "host", "tiered", tiers=tuple(Tier(*tier) for tier in tiers)), REST)

    assert tiered((0, 100), (5, 200)) == []
    assert "has to begin at 0" in tiered()[0]
    assert "has to begin at 0" in tiered((5, 100))[0]
    assert "has to begin at 0" in tiered((0, 100), (0, 200))[0]
    assert "begin at the same volume" in tiered((0, 100), (5, 200), (5, 300))[0]
    assert "begins below 0" in tiered((0, 100), (-5, 200))[0]


def test_minimum_and_maximum():
    assert "below its minimum" in said(percent(1, minimum=5, maximum=4), REST)[0]
    assert "minimum is negative" in said(percent(1, minimum=-5), REST)[0]
    assert said(percent(1, minimum=5, maximum=5), REST) == []


@given(st.integers(0, 10_000))
def test_percent_text_reads_back(bp):
    text = percent_text(bp)
    assert round(float(text) * 100) == bp
    assert not text.endswith(".") and (text == "0" or "." not in text or not text.endswith("0"))


@given(st.lists(st.integers(1, 3000), max_size=6))
def test_whoever_stays_below_all_is_let_through(parts):
    found = said(*(percent(bp, "operator") for bp in parts), REST)
    assert bool(found) == (sum(parts) > 10_000)
