# SPDX-License-Identifier: LGPL-3.0-or-later
"""A company for one test: database, broker, bridge and fleet, all of them real and of its own."""

import json
import os
import signal
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from tools.env import bridge, kit, odoo
from tools.env.paths import RUN

READY = 60


class House:
    """Use as a context manager. Odoo's environment is used in this process, on the same database.

    :param str name: of the database, copied from the test database; also the tenant
    """

    def __init__(self, name, **broker):
        """:param broker: how ``kit.broker`` keeps who may speak"""
        self.name = name
        self.broker_options = broker
        self.stack = ExitStack()
        self.bridge = None

    def __enter__(self):
        self.stack.enter_context(kit.database_copy(self.name))
        self.conf, _port = kit.odoo_conf(self.name)
        self.broker = self.stack.enter_context(kit.broker(self.name, **self.broker_options))
        self._use_odoo()
        return self

    def __exit__(self, *details):
        from odoo.modules.registry import Registry
        from odoo.sql_db import close_db

        self.stop_bridge()
        Registry.delete(self.name)
        close_db(self.name)
        return self.stack.__exit__(*details)

    def _use_odoo(self):
        os.environ.update(odoo.environment(self.conf))
        from odoo.tools import config

        config.parse_config(["-c", str(self.conf), "-d", self.name], setup_logging=False)

    @contextmanager
    def env(self):
        """Odoo's environment as superuser; committed at the end, retried by nobody."""
        from odoo import SUPERUSER_ID, api
        from odoo.modules.registry import Registry

        with Registry(self.name).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US", "tz": "UTC"})
            yield env
            env.flush_all()
            cr.commit()

    def do(self, work):
        """``work(env)`` in a transaction of its own, again where another one was faster."""
        from psycopg2.errors import SerializationFailure

        for _attempt in range(20):
            try:
                with self.env() as env:
                    return work(env)
            except SerializationFailure:
                time.sleep(0.05)
        raise AssertionError("the database is busy for too long")

    def at_once(self, *actions):
        """Run each action in a thread with an own cursor, as Odoo runs a request, and commit.

        :param actions: functions of an environment, or (user id, function)
        :return: list of the exceptions that came out of them
        """
        from odoo import SUPERUSER_ID, api
        from odoo.modules.registry import Registry
        from odoo.service.model import retrying
        from odoo.tools import mute_logger

        barrier, problems = threading.Barrier(len(actions)), []

        def run(uid, action):
            try:
                with Registry(self.name).cursor() as cr:
                    env = api.Environment(cr, uid, {})
                    env.cr.execute("SELECT 1")  # the snapshot is taken before the others write
                    barrier.wait(30)
                    retrying(lambda: action(env), env)
            except Exception as error:  # noqa: BLE001 - the test reports whatever it is
                problems.append(error)

        pairs = [one if isinstance(one, tuple) else (SUPERUSER_ID, one) for one in actions]
        threads = [threading.Thread(target=run, args=pair) for pair in pairs]
        with mute_logger("odoo.sql_db", "odoo.service.model"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        return problems

    def query(self, sql, *values):
        """Rows of a plain query in a transaction of its own."""
        from odoo.sql_db import db_connect

        with db_connect(self.name).cursor() as cr:
            cr.execute(sql, values)
            return cr.fetchall()

    # === PROCESSES === #

    def provision(self, apart=False):
        """Credentials for all machines; returns the configuration of the fleet as a dict.

        :param apart: by a process of its own, which has to load all of Odoo once more
        """
        path = RUN / f"{self.name}-fleet.json"
        if apart:
            kit.provision(self.name, self.broker, path)
        else:
            self._provision_here(path)
        return json.loads(path.read_text())

    def _provision_here(self, path):
        from odoo.cli.command import find_command

        command = find_command("wine_bridge_credentials")()
        options, _rest = command.parse(bridge.credential_arguments(self.name, self.broker, path))
        with patch.dict(os.environ, kit.bridge_environment(self.name, self.broker)):
            self.do(lambda env: command.issue(env, options))
        self.broker.reload()

    def start_bridge(self, wait=True, **variables):
        """Start the bridge and wait until it hears.

        Before the first time nobody keeps what machines say: they have to say it again later.
        """
        environment = kit.bridge_environment(self.name, self.broker)
        environment.update(variables)
        running = kit.process(kit.bridge_command(self.name), environment, f"{self.name}-bridge")
        self.bridge = self.stack.enter_context(running)
        if wait:
            assert self.until(self._hears), "the bridge does not start: see its log"
        return self.bridge

    def _hears(self):
        if self.bridge.poll() is not None:
            return True  # and not any more
        return self.query(
            """SELECT 1 FROM wine_bridge_process
                WHERE pid = %s AND host = %s AND state = 'running' AND connected""",
            self.bridge.pid,
            socket.gethostname(),
        )

    def kill_bridge(self):
        """The way of a power cut."""
        self.bridge.send_signal(signal.SIGKILL)
        self.bridge.wait()

    def stop_bridge(self):
        """The way of a supervisor; returns the exit code."""
        if self.bridge and self.bridge.poll() is None:
            kit.stop(self.bridge)
        return self.bridge.returncode if self.bridge else None

    def waiting(self):
        """Messages that are stored and not yet used."""
        return self.query("SELECT count(*) FROM wine_bridge_event WHERE state = 'new'")[0][0]

    def until(self, condition, seconds=READY, step=lambda: time.sleep(0.2)):
        """Wait for a condition; False where it did not come true in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return True
            step()
        return condition()

    # === THE BOOKS === #

    @staticmethod
    def rest_policies(env):
        """Nothing shares but what a test puts in force: policies of the demo were long ago."""
        env["wine.share.policy"].flush_model()
        env.cr.execute(
            "UPDATE wine_share_policy SET date_from = '1999-01-01', date_to = '1999-01-02' "
            "WHERE state != 'draft'"
        )
        env.invalidate_all()
        env.registry.clear_cache()

    def close_days(self):
        """Close the running session of every region; returns ids of the sessions."""
        with self.env() as env:
            sessions = env["pos.session"].search(
                [("wine_business_date", "!=", False), ("state", "!=", "closed")]
            )
            ids = sessions.ids
            for session in sessions:
                session._wine_announce_closing()
        for session_id in ids:
            with self.env() as env:
                env["pos.session"].browse(session_id)._wine_close()
        return ids
