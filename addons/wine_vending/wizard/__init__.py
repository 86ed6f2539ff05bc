# SPDX-License-Identifier: LGPL-3.0-or-later
from . import wine_planogram_schedule
from . import wine_planogram_rollback
from . import wine_rollout
from . import wine_planogram_copy
from . import wine_price_change
from . import stock_bounded
from . import wine_machine_move
from . import wine_staff_new
from . import wine_need_answer
from . import wine_route_plan
from . import wine_counter_upload
from . import wine_route_plan_line
