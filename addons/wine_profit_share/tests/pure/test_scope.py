# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_profit_share_core.rules import Policy
from wine_profit_share_core.scope import PolicyBook, Scope

DAY = date(2026, 3, 10)
#: a sale at machine 7 of site 5 in region 3 (in 2, in 1), of product 11 in category 22 (in 21)
SALE = ((1, 2, 3), 5, 7, 11, (21, 22), "machine")
_ids = count(1)


def scope(day=date(2026, 1, 1), until=None, **where):
    number = next(_ids)
    return Scope(Policy(number, f"P{number}", 1, "EUR", 2, ()), day, until, **where)


def policy_of(scopes, day=DAY, sale=SALE):
    return PolicyBook(scopes).policy_for(day, *sale)


#: from the widest to the most particular, as the contract has it
LADDER = (
    {},
    {"channel": "machine"},
    {"category": 21},
    {"category": 22},
    {"product": 11},
    {"region": 1},
    {"region": 1, "product": 11, "channel": "machine"},
    {"region": 2},
    {"region": 3},
    {"region": 3, "category": 21},
    {"region": 3, "category": 22, "channel": "machine"},
    {"region": 3, "product": 11},
    {"region": 3, "product": 11, "channel": "machine"},
    {"site": 5, "region": 3},
    {"site": 5, "region": 3, "channel": "machine"},
    {"site": 5, "region": 3, "category": 21},
    {"machine": 7, "region": 3},
    {"machine": 7, "region": 3, "product": 11},
    {"machine": 7, "region": 3, "product": 11, "channel": "machine"},
)


@given(st.sets(st.integers(0, len(LADDER) - 1), min_size=1), st.randoms())
def test_the_most_particular_shares(places, chance):
    scopes = {place: scope(**LADDER[place]) for place in places}
    shuffled = list(scopes.values())
    chance.shuffle(shuffled)
    assert policy_of(shuffled) == scopes[max(places)].policy


@pytest.mark.parametrize(
    "where",
    [
        {"region": 4},
        {"site": 6},
        {"machine": 8},
        {"product": 12},
        {"category": 23},
        {"channel": "shop"},
        {"machine": 7, "region": 9},
        {"site": 5, "region": 4},
        {"region": 3, "product": 12},
    ],
)
def test_all_that_is_stated_must_hold(where):
    wide = scope()
    assert policy_of([wide, scope(**where)]) == wide.policy
    assert policy_of([scope(**where)]) is None


def test_a_version_takes_over_on_its_day():
    first = scope(until=DAY - timedelta(days=1))
    second = scope(DAY, DAY + timedelta(days=4))
    third = scope(DAY + timedelta(days=5))
    book = PolicyBook([third, first, second])
    for shift, wanted in ((-1, first), (0, second), (4, second), (5, third), (900, third)):
        assert book.policy_for(DAY + timedelta(days=shift), *SALE) == wanted.policy
    assert book.policy_for(date(2025, 12, 31), *SALE) is None


def test_what_ends_leaves_it_to_the_wider_one():
    wide, narrow = scope(), scope(machine=7, until=DAY)
    assert policy_of([wide, narrow]) == narrow.policy
    assert policy_of([wide, narrow], DAY + timedelta(days=1)) == wide.policy


def test_a_sale_without_places():
    wide, of_website = scope(), scope(channel="website")
    sale = ((), None, None, None, (), "website")
    assert policy_of([wide, of_website, scope(machine=7), scope(region=1)], sale=sale) == (
        of_website.policy
    )


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "region": st.integers(1, 4),
                "site": st.integers(4, 6),
                "machine": st.integers(6, 8),
                "product": st.integers(10, 12),
                "channel": st.sampled_from(["machine", "shop"]),
            },
        ),
        max_size=12,
    )
)
def test_the_index_finds_what_a_walk_through_all_finds(places):
    scopes = [scope(**where) for where in places]
    regions, site, machine, product, categories, channel = SALE
    depths = {region: depth for depth, region in enumerate(regions)}
    inner = {category: depth for depth, category in enumerate(categories)}
    fitting = [s for s in scopes if s.covers(DAY, depths, site, machine, (product, inner), channel)]
    best = max(fitting, key=lambda s: s.rank(depths, inner), default=None)
    assert policy_of(scopes) == (best and best.policy)


def test_what_was_found_is_remembered_and_forgotten(monkeypatch):
    monkeypatch.setattr("wine_profit_share_core.scope.MEMO", 3)
    book = PolicyBook([scope()])
    found = {book.policy_for(DAY + timedelta(days=day), *SALE).id for day in range(9)}
    assert len(found) == 1
    assert len(book._memo) <= 3


def test_families():
    book = PolicyBook([Scope(Policy(1, "P", 2, "EUR", 2, ()), DAY, families={31: 30})])
    assert book.families == {31: 30}
