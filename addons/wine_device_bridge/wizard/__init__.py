# SPDX-License-Identifier: LGPL-3.0-or-later
from . import wine_bridge_shown
from . import wine_command_new
from . import wine_bridge_correction
