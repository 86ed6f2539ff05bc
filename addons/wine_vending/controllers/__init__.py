# SPDX-License-Identifier: LGPL-3.0-or-later
from . import help
from . import complaint_portal
from . import field
from . import field_logout
