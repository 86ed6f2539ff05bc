# SPDX-License-Identifier: LGPL-3.0-or-later
"""How Odoo is started here: its configuration file and its command line."""

import os

from . import postgres
from .odoo_source import packages
from .paths import ADDONS, LOCAL, PYTHON, RUN, ensure
from .settings import LANGUAGES
from .shell import run

CONF = RUN / "odoo.conf"
SETUP_CONF = RUN / "odoo-setup.conf"


def modules():
    """Return the names of the project's own addons."""
    return sorted(path.parent.name for path in ADDONS.glob("*/__manifest__.py"))


def addons_path():
    """Return the folders in which Odoo finds addons."""
    source = packages()
    folders = [source / "addons", source / "odoo" / "addons"]
    folders = [folder for folder in folders if list(folder.glob("*/__manifest__.py"))]
    return [*folders, *([ADDONS] if modules() else [])]


def write_conf(path=CONF, **options):
    """Write a configuration file for this machine; `options` add to it or replace."""
    values = {
        "addons_path": ",".join(map(str, addons_path())),
        "data_dir": LOCAL / "data",
        "db_host": postgres.socket_dir(),
        "db_port": postgres.PORT,
        "db_user": postgres.USER,
        "db_maxconn": 32,
        "http_interface": "127.0.0.1",
        "http_port": 8069,
        "list_db": False,
        "with_demo": True,
        "workers": 0,
        "max_cron_threads": 2,
        "limit_time_real": 600,
        "limit_time_real_cron": 600,
        **options,
    }
    lines = ["[options]", *(f"{key} = {value}" for key, value in values.items())]
    ensure(path.parent)
    path.write_text("\n".join(lines) + "\n")
    return path


def command(*arguments, conf=CONF):
    """Return the command line of an Odoo command, such as `shell` or `server`."""
    name, *rest = arguments or ("server",)
    return [str(PYTHON), "-m", "odoo", name, "-c", str(conf), *map(str, rest)]


def environment(conf=CONF, **extra):
    """Return the environment of an Odoo process; ODOO_RC is read before -c is."""
    variables = {**os.environ, **postgres.connection(), "ODOO_RC": str(conf)}
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    return {**variables, **{key: str(value) for key, value in extra.items()}}


def install(database, *names, update=False, log=None):
    """Install or update addons in a database, which is created when it is missing."""
    option = "-u" if update else "-i"
    arguments = ["-d", database, option, ",".join(names), "--stop-after-init", "--no-http"]
    arguments += [f"--load-language={LANGUAGES}"] if not update else []
    what = "updating" if update else "installing"
    failure = f"Odoo failed while {what} {', '.join(names)}"
    conf = write_conf(SETUP_CONF)
    full = command("server", *arguments, conf=conf)
    run(full, env=environment(conf), log=log, failure=failure)
