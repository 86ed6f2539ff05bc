# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which machines go into a van, and which lane gets which bottle."""

from datetime import datetime

from wine_vending_core.visit_plan import Candidate, choose, pack


def test_most_money_first():
    many = [Candidate(1, 10, 5), Candidate(2, 30, 5), Candidate(3, 20, 5)]
    assert choose(many, 2, 100) == [2, 3]


def test_what_does_not_fit_is_passed_over():
    many = [Candidate(1, 30, 60), Candidate(2, 20, 50), Candidate(3, 10, 40)]
    assert choose(many, 9, 100) == [1, 3]


def test_a_machine_larger_than_the_van_is_still_visited():
    assert choose([Candidate(1, 30, 500)], 9, 100) == [1]
    assert choose([], 9, 100) == []


def test_no_money_at_risk_goes_by_age():
    old, new = datetime(2026, 1, 1), datetime(2026, 5, 1)
    many = [Candidate(1, 0, 0, new), Candidate(2, 0, 0, old), Candidate(3, 0, 0)]
    assert choose(many, 9, 10) == [2, 1, 3]


def test_the_emptiest_lane_first():
    assert pack(4, [("A", 1), ("B", 6), ("C", 3)]) == {"B": 4}
    assert pack(5, [("A", 3), ("B", 3)]) == {"A": 3, "B": 2}
    assert pack(50, [("A", 1), ("B", 0)]) == {"A": 1}
    assert pack(0, [("A", 1)]) == {}
