# SPDX-License-Identifier: LGPL-3.0-or-later
"""Phone and machine tell of the same thing: when two reports are of one, and of which line."""

from datetime import timedelta

#: reports that name no common visit are of the same one within this time of each other
TOGETHER = timedelta(hours=2)


def by_lane(lines):
    """Lines of a visit by slot and product.

    :param lines: records with ``slot_id`` and ``product_id``
    :return: dict (slot, product) → line
    """
    return {(line.slot_id, line.product_id): line for line in lines}
