# SPDX-License-Identifier: LGPL-3.0-or-later
"""A PostgreSQL cluster of the project's own, reached by its own unix socket."""

import os
import subprocess
import tempfile
from pathlib import Path

from .accounts import as_service, demote, service_home, service_user
from .paths import project_key
from .servers import postgres_bin
from .settings import POSTGRES_PORT, port
from .shell import is_root, run, step

USER = "wine"
PORT = 5432
SOCKET_LIMIT = 107
OPTIONS = {
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "maintenance_work_mem": "128MB",
    "jit": "off",
    "log_min_duration_statement": "5s",
    "unix_socket_permissions": "0700",
}


def data_dir():
    """Return the folder of the cluster."""
    return service_home() / "postgres"


def socket_dir():
    """Return the folder of the unix socket, short enough for the kernel."""
    folder = service_home() / "socket"
    if len(str(folder / f".s.PGSQL.{PORT}.lock")) > SOCKET_LIMIT:
        folder = Path(tempfile.gettempdir()) / f"wine-vending-{project_key()}"
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if is_root():
            user = service_user()
            os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def is_running():
    """Return whether the cluster accepts connections."""
    if not (data_dir() / "PG_VERSION").exists():
        return False
    command = [postgres_bin() / "pg_isready", "-q", "-h", socket_dir(), "-p", str(PORT)]
    return subprocess.run(command, check=False).returncode == 0


def start():
    """Create the cluster when it is not there, and start it when it does not run."""
    programs = postgres_bin()
    if not (data_dir() / "PG_VERSION").exists():
        _create(programs)
    if is_running():
        return
    options = " ".join(f"-c {name}={value}" for name, value in _options().items())
    command = [programs / "pg_ctl", "-D", data_dir(), "-l", log_file(), "-w", "-s"]
    failure = f"PostgreSQL does not start: see {log_file()}"
    as_service([*command, "-o", options, "start"], log=_starting_log(), failure=failure)


def stop():
    """Stop the cluster, if it runs."""
    if (data_dir() / "postmaster.pid").exists():
        command = [postgres_bin() / "pg_ctl", "-D", data_dir(), "-m", "fast", "-w", "-s", "stop"]
        subprocess.run(command, check=False, cwd="/", stderr=subprocess.DEVNULL, **demote())


def log_file():
    """Return the path of the server's log."""
    return service_home() / "postgres.log"


def connection():
    """Return the PG* variables that lead psql, createdb and psycopg2 to the cluster."""
    return {"PGHOST": str(socket_dir()), "PGPORT": str(PORT), "PGUSER": USER}


def environment():
    """Return the environment of a program that uses the cluster."""
    return {**os.environ, **connection()}


def tool(name, *arguments, **kwargs):
    """Run one of PostgreSQL's client programs against the cluster."""
    return run([postgres_bin() / name, *arguments], env=environment(), **kwargs)


def query(sql, database="postgres"):
    """Return the rows of `sql` as psql prints them, unaligned."""
    command = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql)
    return tool("psql", *command).strip()


def _options():
    # nobody needs the data of a computer that is thrown away after its tests
    hasty = {"fsync": "off"} if os.environ.get("CI") else {}
    options = {**OPTIONS, **hasty, "unix_socket_directories": socket_dir(), "port": PORT}
    options["listen_addresses"] = "''"
    if os.environ.get(POSTGRES_PORT[0]):
        options["port"] = port(*POSTGRES_PORT)
        options["listen_addresses"] = "127.0.0.1"
    return options


def _create(programs):
    with step("PostgreSQL: creating the project's own cluster"):
        command = [programs / "initdb", "-D", data_dir(), "-U", "postgres", "-E", "UTF8"]
        options = ["--locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256"]
        as_service([*command, *options], failure="The PostgreSQL cluster cannot be created")
        start()
        role = f"CREATE ROLE {USER} LOGIN CREATEDB"
        tool("psql", "-X", "-q", "-U", "postgres", "-d", "postgres", "-c", role)


def _starting_log():
    return service_home() / "pg_ctl.log"
