# SPDX-License-Identifier: LGPL-3.0-or-later
"""Driving order of a route: a closed tour from the warehouse through its stops.

Up to :data:`EXACT` places the shortest tour is found (Held and Karp 1962). Beyond, nearest
neighbour, then 2-opt and or-opt until neither shortens the tour (Croes 1958; Or 1976). Distances
are great circles; a road is longer by :data:`DETOUR` (Ballou, Rahardja and Sakai 2002 measured 1.2
to 1.4 in most countries). Deterministic: equal distances keep the order of the stops.
"""

from math import asin, cos, radians, sin, sqrt

EARTH_KM = 6371.0088
DETOUR = 1.3
EXACT = 9


def haversine(here, there):
    """Kilometres of the great circle between two (latitude, longitude) in degrees."""
    lat1, lon1, lat2, lon2 = map(radians, (*here, *there))
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(chord)))


def known(point):
    """Whether a place has a position; 0, 0 is nowhere that wine is sold."""
    return bool(point and (point[0] or point[1]))


def tour(depot, stops):
    """Order of the stops and the length of the way.

    :param depot: (latitude, longitude) where the route begins and ends
    :param list stops: positions; one without a position is driven last and not measured
    :return: (list of indexes of ``stops``, kilometres by road)
    """
    placed = [number for number, point in enumerate(stops) if known(point)]
    lost = [number for number in range(len(stops)) if number not in set(placed)]
    if not placed:
        return lost, 0.0
    start = depot if known(depot) else _middle([stops[number] for number in placed])
    points = [start] + [stops[number] for number in placed]
    table = [[haversine(a, b) for b in points] for a in points]
    order = _exact(table) if len(placed) <= EXACT else _improve(_nearest(table), table)
    return [placed[number - 1] for number in order] + lost, DETOUR * _length(order, table)


def length(depot, stops):
    """Kilometres by road of the stops in the order given, from and back to the warehouse."""
    placed = [point for point in stops if known(point)]
    if not placed:
        return 0.0
    points = [depot if known(depot) else _middle(placed), *placed]
    return DETOUR * sum(
        haversine(here, there) for here, there in zip(points, points[1:] + points[:1], strict=True)
    )


def _middle(points):
    return tuple(sum(values) / len(points) for values in zip(*points, strict=True))


def _length(order, table):
    way = [0, *order, 0]
    return sum(table[here][there] for here, there in zip(way, way[1:], strict=False))


def _exact(table):
    """Shortest tour by dynamic programming over sets of places."""
    count = len(table) - 1
    best = {(1 << place, place): (table[0][place + 1], None) for place in range(count)}
    for visited in range(1, 1 << count):
        for last in range(count):
            if (visited, last) not in best:
                continue
            way = best[visited, last][0]
            for place in range(count):
                if visited >> place & 1:
                    continue
                key = visited | 1 << place, place
                longer = way + table[last + 1][place + 1]
                if key not in best or longer < best[key][0] - 1e-12:
                    best[key] = longer, last
    visited = (1 << count) - 1
    last = min(range(count), key=lambda place: best[visited, place][0] + table[place + 1][0])
    order = []
    while last is not None:
        order.append(last + 1)
        visited, last = visited & ~(1 << last), best[visited, last][1]
    return order[::-1] if order[-1] < order[0] else order


def _nearest(table):
    left, order, here = list(range(1, len(table))), [], 0
    while left:
        here = min(left, key=lambda place: (table[here][place], place))
        left.remove(here)
        order.append(here)
    return order


def _improve(order, table):
    """Turn stretches round (2-opt) and move them elsewhere (or-opt) as long as that helps."""
    while True:
        shorter = _two_opt(order, table) or _or_opt(order, table)
        if shorter is None:
            return order
        order = shorter


def _two_opt(order, table):
    way = [0, *order, 0]
    for left in range(1, len(way) - 2):
        for right in range(left + 1, len(way) - 1):
            a, b, c, d = way[left - 1], way[left], way[right], way[right + 1]
            if table[a][c] + table[b][d] < table[a][b] + table[c][d] - 1e-9:
                way[left : right + 1] = way[left : right + 1][::-1]
                return way[1:-1]
    return None


def _or_opt(order, table):
    now = _length(order, table)
    for size in (1, 2, 3):
        for start in range(len(order) - size + 1):
            moved, rest = order[start : start + size], order[:start] + order[start + size :]
            for place in range(len(rest) + 1):
                for stretch in (moved, moved[::-1]):
                    other = rest[:place] + stretch + rest[place:]
                    if _length(other, table) < now - 1e-9:
                        return other
    return None
