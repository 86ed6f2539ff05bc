# SPDX-License-Identifier: LGPL-3.0-or-later
"""Plain pytest: the core of the addon under a name of its own, without Odoo.

``import wine_profit_share_core`` finds ``addons/wine_profit_share/core`` itself. The addon's own
package is not imported, for it imports Odoo. ``wine_profit_share_cases`` are the policies and sales
by chance that properties and benchmarks are run on.
"""

import importlib.util
import sys
from pathlib import Path

CORE = Path(__file__).parents[2] / "core"
CASES = Path(__file__).with_name("cases.py")


def load(name, path, folder=None):
    if name not in sys.modules:
        places = [str(folder)] if folder else None
        spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=places)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


load("wine_profit_share_core", CORE / "__init__.py", CORE)
load("wine_profit_share_cases", CASES)
