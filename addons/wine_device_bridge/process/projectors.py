# SPDX-License-Identifier: LGPL-3.0-or-later
"""Projectors in processes of their own: Python works on one message at a time in each process."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time

from odoo.modules.registry import Registry

from ..core import logs
from ..core.metrics import metrics
from ..core.outage import hush
from .heartbeat import Heartbeat
from .project import Projector

_logger = logging.getLogger(__name__)
#: environment variable that tells a child whose child it is
PARENT = "WINE_BRIDGE_PARENT"
#: and this one which of its children
PLACE = "WINE_BRIDGE_PLACE"
#: the inbox is looked at so often by a projector that nobody wakes (seconds)
IDLE = 0.2
#: a projector that has died is started again after this time, at first (seconds)
PATIENCE = 1.0


class Projectors:
    """Keeps ``count`` processes ``odoo wine_bridge --only project`` running beside the bridge.

    One that dies is started again, ever more patiently while that does not help. They end with the
    bridge: told so where it ends in order, and by themselves where it was killed.
    """

    def __init__(self, count, stopping, command=None):
        """:param list command: how to start the bridge; by default as this process was started"""
        self.stopping = stopping
        self.command = [*(command or sys.orig_argv), "--only", "project"]
        self.children = [None] * count
        self.due = [0.0] * count
        self.patience = [PATIENCE] * count

    def run(self):
        """Until told to stop."""
        while not self.stopping.is_set():
            for place in range(len(self.children)):
                self._look_after(place, time.monotonic())
            self.stopping.wait(0.5)
        self._end()

    def _look_after(self, place, now):
        child = self.children[place]
        if child and child.poll() is None:
            return
        if child:
            _logger.error("projector %s ended with %s", child.pid, child.returncode)
            metrics.count("projector_deaths")
            self.children[place] = None
            self.due[place] = now + self.patience[place]
            self.patience[place] = min(self.patience[place] * 2, 30.0)
        elif now >= self.due[place]:
            self.children[place] = self._start(place)

    def _start(self, place):
        environment = {**os.environ, PARENT: str(os.getpid()), PLACE: str(place + 1)}
        # the command is our own
        return subprocess.Popen(self.command, env=environment)  # noqa: S603

    def _end(self):
        running = [child for child in self.children if child and child.poll() is None]
        for child in running:
            child.terminate()
        for child in running:
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()


def run_alone(settings):
    """Project and nothing else, until told to stop or left by the bridge that began it.

    :return: the exit code
    """
    logs.set_up(settings.log, settings.instance, [settings.password])
    hush()
    stopping, stored = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_why: (stopping.set(), stored.set()))
    parent = os.environ.get(PARENT)
    Registry(settings.database)
    projector = Projector(settings, stopping, stored, idle=IDLE)
    thread = threading.Thread(target=projector.run, name="Projector", daemon=True)
    thread.start()
    heartbeat = Heartbeat(None, settings, stopping, projector=os.environ.get(PLACE, "alone"))
    threading.Thread(target=heartbeat.run, name="Heartbeat", daemon=True).start()
    _logger.info("projector of %s is up", settings.database)
    while not stopping.wait(0.5):
        if parent and os.getppid() != int(parent):
            _logger.warning("the bridge is gone; ending with it")
            stopping.set()
        if not thread.is_alive():
            _logger.critical("the projector has died; stopping, so that it is started anew")
            return 1
    stored.set()
    thread.join(20)
    heartbeat.goodbye()
    return 0
