# SPDX-License-Identifier: LGPL-3.0-or-later
"""The two halves of Odoo's tests: every tag once, whole addons only."""

from tools.env import odoo
from tools.env.odoo_suite import halve

TAGS = tuple(f"/{name}" for name in odoo.modules())


def test_each_tag_is_in_one_half():
    halves = halve(TAGS, cores=2)
    assert len(halves) == 2
    assert sorted(tag for half in halves for tag in half) == sorted(TAGS)
    assert all(halves)


def test_the_largest_addon_does_not_carry_a_second_one():
    halves = halve(TAGS, cores=2)
    assert next(half for half in halves if "/wine_vending" in half) == ("/wine_vending",)


def test_one_core_or_a_part_of_an_addon_is_not_split():
    assert halve(TAGS, cores=1) == [TAGS]
    assert halve(("/wine_vending",), cores=2) == [("/wine_vending",)]
    one = ("/wine_vending:TestVend", "/wine_device_bridge")
    assert halve(one, cores=8) == [one]
