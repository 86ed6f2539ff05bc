# SPDX-License-Identifier: LGPL-3.0-or-later
"""Plain pytest below ``addons/``: for the tests in ``*/tests/pure``, which know no Odoo.

pytest imports the packages above a test file, and an addon imports Odoo. So without the plugin
pytest-odoo these packages are mere folders, and an empty place holder stands under their names;
Odoo itself knows addons by other names.
"""

import sys
import types
from pathlib import Path

import pytest
from hypothesis import settings

ADDONS = Path(__file__).parent

# a busy machine is no failure
settings.register_profile("wine", deadline=None)
settings.load_profile("wine")

for pure in ADDONS.glob("*/tests/pure"):
    for folder in (pure.parents[1], pure.parent):
        name = ".".join(folder.relative_to(ADDONS.parent).parts)
        holder = types.ModuleType(name)
        holder.__path__ = [str(folder)]
        sys.modules.setdefault(name, holder)


def pytest_collect_directory(path, parent):
    if not parent.config.pluginmanager.hasplugin("odoo"):
        return pytest.Dir.from_parent(parent, path=path)
    return None
