# SPDX-License-Identifier: LGPL-3.0-or-later
"""The commands behind the Makefile."""

import argparse
import os
import shutil
import subprocess
import sys

from . import (
    accounts,
    checks,
    database,
    lease,
    lint,
    odoo,
    odoo_source,
    postgres,
    settings,
    supervise,
    testing,
    venv,
)
from .errors import EnvError
from .paths import LOCAL, LOGS, PROJECT, PYTHON, ensure
from .servers import mosquitto, postgres_bin
from .shell import fail, say


def main():
    """Run the command that the first argument names."""
    parser = argparse.ArgumentParser(prog="tools.env", description=__doc__)
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    try:
        sys.exit(COMMANDS[options.command](*options.rest) or 0)
    except EnvError as error:
        fail(error)
    except OSError as error:
        fail(_explain(error))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)


def set_up(*requirements):
    """Have Odoo, the Python packages and the servers' programs on this machine."""
    checks.before()
    venv.check_python()
    postgres_bin()
    mosquitto()
    odoo_source.ensure_source()
    venv.ensure_venv(*requirements)


def cmd_run():
    """Set up, start everything, wait for Ctrl-C."""
    supervise.check_alone()
    settings.port(*settings.HTTP_PORT)
    settings.port(*settings.MQTT_PORT)
    set_up()
    with lease.cluster():
        return supervise.run(database.ensure_run_database())


def cmd_test(target=None):
    """Set up and run the tests, all or those of a path."""
    set_up("requirements-test.txt")
    return testing.run(target)


def cmd_bench():
    """Set up and run the benchmarks."""
    return _with_test_database("-m", "pytest", "-p", "no:odoo", "-s", "tests/bench")


def cmd_chaos(*words):
    """Set up and break everything on purpose; `write` keeps the table in docs/operations."""
    names = [word for word in words if word != "write"]
    return _with_test_database("-m", "tests.chaos", *(["--write"] * ("write" in words)), *names)


def cmd_fuzz(count="200000"):
    """Set up and send so much rubbish to reader, store, broker and bridge; all must be counted."""
    if not count.isdigit() or int(count) < 1000:
        raise EnvError(f"N={count}: give a number of messages, 1000 or more.")
    os.environ["WINE_FUZZ"] = count
    reader = "addons/wine_device_bridge/tests/pure/test_fuzz.py"
    how = ("-p", "no:odoo", "--import-mode=importlib", "-s", "-q")
    return _with_test_database("-m", "pytest", *how, reader, "tests/fuzz")


def cmd_screenshots():
    """Take the screenshots of the guides from what `make run` runs in another terminal."""
    if not supervise.running():
        raise EnvError("Nothing runs: start `make run` in another terminal first.")
    set_up("requirements-test.txt")
    testing.ensure_browser()
    command = [str(PYTHON), "-m", "tools.screenshots", f"--url={supervise.address()}"]
    return subprocess.call(command, cwd=PROJECT)


def cmd_setup():
    """Only set up, both for running and for testing."""
    set_up("requirements-test.txt")
    with lease.cluster():
        if not supervise.running():
            odoo.write_conf()


def cmd_lint():
    """Run all linters."""
    venv.check_python()
    return lint.check()


def cmd_format(*paths):
    """Let the formatters write."""
    venv.check_python()
    return lint.write(*paths)


def cmd_stop():
    """Stop everything of this project."""
    supervise.stop()
    if not lease.others():
        postgres.stop()
    say("Stopped.")


def cmd_clean():
    """Stop everything and delete `.local`; the download cache stays."""
    if LOCAL.exists():
        cmd_stop()
        accounts.remove_home()
        shutil.rmtree(LOCAL)


def cmd_logs():
    """Follow the logs."""
    logs = sorted(map(str, ensure(LOGS).glob("*.log")))
    if not logs:
        raise EnvError("There is no log yet: start with `make run`.")
    return subprocess.call(["tail", "-n", "20", "-F", *logs])


def cmd_shell():
    """Open a Python shell with the environment of Odoo."""
    _need_database()
    command = odoo.command("shell", "-d", settings.DATABASE, "--no-http")
    with lease.cluster():
        return subprocess.call(command, cwd=PROJECT, env=odoo.environment())


def cmd_psql():
    """Open psql on the database."""
    _need_database()
    with lease.cluster():
        command = [str(postgres_bin() / "psql"), settings.DATABASE]
        return subprocess.call(command, env=postgres.environment())


def _with_test_database(*arguments):
    set_up("requirements-test.txt")
    with lease.cluster():
        database.ensure_test_database()
        conf = odoo.write_conf(odoo.SETUP_CONF)
        variables = {**odoo.environment(conf), "PYTHONPATH": str(PROJECT)}
        return subprocess.call([str(PYTHON), *arguments], cwd=PROJECT, env=variables)


def _need_database():
    if not odoo.CONF.exists():
        raise EnvError("There is no database yet: run `make run` first.")


def _explain(error):
    if error.errno == 28:
        return "The disk is full: free some space, then try again."
    name = os.fsdecode(error.filename) if error.filename else "a file"
    return f"{name}: {error.strerror}."


COMMANDS = {
    name.removeprefix("cmd_"): function
    for name, function in list(globals().items())
    if name.startswith("cmd_")
}
