# SPDX-License-Identifier: LGPL-3.0-or-later
from . import test_store
from . import test_store_interleaved
from . import test_projection
from . import test_business_time
from . import test_gap
from . import test_outbox
from . import test_credentials
from . import test_disturbance
from . import test_access
from . import test_telemetry
from . import test_planogram_sent
from . import test_claim
from . import test_emqx
from . import test_access_applied
from . import test_door
