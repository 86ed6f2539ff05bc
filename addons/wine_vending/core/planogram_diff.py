# SPDX-License-Identifier: LGPL-3.0-or-later
"""What differs between two layouts of a machine, and how two changes of one layout come together.

A layout is a dict: slot → :class:`Lane`. Slots and products are any hashable identity; prices are
integer minor units, so that nothing is compared as a float.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

#: what may differ of a lane that both layouts use, in the order in which people read it
FIELDS = ("product", "price", "capacity", "par", "enabled")


@dataclass(frozen=True, slots=True)
class Lane:
    """What one slot shall hold."""

    product: Any
    price: int
    capacity: int
    par: int
    enabled: bool = True


class Change(NamedTuple):
    """One slot: ``before`` is None where the slot is new, ``after`` where it is left empty."""

    slot: Any
    before: Lane | None
    after: Lane | None

    @property
    def fields(self):
        """Names of what differs; of a slot that is new or left empty, everything."""
        if self.before is None or self.after is None:
            return FIELDS
        return tuple(
            name for name in FIELDS if getattr(self.before, name) != getattr(self.after, name)
        )


def diff(before: dict, after: dict) -> list[Change]:
    """Changes that turn one layout into the other, in the order of ``after``, removals last."""
    slots = [*after, *(slot for slot in before if slot not in after)]
    return [
        Change(slot, before.get(slot), after.get(slot))
        for slot in slots
        if before.get(slot) != after.get(slot)
    ]


def apply(layout: dict, changes) -> dict:
    """The layout after the changes."""
    result = dict(layout)
    for change in changes:
        if change.after is None:
            result.pop(change.slot, None)
        else:
            result[change.slot] = change.after
    return result


def merge(base: dict, mine: dict, theirs: dict):
    """Bring together two changes of one layout, as a version control system does.

    A slot that only one of the two changed is taken from it. Where both changed one slot, each
    field that only one of them changed is taken from it; the same change twice is one change.

    :return: (layout, slots in which both changed the same thing otherwise); a slot in conflict
        stays as in ``theirs``
    """
    merged, conflicts = {}, []
    for slot in dict.fromkeys([*theirs, *mine, *base]):
        was, my, their = base.get(slot), mine.get(slot), theirs.get(slot)
        try:
            lane = _merge_lane(was, my, their)
        except ValueError:
            conflicts.append(slot)
            lane = their
        if lane is not None:
            merged[slot] = lane
    return merged, conflicts


def _merge_lane(was, my, their):
    """One slot; :raise ValueError: both changed it, otherwise"""
    if my in (was, their):
        return their
    if their == was:
        return my
    if None in (was, my, their):
        raise ValueError("filled by one, left empty by the other")
    return replace(was, **{name: _merge_field(name, was, my, their) for name in FIELDS})


def _merge_field(name, was, my, their):
    old, mine, theirs = getattr(was, name), getattr(my, name), getattr(their, name)
    if mine in (old, theirs):
        return theirs
    if theirs == old:
        return mine
    raise ValueError(name)
