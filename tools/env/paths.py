# SPDX-License-Identifier: LGPL-3.0-or-later
"""Where things are: the project, its private folder and the download cache."""

import hashlib
import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ADDONS = PROJECT / "addons"
LOCAL = PROJECT / ".local"
PREFIX = LOCAL / "prefix"
RUN = LOCAL / "run"
LOGS = LOCAL / "log"
VENV = LOCAL / "venv"
PYTHON = VENV / "bin" / "python"
BUNDLE = LOCAL / "odoo"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wine-vending"


def project_key():
    """Return a short name that tells two checkouts on one machine apart."""
    return hashlib.sha256(str(PROJECT).encode()).hexdigest()[:10]


def ensure(folder, mode=0o755):
    """Create `folder` with its parents and return it."""
    folder.mkdir(parents=True, exist_ok=True, mode=mode)
    return folder
