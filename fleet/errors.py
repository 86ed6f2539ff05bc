# SPDX-License-Identifier: LGPL-3.0-or-later
"""The words in which a device says no."""


class Refused(Exception):
    """The device will not do it; `code` is a code of docs/protocol §5 or a local one."""

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class JournalDamaged(Exception):
    """A journal is broken before its last line, which no crash explains."""


class BadConfig(Exception):
    """The configuration file lacks something that the fleet needs."""


class BadDesired(Exception):
    """A wanted shadow cannot be applied as a whole; `errors` is `[{slot, code}]` (§8)."""

    def __init__(self, errors):
        super().__init__(", ".join(f"{e['slot']}: {e['code']}" for e in errors))
        self.errors = errors
