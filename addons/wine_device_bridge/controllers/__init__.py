# SPDX-License-Identifier: LGPL-3.0-or-later
from . import claim
from . import events
from . import health
from . import firmware
