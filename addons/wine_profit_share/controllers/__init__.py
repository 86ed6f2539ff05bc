# SPDX-License-Identifier: LGPL-3.0-or-later
from . import share_desk
from . import share_lines
from . import share_money
from . import share_goods
from . import share_office
