# SPDX-License-Identifier: LGPL-3.0-or-later
"""What must hold before anything is set up."""

import os
import shutil
import sys
from pathlib import Path

from . import apt
from .errors import EnvError
from .odoo_source import STAMP
from .paths import CACHE, LOCAL, PROJECT
from .shell import is_root

# A machine may have a bundle of its own here, which the package would overwrite.
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
FIRST_TIME, LATER = 3 << 30, 300 << 20


def before():
    """Refuse early, with one line, what cannot work."""
    if not sys.platform.startswith("linux"):
        raise EnvError("This runs on Linux only: elsewhere use docker-compose.yml.")
    if not os.access(PROJECT, os.W_OK):
        raise EnvError(f"{PROJECT} is read-only: use a copy that you may write to.")
    _check_space()
    if is_root() and apt.available():
        apt.install(*([] if CERTIFICATES.exists() else ["ca-certificates"]), "passwd")


def _check_space():
    needed = LATER if STAMP.exists() else FIRST_TIME
    for folder in (LOCAL, CACHE):
        while not folder.exists():
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise EnvError(
                f"The disk of {folder} has {free >> 20} MB left and {needed >> 20} MB are needed:"
                " free some space, then try again."
            )
