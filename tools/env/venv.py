# SPDX-License-Identifier: LGPL-3.0-or-later
"""The project's virtual environment, kept in step with the pinned requirements."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

from . import odoo_source
from .errors import EnvError
from .paths import CACHE, PROJECT, PYTHON, VENV, ensure
from .shell import run, step

OLDEST, NEWEST = (3, 10), (3, 13)


def check_python():
    """Refuse a Python that Odoo 19 does not run on."""
    here = sys.version_info[:2]
    if not OLDEST <= here <= NEWEST:
        raise EnvError(
            f"Python {here[0]}.{here[1]} does not run Odoo 19: install Python 3.10 to 3.13"
            " and name it, `PYTHON=python3.12 make run`."
        )


def ensure_venv(*extra):
    """Have the environment with requirements.txt and the `extra` files, and Odoo in it."""
    check_python()
    if not PYTHON.exists():
        with step("Python environment: creating it"):
            shutil.rmtree(VENV, ignore_errors=True)
            failure = "python3 cannot make a virtual environment: install python3-venv."
            run([sys.executable, "-m", "venv", VENV], failure=failure)
    for name in ("requirements.txt", *extra):
        _install(PROJECT / name)
    _link_odoo()


def _install(requirements):
    stamp = VENV / f".{requirements.stem}.sha256"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step(f"Python packages of {requirements.name}: installing them"):
        command = [PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "-r", requirements]
        cache = {"PIP_CACHE_DIR": str(ensure(CACHE / "pip")), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        failure = "Python packages cannot be installed: check the network and pip's configuration."
        run(command, failure=failure, env={**os.environ, **cache})
    stamp.write_text(wanted)


def _link_odoo():
    """Make `odoo` importable, and known to pip as version 19."""
    site = next((VENV / "lib").glob("python3*/site-packages"))
    source = odoo_source.packages()
    (site / "odoo-source.pth").write_text(f"{source}\n")
    for info in Path(source).glob("odoo-19*.egg-info"):
        if not (site / info.name).exists():
            shutil.copytree(info, site / info.name)
            for listing in (site / info.name / "PKG-INFO", site / info.name / "requires.txt"):
                text = listing.read_text().replace("psycopg2>=", "psycopg2-binary>=")
                listing.write_text(text)
    script = VENV / "bin" / "odoo"
    script.write_text(f"#!{PYTHON}\nfrom odoo.cli.command import main\n\nmain()\n")
    script.chmod(0o755)
