# SPDX-License-Identifier: LGPL-3.0-or-later
"""The outage that all workers of this process share."""

import logging

from ..core.outage import Outage

outage = Outage(logging.getLogger(__name__))
