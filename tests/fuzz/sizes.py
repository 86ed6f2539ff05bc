# SPDX-License-Identifier: LGPL-3.0-or-later
"""How much rubbish: little in `make test`, ``WINE_FUZZ`` spoilt messages in all by `make fuzz`."""

import os

#: parts of all: half of it over the broker, a third straight into a bridge's receiving end
SHARES = {"wire": 0.5, "store": 0.33, "reader": 0.12, "queue": 0.05}
TOTAL = int(os.environ.get("WINE_FUZZ") or 0)


def size(part, small):
    """Messages of a part. :param int small: where nobody asked for more"""
    return int(TOTAL * SHARES[part]) if TOTAL else small


#: events that keep the schema and make no sense, beside the spoilt ones
FACTS = TOTAL // 20 or 1500
