# SPDX-License-Identifier: LGPL-3.0-or-later
"""`make run`: every process of the system under one supervisor, until Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from . import bridge, logins, mosquitto, odoo, settings
from .errors import EnvError
from .paths import LOGS, PROJECT, PYTHON, RUN, ensure, project_key
from .shell import say

PID = RUN / "supervisor.pid"
MARK = "WINE_VENDING_RUN"


def run(database):
    """Start broker, Odoo, bridge and fleet; return the exit code after all of them ended."""
    port = settings.port(*settings.HTTP_PORT)
    broker = _start_broker()
    try:
        odoo.write_conf(http_port=port, dbfilter=f"^{database}$", db_name=database)
        bridge.provision_once(database, broker, settings.TENANT)
        return _supervise(database, broker)
    finally:
        broker.stop()
        PID.unlink(missing_ok=True)
        say("Stopped.")


def check_alone():
    """Refuse to start twice."""
    if running():
        raise EnvError("It runs already: see `make logs`, or stop it with `make stop`.")


def running():
    """Return the number of the supervisor's process, or None."""
    try:
        pid = int(PID.read_text())
    except (OSError, ValueError):
        return None
    return pid if os.path.exists(f"/proc/{pid}") else None


def address():
    """Return where the running Odoo answers."""
    port = re.search(r"^http_port = (\d+)$", odoo.CONF.read_text(), re.MULTILINE).group(1)
    return f"http://127.0.0.1:{port}"


def stop():
    """Stop what `make run` started in another terminal, and what a crash left behind."""
    pid = running()
    if pid:
        os.kill(pid, signal.SIGTERM)
        _wait_for(lambda: not running(), 40)
    for orphan in orphans():
        os.kill(orphan, signal.SIGTERM)
    _wait_for(lambda: not orphans(), 15)


def orphans():
    """Return the numbers of processes that carry this project's mark."""
    mark, found = f"{MARK}={project_key()}".encode(), []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                with open(f"/proc/{entry}/environ", "rb") as stream:
                    if mark in stream.read().split(b"\0"):
                        found.append(int(entry))
            except OSError:
                continue
    return found


def _start_broker():
    home, how = mosquitto.home(), {"access": settings.RUN_ACCESS}
    mosquitto.prepare(home, 0, settings.TENANT, **how).stop()
    ports = settings.port(*settings.MQTT_PORT), settings.port(*settings.MQTTS_PORT)
    broker = mosquitto.prepare(home, ports[0], settings.TENANT, tls_port=ports[1], **how)
    mosquitto.start(broker)
    return broker


def _processes():
    """Return the names of the Procfile that can be started with what is in the project."""
    names = ["odoo"]
    if bridge.has_bridge():
        names.append("bridge")
        names += ["fleet"] if bridge.has_fleet() else []
    return names


def _environment(database, broker):
    variables = odoo.environment(**bridge.environment(broker, settings.TENANT))
    ensure(LOGS)
    return {
        **variables,
        MARK: project_key(),
        "PYTHONUNBUFFERED": "1",
        "WINE_DB": database,
        "WINE_PYTHON": str(PYTHON),
        "WINE_MACHINES": settings.MACHINES,
        "WINE_LOCAL": str(RUN.parent),
    }


def _supervise(database, broker):
    command = [PYTHON, "-m", "honcho", "-e", RUN / "none", "-f", PROJECT / "Procfile", "start"]
    ensure(RUN)
    PID.write_text(str(os.getpid()))
    child = subprocess.Popen(
        [*map(str, command), *_processes()],
        cwd=PROJECT,
        env=_environment(database, broker),
        stdin=subprocess.DEVNULL,
    )
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_announce, args=(child, broker), daemon=True).start()
    while True:
        try:
            return _outcome(child.wait())
        except KeyboardInterrupt:
            say("Stopping …")


def _outcome(code):
    # honcho answers 130 or 143 when a person stopped it
    if code in (0, 130, 143, -signal.SIGINT, -signal.SIGTERM):
        return 0
    print(f"A process ended by itself: see the end of {LOGS}/*.log", file=sys.stderr)
    return 1


def _announce(child, broker):
    """Wait until Odoo answers, then say where everything is."""
    while child.poll() is None:
        if _answers(f"{address()}/web/login"):
            break
        time.sleep(0.5)
    else:
        return
    lines = [
        "",
        f"Ready: {address()}   (machines: {broker.host}:{broker.tls_port} by TLS, authority "
        f"{broker.ca}; logs: make logs)",
        "",
        *logins.table(address()),
        "",
        _story(),
        "Ctrl-C stops all of it.",
        "",
    ]
    print("\n".join(lines), flush=True)


def _story():
    if "fleet" in _processes():
        return (
            f"{settings.MACHINES} machines are selling now; each line of `fleet` is what one does."
        )
    return "Odoo runs alone: the bridge or the fleet is not in this checkout."


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own address
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
