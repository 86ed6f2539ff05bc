# SPDX-License-Identifier: LGPL-3.0-or-later
from . import account_payment_register
from . import wine_share_verify
from . import wine_share_withdrawal_answer
from . import wine_share_settlement_end
from . import wine_share_answer
from . import wine_share_whatif
from . import wine_share_settle
from . import wine_share_partner_merge
