# SPDX-License-Identifier: LGPL-3.0-or-later
import gc
import weakref

import pytest
from wine_device_bridge_core import garbage
from wine_device_bridge_core.garbage import Garbage


class Registry:
    """Refers to itself, as Odoo's does: only a look through everything frees it."""

    def __init__(self):
        self.own = self


@pytest.fixture(autouse=True)
def by_hand(monkeypatch):
    """Python itself looks at nothing here."""
    monkeypatch.setattr(garbage, "MOST", 5000)
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


def litter(count):
    """So many objects that only hold each other; tells whether they are still there."""
    first = Registry()
    first.others = [[] for _each in range(count)]
    return weakref.ref(first)


def test_little_is_left_and_much_is_given_back():
    registry, cleaner = Registry(), Garbage()
    assert cleaner.collect(registry)
    few = litter(1000)
    assert not cleaner.collect(registry)
    assert few() is not None
    many = litter(10_000)
    assert cleaner.collect(registry)
    assert few() is None and many() is None


def test_what_was_alive_at_the_last_look_does_not_hide_garbage():
    registry, cleaner = Registry(), Garbage()
    alive = [[] for _each in range(20_000)]
    cleaner.collect(registry)
    del alive
    assert not cleaner.collect(registry)
    many = litter(10_000)
    assert cleaner.collect(registry)
    assert many() is None


def test_an_upgrade_leaves_no_old_registry_behind():
    cleaner, old = Garbage(), Registry()
    cleaner.collect(old)
    gone = weakref.ref(old)
    assert gc.get_freeze_count() > 0
    del old
    gc.collect()
    assert gone() is not None, "put aside"
    cleaner.collect(Registry())
    assert gone() is None
