# SPDX-License-Identifier: LGPL-3.0-or-later
"""The ground that chaos is played on: a cluster, a broker and bridges that may be killed."""

import os
import re
import shutil
import signal
import subprocess
import threading
from collections import Counter
from contextlib import suppress
from unittest.mock import patch

from tests.chaos import company
from tests.chaos.cluster import Cluster
from tests.chaos.wire import Wire
from tests.harness import House
from tools.env import bridge, database, kit, mosquitto, odoo, postgres
from tools.env.paths import PYTHON
from tools.env.settings import TEST_DATABASE, free_port

LINES = re.compile(r"^(persistence|max_queued_messages) .*$", re.M)
USUAL = {"persistence": "true", "max_queued_messages": "100000"}


class Ground(House):
    """A house whose database is in a cluster of its own, with wires that can be cut.

    `devices` is the wire between devices and broker, `uplink` the one between bridge and broker,
    `store` the one between bridge and database. A scenario takes them where it needs them.
    """

    def __init__(self, name=None, machines=200, hasty=False):
        """:param hasty: see :class:`Cluster`"""
        super().__init__(name or f"wine_chaos_{os.getpid()}", access=mosquitto.DYNSEC)
        self.count, self.hasty = machines, hasty
        self._one_at_a_time = threading.RLock()
        self.bridges, self.web = [], None
        self.gone = Counter()  # machine → bottles that went unheard with a board

    def __enter__(self):
        self.cluster = self.stack.enter_context(Cluster(self.hasty))
        self.cluster.copy(TEST_DATABASE, self.name)
        self.stack.enter_context(patch.object(postgres, "connection", self.cluster.connection))
        self.stack.enter_context(patch.dict(os.environ))
        files = self.cluster.folder / "files"
        stored = database.FILESTORE / TEST_DATABASE
        if stored.exists():
            shutil.copytree(stored, files / "filestore" / self.name, copy_function=_link)
        self.conf, self.port = kit.odoo_conf(self.name, db_host=self.cluster.folder, data_dir=files)
        self.broker = self.stack.enter_context(kit.broker(self.name, **self.broker_options))
        self._use_odoo()
        # Odoo runs in this process: its secrets follow from the same key as the bridge's
        os.environ["WINE_BROKER_KEY"] = self.broker.key
        self._wire()
        self.do(lambda env: company.build(env, self.count))
        self.config = self._mine(self.provision())
        self.state = self.cluster.folder / "journals"
        return self

    def _provision_here(self, path):
        """While the broker sleeps: with its plugin it reads its accounts when it starts."""
        from odoo.cli.command import find_command

        command, accounts = find_command("wine_bridge_credentials")(), self.broker.home
        accounts /= "dynamic-security.json"
        arguments = bridge.credential_arguments(self.name, self.broker, path)
        options, _rest = command.parse([*arguments, "--dynsec", str(accounts)])
        self.broker.stop()
        with patch.dict(os.environ, kit.bridge_environment(self.name, self.broker)):
            self.do(lambda env: command.issue(env, options))
        mosquitto.own(accounts)
        self.start_broker()

    def _wire(self):
        self.devices = Wire(("127.0.0.1", free_port()), (self.broker.host, self.broker.port))
        self.uplink = Wire(("127.0.0.1", free_port()), (self.broker.host, self.broker.port))
        near = self.cluster.folder / "wire" / ".s.PGSQL.5432"
        near.parent.mkdir()
        self.store = Wire(str(near), str(self.cluster.folder / near.name))
        for wire in (self.devices, self.uplink, self.store):
            self.stack.enter_context(wire)

    @staticmethod
    def _mine(config):
        """The configuration of the fleet with the machines of this company alone."""
        machines = [m for m in config["machines"] if m["serial"].startswith(company.PREFIX)]
        return config | {"machines": machines}

    def fleet_config(self, wired=False):
        """What a fleet needs; through the wire where a scenario is to cut it."""
        port = self.devices.near[1] if wired else self.broker.port
        return self.config | {"broker": self.config["broker"] | {"port": port}}

    # === DATABASE === #

    def query(self, sql, *values):
        """Rows of a plain query, by a connection that no earlier death can have broken."""
        return self.cluster.sql(self.name, sql, *values)

    def do(self, work):
        """As the house does, after connections that died with the database are forgotten."""
        from odoo.sql_db import close_db

        with self._one_at_a_time:
            close_db(self.name)
            return super().do(work)

    # === BRIDGES === #

    def start_bridge(self, point=None, wired=(), **variables):
        """Start a bridge.

        :param point: the point of `points` at which it can die
        :param wired: which of its lines go through wires: ``uplink``, ``store``
        """
        environment = kit.bridge_environment(self.name, self.broker)
        if "uplink" in wired:
            environment["WINE_MQTT_PORT"] = str(self.uplink.near[1])
        if "store" in wired:
            environment["PGHOST"] = str(self.cluster.folder / "wire")
        environment |= {name: str(value) for name, value in variables.items()}
        program = ["odoo", "wine_bridge"]
        if point:
            program = ["tests.chaos.launcher", point]
        command = [PYTHON, "-m", *program, "-c", self.conf, "-d", self.name]
        log = f"{self.name}-bridge{variables.get('WINE_BRIDGE_INSTANCE', '')}"
        self.bridge = self.stack.enter_context(kit.process(command, environment, log))
        self.bridges.append(self.bridge)
        return self.bridge

    def stop_bridge(self):
        """All of them; returns the exit code of the last one."""
        for running in self.bridges:
            if running.poll() is None:
                kit.stop(running)
        self.bridges.clear()
        return self.bridge.returncode if self.bridge else None

    def arm(self, bridge):
        """Let the bridge die when it next passes its point."""
        bridge.send_signal(signal.SIGUSR1)

    def upgrade(self, *addons):
        """Begin `odoo -u`; returns the process."""
        log = open(self.cluster.folder / "upgrade.log", "wb")  # noqa: SIM115 - the child's
        command = [PYTHON, "-m", "odoo", "-c", self.conf, "-d", self.name, "-u", ",".join(addons)]
        command += ["--stop-after-init", "--no-http"]
        variables = kit.bridge_environment(self.name, self.broker)
        return subprocess.Popen(
            [str(part) for part in command], env=variables, stdout=log, stderr=log
        )

    # === ODOO === #

    def open_door(self):
        """The address of the HTTPS door, when it answers."""
        address = f"http://127.0.0.1:{self.port}"
        if not self.web:
            self.start_odoo()
            kit.wait_for_http(f"{address}/web/health", child=self.web)
        return address

    def start_odoo(self):
        """Odoo's web server on this database; it takes a while to answer."""
        command = odoo.command("server", "-d", self.name, conf=self.conf)
        running = kit.process(command, odoo.environment(self.conf), f"{self.name}-odoo")
        self.web = self.stack.enter_context(running)

    def kill_odoo(self):
        """At once, in the midst of its requests."""
        self.web.kill()
        self.web.wait()

    def stop_odoo(self):
        """Orderly, where it runs."""
        if self.web:
            kit.stop(self.web)
            self.web = None

    # === BROKER === #

    def kill_broker(self):
        """The way of a power cut."""
        pid = self.broker.pid()
        os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)  # as long as nobody has, it looks alive

    def start_broker(self):
        """Start it again, with what it kept on disk."""
        mosquitto.start(self.broker)

    def restart_broker(self, **options):
        """Orderly; ``persistence`` and ``max_queued_messages`` as given, or as usual."""
        self.broker.stop()
        path = self.broker.home / "mosquitto.conf"
        values = USUAL | options
        path.write_text(LINES.sub(lambda m: f"{m[1]} {values[m[1]]}", path.read_text()))
        mosquitto.own(path)
        self.start_broker()

    def broker_said(self, words):
        """How often the broker's log says so."""
        return (self.broker.home / "mosquitto.log").read_text(errors="replace").count(words)

    # === HEALTH === #

    def recover(self):
        """Everything runs and nothing is in the way, whatever a scenario left behind."""
        for wire in (self.devices, self.uplink, self.store):
            wire.mend()
        if not self.cluster.ready():
            self.cluster.start()
        if not self.broker.pid():
            self.start_broker()


def _link(source, target):
    """Odoo never changes a stored file: both may have the same, where that is one file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
