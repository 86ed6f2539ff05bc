# SPDX-License-Identifier: LGPL-3.0-or-later
from . import wine_bridge_event
from . import wine_bridge_projection
from . import wine_bridge_journal
from . import wine_bridge_gap
from . import wine_bridge_command
from . import wine_bridge_command_keep
from . import wine_bridge_auth
from . import wine_bridge_credential
from . import wine_bridge_claim
from . import wine_bridge_emqx
from . import wine_machine
from . import wine_machine_access
from . import wine_bridge_disturbance
from . import wine_machine_command
from . import wine_planogram
from . import wine_bridge_process
from . import wine_bridge_sample
