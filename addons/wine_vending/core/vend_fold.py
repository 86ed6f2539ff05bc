# SPDX-License-Identifier: LGPL-3.0-or-later
"""One vend while a batch of facts is folded over it: no database, no writes."""

from dataclasses import dataclass, field

from . import vend_flow


@dataclass(slots=True)
class VendFold:
    """Present state of a vend and what the batch changes in it.

    ``record`` is the stored vend, or None for one that this batch makes; ``values`` is what will be
    created or written in the end. States move by the same table as everywhere.
    """

    uuid: str
    state: str
    record: object = None
    values: dict = field(default_factory=dict)

    def get(self, name):
        """The value as it will be: changed in this batch, else as stored."""
        if name in self.values or self.record is None:
            return self.values.get(name)
        return getattr(self.record, name)

    def advance(self, target, **values):
        """Go to ``target`` where that is allowed; True where it was."""
        if not vend_flow.may_follow(self.state, target):
            return False
        self.state = target
        self.values.update(values, state=target)
        return True
