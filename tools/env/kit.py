# SPDX-License-Identifier: LGPL-3.0-or-later
"""Helpers for tests that start processes of their own: databases, brokers, Odoo, the bridge."""

import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager

from . import bridge, database, mosquitto, odoo, postgres
from .accounts import service_home
from .errors import EnvError
from .paths import LOGS, PROJECT, RUN, ensure
from .settings import ACCESS, ROOT_TOPIC, TEST_DATABASE, free_port


@contextmanager
def database_copy(name, template=TEST_DATABASE):
    """Have database `name`, a copy of the test database, for the length of a `with` block."""
    database.copy(template, name)
    try:
        yield name
    finally:
        database.drop(name)


@contextmanager
def broker(tenant, root=ROOT_TOPIC, port=None, access=ACCESS, tls=False):
    """Run a broker of its own on a free port, with the rules of `make run`; yield its Broker."""
    home = service_home() / "brokers" / tenant
    shutil.rmtree(home, ignore_errors=True)
    tls_port = free_port() if tls else 0
    instance = mosquitto.prepare(home, port or free_port(), tenant, root, access, tls_port)
    mosquitto.own(home.parent)
    mosquitto.start(instance)
    try:
        yield instance
    finally:
        instance.stop()
        shutil.rmtree(home, ignore_errors=True)


def odoo_conf(name, **options):
    """Write a configuration file for the database `name` with a free port; return (path, port)."""
    port = options.pop("http_port", None) or free_port()
    values = {"http_port": port, "dbfilter": f"^{name}$", "max_cron_threads": 0, **options}
    return odoo.write_conf(RUN / f"{name}.conf", **values), port


@contextmanager
def process(command, env, log):
    """Run a program with its output in `.local/log/<log>.log`; yield the Popen, stop it after."""
    with open(ensure(LOGS) / f"{log}.log", "ab") as stream:
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=PROJECT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
        try:
            yield child
        finally:
            stop(child)


def stop(child, seconds=20):
    """Ask a process to end, and make it after `seconds`."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def odoo_server(name, **options):
    """Run Odoo on database `name`; yield its address when it answers."""
    conf, port = odoo_conf(name, **options)
    with process(odoo.command("server", "-d", name, conf=conf), odoo.environment(conf), name) as it:
        address = f"http://127.0.0.1:{port}"
        wait_for_http(f"{address}/web/health", child=it)
        yield address


def bridge_command(name):
    """Return the command line of the bridge on database `name`, see `odoo_conf`."""
    return odoo.command("wine_bridge", "-d", name, conf=RUN / f"{name}.conf")


def bridge_environment(name, instance, root=ROOT_TOPIC):
    """Return the environment of the bridge; the tenant is the database's name."""
    return odoo.environment(RUN / f"{name}.conf", **bridge.environment(instance, name, root))


def provision(name, instance, fleet, *options):
    """Write the accounts of all machines of a database to the broker and to the file `fleet`."""
    bridge.provision(name, instance, name, fleet, *options, conf=RUN / f"{name}.conf")


def wait_for_http(url, seconds=90, child=None):
    """Wait until `url` answers 200; EnvError when it does not in time or `child` has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (child is None or child.poll() is None):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise EnvError(f"{url} does not answer: see the logs in {LOGS}.")


__all__ = [
    "bridge_command",
    "bridge_environment",
    "broker",
    "database_copy",
    "free_port",
    "odoo_conf",
    "odoo_server",
    "postgres",
    "process",
    "provision",
    "stop",
    "wait_for_http",
]
