# SPDX-License-Identifier: LGPL-3.0-or-later
from . import wine_share_reconciliation
from . import wine_share_difference
from . import wine_share_recon_case
from . import wine_share_account
from . import wine_share_entry
from . import wine_share_volume
from . import wine_share_policy
from . import wine_share_policy_line
from . import wine_share_limit
from . import wine_share_roles
from . import wine_share_statement
from . import wine_share_statement_link
