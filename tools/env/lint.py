# SPDX-License-Identifier: LGPL-3.0-or-later
"""`make lint` and `make format`: pinned linters in an environment of their own."""

import hashlib
import os
import shutil
import subprocess
import sys

from . import apt
from .errors import EnvError
from .paths import ADDONS, CACHE, LOCAL, PROJECT, ensure
from .shell import is_root, run, say, step

HOME = LOCAL / "lint"
SOURCE = PROJECT / "tools" / "lint"
STAMP = HOME / ".complete"
FORMATTED = (".xml", ".js", ".scss")


def check():
    """Run every hook of .pre-commit-config.yaml on all files; return the exit code."""
    ensure_tools()
    if not shutil.which("git"):
        raise EnvError("git is missing: install it, the linters ask it for the list of files.")
    command = [HOME / "bin" / "pre-commit", "run", "--all-files"]
    variables = {**os.environ, "PRE_COMMIT_HOME": str(ensure(CACHE / "pre-commit"))}
    return subprocess.call(list(map(str, command)), cwd=PROJECT, env=variables)


def write(*paths):
    """Let ruff and prettier rewrite files, all by default."""
    ensure_tools()
    targets = paths or (".",)
    ruff = str(HOME / "bin" / "ruff")
    subprocess.call([ruff, "check", "--fix-only", "--quiet", *targets], cwd=PROJECT)
    subprocess.call([ruff, "format", "--quiet", *targets], cwd=PROJECT)
    files = [path for path in _formatted_files() if not paths or path.startswith(tuple(paths))]
    if files:
        subprocess.call(["sh", str(SOURCE / "prettier.sh"), "--write", *files], cwd=PROJECT)


def ensure_tools():
    """Have the linters and the parsers of AsyncAPI and OpenAPI in .local/lint."""
    requirements = PROJECT / "requirements-dev.txt"
    inputs = (requirements, SOURCE / "package-lock.json")
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    with step("Linters: installing them"):
        if not (HOME / "bin" / "python").exists():
            run([sys.executable, "-m", "venv", HOME], failure="Install python3-venv.")
        command = [HOME / "bin" / "python", "-m", "pip", "install", "-q", "-r", requirements]
        cache = {"PIP_CACHE_DIR": str(ensure(CACHE / "pip"))}
        failure = "The linters cannot be installed: check the network and pip's configuration."
        run(command, failure=failure, env={**os.environ, **cache})
        _install_prettier()
    STAMP.write_text(wanted)


def _install_prettier():
    if not shutil.which("npm"):
        if not is_root() or not apt.available():
            raise EnvError("npm is missing: install Node.js 18 or newer with npm, then try again.")
        say("  npm is missing: installing Debian's, which takes a while")
        apt.install("nodejs", "npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, HOME / name)
    quiet = ("--no-audit", "--no-fund", "--loglevel=error", f"--cache={ensure(CACHE / 'npm')}")
    failure = "prettier cannot be installed: check the network and npm's configuration."
    run(["npm", "ci", *quiet], cwd=HOME, failure=failure)


def _formatted_files():
    files = (path for path in ADDONS.rglob("*") if path.suffix in FORMATTED)
    return [str(path.relative_to(PROJECT)) for path in sorted(files)]
