# SPDX-License-Identifier: LGPL-3.0-or-later
"""Debian packages: installed by the system's apt, or unpacked into the project's own prefix.

Every mirror is the one that the machine's own apt is set up with.
"""

import os
import re
import shutil
import subprocess

from .errors import EnvError
from .paths import CACHE, LOCAL, ensure
from .shell import is_root, run

ARCHIVE = CACHE / "debs"
STRICT = ("-o", "APT::Update::Error-Mode=any")
_refreshed = []


def available():
    """Return whether this is a system with apt and dpkg."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg"))


def installed(package):
    """Return whether dpkg knows `package` as installed."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", package]
    done = subprocess.run(query, capture_output=True, check=False)
    return "installed" in done.stdout.decode().split()


def refresh():
    """Run `apt-get update` once per process, when root."""
    if is_root() and not _refreshed:
        failure = "The package lists cannot be fetched: check the network and the sources of apt."
        run(["apt-get", "update", "-qq", *STRICT], failure=failure)
        _refreshed.append(True)


def install(*packages):
    """Install system packages that are missing, without their recommendations."""
    missing = [package for package in packages if not installed(package)]
    if not missing:
        return
    if not is_root():
        names = " ".join(missing)
        raise EnvError(f"Missing packages: run `sudo apt-get install {names}`, then try again.")
    refresh()
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    run(command, failure=f"apt-get could not install {' '.join(missing)}.", env=environment)


def candidate(package, options=()):
    """Return the version of `package` that apt would take, or None."""
    policy = run(["apt-cache", *options, "policy", package])
    match = re.search(r"Candidate: (\S+)", policy)
    return match.group(1) if match and match.group(1) != "(none)" else None


def download(*packages, options=()):
    """Return the paths of the newest .deb of each package, from the cache where they are there."""
    ensure(ARCHIVE)
    return [_download_one(package, options) for package in packages]


def _download_one(package, options):
    version = candidate(package, options)
    if version is None:
        raise EnvError(f"The mirror of this machine's apt does not carry {package}.")
    pattern = f"{package}_{version.replace(':', '%3a')}_*.deb"
    found = sorted(ARCHIVE.glob(pattern))
    if found:
        return found[-1]
    failure = f"{package} cannot be downloaded: check the network and the disk."
    command = ["apt-get", *options, "-o", "APT::Sandbox::User=root", "-qq", "download", package]
    run(command, failure=failure, cwd=ARCHIVE)
    found = sorted(ARCHIVE.glob(pattern))
    if not found:
        raise EnvError(failure)
    return found[-1]


def unpack(prefix, debs):
    """Unpack packages into `prefix`, running none of their scripts."""
    ensure(prefix)
    for deb in debs:
        run(
            ["dpkg", "-x", deb, prefix], failure=f"{deb.name} cannot be unpacked: is the disk full?"
        )


def dependencies(deb, prefixes=("lib", "tzdata")):
    """Return the packages that `deb` depends on whose names begin with one of `prefixes`."""
    field = run(["dpkg-deb", "-f", deb, "Depends"])
    names = (re.match(r"\s*([a-z0-9.+-]+)", part) for part in field.split(","))
    return [name.group(1) for name in names if name and name.group(1).startswith(prefixes)]


def suite_options(suite):
    """Return apt options that read `suite` of the machine's own mirror, with lists apart.

    The system's own lists and sources stay as they are.
    """
    home = ensure(LOCAL / "apt" / suite)
    for folder in ("lists/partial", "cache/archives/partial"):
        ensure(home / folder)
    sources = home / "sources.list"
    sources.write_text(f"deb{_signed_by()} {_mirror()} {suite} main\n")
    return (
        *("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=/dev/null"),
        *("-o", f"Dir::State::Lists={home / 'lists'}", "-o", f"Dir::Cache={home / 'cache'}"),
        *("-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root"),
    )


def update_suite(options):
    """Fetch the package lists of a suite made by `suite_options`."""
    failure = "The package lists cannot be fetched: check the network and the sources of apt."
    run(["apt-get", *options, "update", "-qq", *STRICT], failure=failure)


def _mirror():
    """Return the address of the main archive in the machine's own apt configuration."""
    form = "$(REPO_URI) $(ORIGIN) $(CODENAME) $(SUITE)"
    lines = run(["apt-get", "indextargets", "--format", form]).splitlines()
    if not lines:
        raise EnvError("apt has no package source: set one up in sources.list, then try again.")
    main = [line for line in lines if not re.search(r"security|updates|backports", line)]
    return (main or lines)[0].split()[0]


def _signed_by():
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    return f" [signed-by={keyring}]" if os.path.exists(keyring) else ""
