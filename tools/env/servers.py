# SPDX-License-Identifier: LGPL-3.0-or-later
"""The programs of PostgreSQL and mosquitto: the machine's own, or unpacked beside the project.

Installing the server packages would start services and create a cluster of the system's, so they
are only unpacked; their libraries come from apt.
"""

import os
import shutil
from pathlib import Path

from . import apt
from .accounts import reachable, service_home
from .errors import EnvError
from .paths import PREFIX
from .shell import is_root, step

OLDEST_POSTGRES = 13


def postgres_bin():
    """Return the folder with initdb, postgres and psql, unpacking them when needed."""
    return _postgres_in(Path("/")) or _postgres_in(_prefix()) or _fetch_postgres()


def mosquitto():
    """Return the path of the mosquitto server, unpacking it when needed."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which("mosquitto", path=path)
    unpacked = _prefix() / "usr/sbin/mosquitto"
    if found or unpacked.exists():
        return Path(found or unpacked)
    with step("mosquitto: fetching it"):
        _unpack("mosquitto")
    return unpacked


def dynamic_security():
    """Return the path of mosquitto's dynamic-security plugin, which comes with the server."""
    usr = mosquitto().resolve().parent.parent
    found = sorted(usr.glob("lib/**/mosquitto_dynamic_security.so"))
    if not found:
        raise EnvError(
            f"mosquitto at {usr} has no dynamic-security plugin: install one that has, or set "
            "WINE_BROKER_ACCESS=password_file."
        )
    return found[0]


def _postgres_in(root):
    found = []
    for folder in root.glob("usr/lib/postgresql/*/bin"):
        version = folder.parent.name
        if version.isdigit() and int(version) >= OLDEST_POSTGRES and (folder / "postgres").exists():
            found.append((int(version), folder))
    if found:
        return max(found)[1]
    program = shutil.which("postgres") if root == Path("/") else None
    return Path(program).resolve().parent if program else None


def _fetch_postgres():
    with step("PostgreSQL: fetching it"):
        _unpack(*_postgres_packages())
    return _postgres_in(_prefix())


def _postgres_packages():
    if not apt.available():
        raise EnvError("PostgreSQL 13 or newer and mosquitto are missing: install them.")
    apt.refresh()
    for version in range(20, OLDEST_POSTGRES - 1, -1):
        if apt.candidate(f"postgresql-{version}"):
            return f"postgresql-{version}", f"postgresql-client-{version}"
    raise EnvError("apt carries no PostgreSQL 13 or newer: install one, then try again.")


def _unpack(*packages):
    if not apt.available():
        raise EnvError(f"{packages[0]} is missing: install it, then try again.")
    if not is_root() and not all(apt.candidate(package) for package in packages):
        names = " ".join(packages)
        raise EnvError(f"Not found: {names}. Run `sudo apt-get install {names}`, then try again.")
    apt.refresh()
    debs = apt.download(*packages)
    apt.install(*sorted({name for deb in debs for name in apt.dependencies(deb)}))
    apt.unpack(_prefix(), debs)


def _prefix():
    """Return where server programs are unpacked: where the service user can run them."""
    return PREFIX if not is_root() or reachable(PREFIX.parent) else service_home() / "prefix"
