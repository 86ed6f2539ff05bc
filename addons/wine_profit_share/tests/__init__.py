# SPDX-License-Identifier: LGPL-3.0-or-later
from . import test_access
from . import test_sale
from . import test_share_settlement
from . import test_recon
from . import test_withdrawal
from . import test_withdrawal_review
from . import test_withdrawal_money
from . import test_verification
from . import test_todo
from . import test_share_accrual
from . import test_share_settlement_back
from . import test_share_settlement_run
from . import test_share_payout
from . import test_share_policy
from . import test_share_limit
from . import test_share_rent
from . import test_share_whatif
