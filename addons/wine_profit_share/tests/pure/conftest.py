# SPDX-License-Identifier: LGPL-3.0-or-later
"""Plain pytest: the core of the addon under a name of its own, without Odoo.

``import wine_profit_share_core`` finds ``addons/wine_profit_share/core`` itself. The addon's own
package is not imported, for it imports Odoo.
"""

import importlib.util
import sys
from pathlib import Path

NAME = "wine_profit_share_core"
CORE = Path(__file__).parents[2] / "core"

if NAME not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        NAME, CORE / "__init__.py", submodule_search_locations=[str(CORE)]
    )
    sys.modules[NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[NAME])
