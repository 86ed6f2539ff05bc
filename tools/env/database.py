# SPDX-License-Identifier: LGPL-3.0-or-later
"""Databases: a base with Odoo's own addons, and from it the one to run and the one to test.

What was installed is remembered by the content of each addon, so that a later start updates only
what changed.
"""

import ast
import hashlib
import json
import os
import shutil
import time

from . import odoo, postgres
from .errors import EnvError
from .odoo_source import VERSION, checkout
from .paths import ADDONS, LOCAL, LOGS, ensure
from .settings import BASE_DATABASE, DATABASE, TEST_DATABASE
from .shell import run, step

STATE = LOCAL / "databases.json"
FILESTORE = LOCAL / "data" / "filestore"
# These reach a database only through code that is read anew at every start.
NOT_STORED = {"__pycache__", "tests", "static", "readme"}


def ensure_run_database():
    """Have the database of `make run`, up to date with addons/; return its name."""
    known = _state().get(DATABASE, {})
    current = fingerprints()
    if not exists(DATABASE) or not known:
        _build(DATABASE)
        _give_history(DATABASE)
        return DATABASE
    added = [name for name in current if name not in known]
    changed = [name for name in current if name in known and known[name] != current[name]]
    log = ensure(LOGS) / f"{DATABASE}-setup.log"
    if added:
        with step(f"Database {DATABASE}: installing {', '.join(added)}"):
            odoo.install(DATABASE, *added, log=log)
    if changed:
        with step(f"Database {DATABASE}: updating {', '.join(changed)}"):
            odoo.install(DATABASE, *changed, update=True, log=log)
    if added or changed:
        _remember(DATABASE, current)
    return DATABASE


def ensure_test_database():
    """Have the database of `make test`, built anew when addons/ changed; return its name."""
    if not exists(TEST_DATABASE) or _state().get(TEST_DATABASE) != fingerprints():
        _build(TEST_DATABASE)
    return TEST_DATABASE


def exists(name):
    """Return whether the cluster has this database."""
    return name in postgres.query("SELECT datname FROM pg_database").split()


def copy(template, name):
    """Create database `name` as a copy of `template`, with its stored files."""
    drop(name)
    postgres.tool("createdb", "-T", template, name)
    stored = FILESTORE / template
    if stored.exists():
        # Odoo never changes a stored file, it writes another one: both may have the same
        shutil.copytree(stored, FILESTORE / name, copy_function=os.link)
    return name


def drop(name):
    """Delete a database and its stored files, if they are there.

    PostgreSQL's own autovacuum may be in it, which nobody but PostgreSQL may end: it is soon done.
    """
    for _attempt in range(9):
        try:
            postgres.tool("dropdb", "--if-exists", "--force", name)
            break
        except EnvError:
            time.sleep(2)
    else:
        postgres.tool("dropdb", "--if-exists", "--force", name)
    shutil.rmtree(FILESTORE / name, ignore_errors=True)


def fingerprints():
    """Return {addon: digest of what a database keeps of it}."""
    return {name: _digest(ADDONS / name) for name in odoo.modules()}


def foreign_dependencies():
    """Return the addons of Odoo's own that the project's addons ask for."""
    own, wanted = set(odoo.modules()), {"base", "web"}
    for name in own:
        manifest = ast.literal_eval((ADDONS / name / "__manifest__.py").read_text())
        wanted.update(manifest.get("depends", []))
    return sorted(wanted - own)


def _build(name):
    _ensure_base()
    current = fingerprints()
    with step(f"Database {name}: installing {', '.join(current) or 'nothing'} with demo data"):
        copy(BASE_DATABASE, name)
        if current:
            odoo.install(name, *current, log=ensure(LOGS) / f"{name}-setup.log")
    _remember(name, current)


def _give_history(name):
    """Weeks of trade behind the demo, for people to look at; tests make what they count."""
    if (ADDONS / "wine_vending" / "cli" / "wine_demo_history.py").exists():
        with step(f"Database {name}: weeks of sales behind it"):
            run(
                odoo.command("wine_demo_history", "-d", name, conf=odoo.SETUP_CONF),
                env=odoo.environment(odoo.SETUP_CONF),
                log=ensure(LOGS) / f"{name}-setup.log",
                failure="The sales of the demo could not be made",
            )


def _ensure_base():
    """Have a database with Odoo's own addons and demo data, to copy from."""
    wanted = {"odoo": str(checkout() or VERSION), "addons": foreign_dependencies()}
    if exists(BASE_DATABASE) and _state().get(BASE_DATABASE) == wanted:
        return
    with step(f"Odoo: preparing its own addons and demo data ({len(wanted['addons'])} addons)"):
        drop(BASE_DATABASE)
        log = ensure(LOGS) / f"{BASE_DATABASE}-setup.log"
        odoo.install(BASE_DATABASE, *wanted["addons"], log=log)
    _remember(BASE_DATABASE, wanted)


def _digest(folder):
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not NOT_STORED & set(relative.parts):
            digest.update(f"{relative}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _state():
    return json.loads(STATE.read_text()) if STATE.exists() else {}


def _remember(name, value):
    STATE.write_text(json.dumps({**_state(), name: value}, indent=1))
