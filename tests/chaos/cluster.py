# SPDX-License-Identifier: LGPL-3.0-or-later
"""A PostgreSQL cluster of the chaos suite's own: it is killed, filled and started again."""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2

from tools.env import postgres
from tools.env.accounts import as_service
from tools.env.errors import EnvError
from tools.env.mosquitto import own
from tools.env.servers import postgres_bin
from tools.env.shell import is_root, run

STARTING = 60


class Cluster:
    """Use as a context manager: a cluster in a temporary folder, reached by its socket there."""

    def __init__(self, hasty=False):
        """:param hasty: wait for no disk; whoever is killed here, the kernel writes in the end"""
        self.hasty = hasty
        self.folder = Path(tempfile.mkdtemp(prefix="wine-chaos-"))
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.bin = postgres_bin()

    def __enter__(self):
        own(self.folder)
        command = [self.bin / "initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "-N"]
        as_service([*command, "--locale=C.UTF-8", "--auth=trust"], failure="initdb fails")
        self.start()
        self.sql("postgres", f"CREATE ROLE {postgres.USER} LOGIN SUPERUSER", user="postgres")
        return self

    def __exit__(self, *_error):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # === LIFE === #

    def start(self, **options):
        """Start, recovering where it was killed, and wait until it answers."""
        values = {**postgres.OPTIONS, "unix_socket_directories": self.folder, "port": postgres.PORT}
        values |= {"listen_addresses": "''", "restart_after_crash": "on", **options}
        options = " ".join(f"-c {name}={value}" for name, value in values.items())
        command = [self.bin / "pg_ctl", "-D", self.data, "-l", self.log, "-w", "-s"]
        starting = self.folder / "starting.log"
        as_service([*command, "-t", STARTING, "-o", options, "start"], log=starting,
                   failure=f"PostgreSQL does not start: see {self.log}")  # fmt: skip

    def stop(self):
        """The way of a supervisor: nobody is waited for, everything is written."""
        command = [self.bin / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "-s", "stop"]
        as_service(command, failure=f"PostgreSQL does not stop: see {self.log}")

    def kill(self):
        """The way of a power cut: every process of the cluster at once, and nobody cleans up."""
        pids = self.pids()
        for pid in pids:
            _signal(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and any(map(_alive, pids)):
            time.sleep(0.02)
        self._forget_memory()

    def move_log(self, disk, room):
        """The write-ahead log to a small disk, with so many bytes left there; False where not.

        It is made short first: what PostgreSQL keeps for later use would be room as well.
        """
        self.kill()
        self.start(min_wal_size="32MB", max_wal_size="32MB")
        for _again in range(2):
            self.sql("postgres", "CHECKPOINT")
        self.kill()
        logs = self.data / "pg_wal"
        used = sum(file.stat().st_size for file in logs.rglob("*") if file.is_file())
        mounted = disk.mount(used + room)
        if mounted:
            shutil.copytree(logs, disk.folder / "pg" / "wal")
            shutil.rmtree(logs)
            logs.symlink_to(disk.folder / "pg" / "wal")
            own(disk.folder)
        self.start()
        return mounted

    def move_log_back(self, disk):
        """Where it was."""
        self.kill()
        logs = self.data / "pg_wal"
        logs.unlink()
        shutil.copytree(disk.folder / "pg" / "wal", logs)
        own(logs)
        disk.unmount()
        self.start()

    def kill_backend(self):
        """The out-of-memory killer takes one backend: the others are thrown out for safety."""
        rows = self.sql(
            "postgres",
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND datname <> 'postgres' ORDER BY backend_start DESC LIMIT 1",
        )
        for (pid,) in rows:
            _signal(pid, signal.SIGKILL)
        return len(rows)

    def pids(self):
        """The postmaster and all that it started; none where it does not run."""
        try:
            head = int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return []
        if not _is_postgres(head):
            return []
        return [head, *_children(head)]

    def _forget_memory(self):
        """What the next start would clean up itself, were its process number still free."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for name in (f".s.PGSQL.{postgres.PORT}", f".s.PGSQL.{postgres.PORT}.lock"):
            (self.folder / name).unlink(missing_ok=True)

    def limit_files(self, size):
        """No file of the cluster grows beyond so many bytes; None lets them again."""
        for pid in self.pids():
            _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

    # === DATA === #

    def copy(self, template, name):
        """Have database `name`, as `template` of the project's cluster is now."""
        dump = self.folder / "dump"
        programs = ("pg_dump", "-Fc", "-Z0", "-f", dump, template)
        postgres.tool(*programs, failure=f"{template} cannot be copied")
        self._wait_for_disk(False)
        self._tool("createdb", name)
        self._tool("pg_restore", "-j2", "-d", name, dump)
        dump.unlink()
        self.sql(name, "ANALYZE")
        self._wait_for_disk(not self.hasty)

    def _wait_for_disk(self, wanted):
        self.sql("postgres", f"ALTER SYSTEM SET fsync = {'on' if wanted else 'off'}")
        self.sql("postgres", "SELECT pg_reload_conf()")

    def _tool(self, name, *arguments):
        variables = {**os.environ, **self.connection()}
        run([self.bin / name, *arguments], env=variables, failure=f"{name} fails")

    def connection(self):
        """The PG* variables that lead to this cluster."""
        return {"PGHOST": str(self.folder), "PGPORT": str(postgres.PORT), "PGUSER": postgres.USER}

    def connect(self, name, user=postgres.USER):
        """A connection of psycopg2 to a database."""
        host = str(self.folder)
        return psycopg2.connect(dbname=name, host=host, port=postgres.PORT, user=user)

    def sql(self, name, statement, *values, user=postgres.USER):
        """Rows of one statement, committed by itself; none where it returns none."""
        connection = self.connect(name, user)
        connection.autocommit = True
        try:
            with connection.cursor() as cr:
                cr.execute(statement, values or None)
                return cr.fetchall() if cr.description else []
        finally:
            connection.close()

    def ready(self):
        """Whether it takes connections."""
        command = [self.bin / "pg_isready", "-q", "-h", self.folder, "-p", str(postgres.PORT)]
        return subprocess.run(list(map(str, command)), check=False).returncode == 0


class SmallDisk:
    """A file system of so many bytes for some tables, as far as this machine allows mounting."""

    def __init__(self, cluster):
        self.cluster, self.folder = cluster, cluster.folder / "small"

    def mount(self, size):
        """False where mounting is not permitted here."""
        if not is_root():
            return False
        self.folder.mkdir(exist_ok=True)
        options = f"size={size},mode=0700"
        command = ["mount", "-t", "tmpfs", "-o", options, "wine-chaos", str(self.folder)]
        if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
            return False
        (self.folder / "pg").mkdir()
        own(self.folder)
        return True

    def resize(self, size):
        """Somebody buys a larger disk."""
        command = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        if subprocess.run(command, check=False).returncode:
            raise EnvError(f"{self.folder} cannot be made larger")

    def unmount(self):
        """Take it away."""
        subprocess.run(["umount", "-l", str(self.folder)], check=False)


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _is_postgres(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
    except OSError:
        return False


def _children(head):
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if parent == head:
            found.append(int(entry.parent.name))
    return found
