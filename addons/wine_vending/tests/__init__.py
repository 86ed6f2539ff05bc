# SPDX-License-Identifier: LGPL-3.0-or-later
from . import test_region
from . import test_report_sales
from . import test_machine
from . import test_planogram
from . import test_vend_states
from . import test_vend_local
from . import test_vend_platform
from . import test_session
from . import test_case
from . import test_restock
from . import test_device_facts
from . import test_money_properties
from . import test_access
from . import test_access_odoo
from . import test_product
from . import test_tour
from . import test_visit
