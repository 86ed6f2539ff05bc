# SPDX-License-Identifier: LGPL-3.0-or-later
"""Pure Python beside the models: no Odoo import, tested without a database."""

from . import told
from . import after_sales
from . import business_time
from . import exposure
from . import facts
from . import forecast
from . import money
from . import planogram_diff
from . import price_limit
from . import order_up_to
from . import route
from . import sale_line
from . import shadow_order
from . import slot_counter
from . import vend_flow
from . import vend_fold
from . import visit_plan
from . import vend_match
from . import counters
from . import eva_dts
