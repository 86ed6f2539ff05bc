# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who runs the servers: the invoking user, or for root an account of their own."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from .paths import LOCAL, ensure, project_key
from .shell import is_root, run

NAME = "wine-vending"


def service_user():
    """Return the passwd entry that PostgreSQL and mosquitto run as."""
    if not is_root():
        return pwd.getpwuid(os.getuid())
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        shell = "/usr/sbin/nologin"
        run(
            ["useradd", "--system", "--no-create-home", "--home", "/nonexistent", "-s", shell, NAME]
        )
        return pwd.getpwnam(NAME)


def demote():
    """Return the subprocess arguments that start a program as the service user."""
    if not is_root():
        return {}
    user = service_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def as_service(command, **kwargs):
    """Run a program as the service user, see `shell.run`."""
    return run(command, cwd="/", **demote(), **kwargs)


def service_home():
    """Return the folder of the servers' data, owned by the service user.

    It is `.local/services`; where that account cannot reach it, a folder below /var/lib with a
    link to it from there.
    """
    user = service_user()
    link = LOCAL / "services"
    if link.exists():
        return link.resolve()
    ensure(LOCAL)
    home = link
    if is_root() and not reachable(LOCAL):
        home = Path("/var/lib") / NAME / project_key()
        link.unlink(missing_ok=True)
        ensure(home)
        link.symlink_to(home)
    ensure(home)
    if is_root():
        os.chown(home, user.pw_uid, user.pw_gid)
    home.chmod(0o700)
    return home.resolve()


def remove_home():
    """Delete the servers' data, wherever it is."""
    link = LOCAL / "services"
    shutil.rmtree(link.resolve(), ignore_errors=True)
    link.unlink(missing_ok=True) if link.is_symlink() else None


def reachable(folder):
    """Return whether the service user may enter `folder`."""
    done = subprocess.run(["test", "-x", folder], cwd="/", check=False, **demote())
    return done.returncode == 0
