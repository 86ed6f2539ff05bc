# SPDX-License-Identifier: LGPL-3.0-or-later
"""What came of a suite."""

from dataclasses import dataclass


@dataclass
class Score:
    """How many tests passed, failed and were skipped, and whether the runner itself is content."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    sound: bool = True

    def __add__(self, other):
        sums = (self.passed + other.passed, self.failed + other.failed)
        return Score(*sums, self.skipped + other.skipped, self.sound and other.sound)
