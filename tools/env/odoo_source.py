# SPDX-License-Identifier: LGPL-3.0-or-later
"""Odoo 19 itself: Debian's complete Community package, unpacked beside the project.

`ODOO_HOME` points at a checkout of the user's instead.
"""

import hashlib
import os
import re
import shutil
from pathlib import Path

from . import apt, segmentation
from .errors import EnvError
from .paths import BUNDLE, ensure
from .shell import run, say, step

VERSION = "19.0.0+dfsg-1"
SHA256 = "9d2f598b0555db17e291d48ed24df184c70823c053c4c5ed53c467ca7f629bbf"
FROM_STABLE = (
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-roboto-unhinted",
    "fonts-font-awesome",
    "fonts-inconsolata",
)
FROM_SID = ("fonts-montserrat", "fonts-ocr-b")
# Font Awesome 7 and later lack the files that Odoo links to.
STABLE_SUITE = "bookworm"
STAMP = BUNDLE / ".complete"


def checkout():
    """Return the user's own checkout of Odoo 19, or None."""
    home = os.environ.get("ODOO_HOME")
    if not home:
        return None
    home = Path(home).expanduser().resolve()
    if not (home / "odoo-bin").exists() and not (home / "odoo" / "release.py").exists():
        raise EnvError(f"ODOO_HOME={home} is no checkout of Odoo: name the folder with odoo-bin.")
    release = (home / "odoo" / "release.py").read_text()
    if not re.search(r"version_info = \(\s*(19|'?saas~19)", release):
        raise EnvError(f"ODOO_HOME={home} is not Odoo 19: check out its branch 19.0.")
    return home


def packages():
    """Return the folder that makes `odoo` importable."""
    return checkout() or BUNDLE / "usr" / "lib" / "python3" / "dist-packages"


def ensure_source():
    """Have Odoo 19 on this machine; return the folder to import it from."""
    if checkout() or STAMP.exists():
        return packages()
    if not apt.available():
        raise EnvError(
            "This system has no apt: set ODOO_HOME to a checkout of Odoo 19.0,"
            " or use docker-compose.yml."
        )
    with step("Odoo 19: fetching and unpacking it (about 130 MB)"):
        shutil.rmtree(BUNDLE, ignore_errors=True)
        apt.unpack(BUNDLE, _archives())
        segmentation.add(packages())
        _check_links(BUNDLE)
    ensure(BUNDLE)
    STAMP.touch()
    return packages()


def _archives():
    sid = apt.suite_options("sid")
    apt.update_suite(sid)
    version = apt.candidate("odoo-19", sid)
    if version and version != VERSION:
        say(f"  the mirror carries a newer Odoo, {version}: taking it instead of {VERSION}")
    odoo, *fonts = apt.download("odoo-19", *FROM_SID, options=sid)
    _check_sum(odoo, SHA256 if version == VERSION else _published_sum(sid))
    stable = apt.suite_options(STABLE_SUITE)
    apt.update_suite(stable)
    return [odoo, *fonts, *apt.download(*FROM_STABLE, options=stable)]


def _published_sum(options):
    shown = run(["apt-cache", *options, "show", "odoo-19"])
    return re.search(r"^SHA256: (\w+)", shown, re.MULTILINE).group(1)


def _check_sum(deb, expected):
    digest = hashlib.sha256()
    with open(deb, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != expected:
        deb.unlink()
        raise EnvError(f"{deb.name} does not have the expected SHA-256: try again.")


def _check_links(prefix):
    dangling = [p for p in prefix.rglob("*") if p.is_symlink() and not p.exists()]
    dangling = [p for p in dangling if "static" in p.parts]
    if dangling:
        raise EnvError(f"Odoo is incomplete: {dangling[0]} points nowhere. Try `make clean`.")
