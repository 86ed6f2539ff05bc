# SPDX-License-Identifier: LGPL-3.0-or-later
from . import core
from . import models
from . import wizard
from . import controllers
