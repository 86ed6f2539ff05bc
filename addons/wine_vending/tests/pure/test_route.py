# SPDX-License-Identifier: LGPL-3.0-or-later
"""Driving order against every other order."""

import itertools
import random

import pytest
from wine_vending_core import route
from wine_vending_core.route import haversine, length, tour

DEPOT = (30.2, -85.7)


def stops(count, seed):
    chance = random.Random(seed)
    return [(30 + chance.random(), -86 + chance.random()) for _stop in range(count)]


def shortest(depot, points):
    return min(
        length(depot, [points[number] for number in order])
        for order in itertools.permutations(range(len(points)))
    )


def test_great_circle():
    """One degree of latitude; Paris to New York, 5,837 km."""
    assert haversine((0, 0), (1, 0)) == pytest.approx(111.195, rel=1e-4)
    assert haversine((48.8566, 2.3522), (40.7128, -74.006)) == pytest.approx(5837, rel=2e-3)
    assert haversine((0, 179.5), (0, -179.5)) == pytest.approx(111.195, rel=1e-4)


@pytest.mark.parametrize("count", range(1, 9))
@pytest.mark.parametrize("seed", range(3))
def test_as_short_as_the_best_of_all_orders(count, seed):
    points = stops(count, 100 * count + seed)
    order, km = tour(DEPOT, points)
    assert sorted(order) == list(range(count))
    assert km == pytest.approx(length(DEPOT, [points[number] for number in order]))
    assert km == pytest.approx(shortest(DEPOT, points))


@pytest.mark.parametrize("seed", range(12))
def test_the_heuristic_alone_stays_near_the_best(seed, monkeypatch):
    """What long routes rely on, on routes short enough to know the best."""
    points = stops(8, seed)
    monkeypatch.setattr(route, "EXACT", 0)
    _order, km = tour(DEPOT, points)
    assert km <= 1.06 * shortest(DEPOT, points)


def test_a_circle_is_driven_round():
    """Twenty places on a line of longitude and back: the order is known for long routes too."""
    from math import cos, pi, sin

    points = [(10 + sin(2 * pi * n / 24), 10 + cos(2 * pi * n / 24)) for n in range(24)]
    mixed = points[:]
    random.Random(5).shuffle(mixed)
    order, km = tour(points[0], mixed)
    assert km == pytest.approx(length(points[0], points))


def test_deterministic():
    points = stops(30, 9)
    assert tour(DEPOT, points) == tour(DEPOT, list(points))


def test_a_place_without_position_comes_last():
    order, km = tour(DEPOT, [(0, 0), (30.3, -85.7), (0, 0), (30.25, -85.7)])
    assert order[2:] == [0, 2]
    assert km == pytest.approx(route.DETOUR * 2 * haversine(DEPOT, (30.3, -85.7)))
    assert tour(DEPOT, [(0, 0)]) == ([0], 0.0)
    assert tour(DEPOT, []) == ([], 0.0)


def test_a_warehouse_without_position():
    """The way begins in the middle of the stops rather than off the coast of Africa."""
    _order, km = tour((0, 0), stops(5, 1))
    assert km < 500


def test_several_machines_at_one_site():
    order, km = tour(DEPOT, [(30.3, -85.7)] * 4)
    assert order == [0, 1, 2, 3]
    assert km == pytest.approx(route.DETOUR * 2 * haversine(DEPOT, (30.3, -85.7)))
