# SPDX-License-Identifier: LGPL-3.0-or-later
"""One secret in two boards: each throws the other out of the broker, and says birth again."""

#: so often a power-up must come back after another one: one return may be two bridges' order
RETURNS = 2


def is_copied(boots):
    """Whether sessions of two boards alternate.

    A board that starts anew has a new ``boot``, and never an earlier one again.

    :param boots: ``boot`` of the machine's latest births, in their order
    """
    seen, last, returns = set(), None, 0
    for boot in boots:
        returns += boot != last and boot in seen
        seen.add(boot)
        last = boot
    return returns >= RETURNS
