# SPDX-License-Identifier: LGPL-3.0-or-later
"""From facts of machines to vends, orders, counters and cases, a batch at a time."""

from .batch import HANDLERS, Batch, handles
from . import device
from . import vend_local
from . import vend_platform
from . import restock
from . import cash
from . import counters
