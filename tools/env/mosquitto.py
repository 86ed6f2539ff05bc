# SPDX-License-Identifier: LGPL-3.0-or-later
"""A mosquitto broker of the project's own: loopback only, one account per machine."""

import base64
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .accounts import demote, service_home, service_user
from .errors import EnvError
from .paths import ensure
from .servers import mosquitto
from .settings import ROOT_TOPIC
from .shell import is_root

BRIDGE = "wine-bridge"
ITERATIONS = 101
CONF = """\
listener {port} 127.0.0.1
allow_anonymous false
password_file {home}/passwd
acl_file {home}/acl
persistence true
persistence_location {home}/
autosave_interval 60
max_queued_messages 100000
max_inflight_messages 100
max_packet_size 262144
persistent_client_expiration 7d
log_dest file {home}/mosquitto.log
log_type error
log_type warning
log_type notice
connection_messages false
pid_file {home}/mosquitto.pid
"""
ACL = """\
user {bridge}
topic read {base}/+/up/#
topic write {base}/+/down/#
topic readwrite {base}/platform/state

pattern write {base}/%u/up/#
pattern read {base}/%u/down/#
pattern read {base}/platform/state
"""


@dataclass
class Broker:
    """A broker: where its files are, its port and the password of the bridge."""

    home: Path
    port: int
    bridge_password: str
    host: str = "127.0.0.1"

    @property
    def passwd(self):
        """Return the path of the password file."""
        return self.home / "passwd"

    def pid(self):
        """Return the number of the running process, or None."""
        try:
            number = int((self.home / "mosquitto.pid").read_text())
            name = Path(f"/proc/{number}/comm").read_text().strip()
        except (OSError, ValueError):
            return None
        return number if name == "mosquitto" else None

    def reload(self):
        """Have the broker read its accounts and rules again."""
        own(self.passwd)
        if self.pid():
            os.kill(self.pid(), signal.SIGHUP)

    def stop(self):
        """Stop the broker and wait until it has stored its sessions."""
        if self.pid():
            os.kill(self.pid(), signal.SIGTERM)
        for _ in range(100):
            if not self.pid():
                return
            time.sleep(0.05)


def prepare(home, port, tenant, root=ROOT_TOPIC):
    """Write configuration, rules and the bridge's account into `home`; return the Broker.

    Machine accounts that are already there, and the bridge's password, stay as they are.
    """
    ensure(home, 0o700)
    secret = home / "bridge.secret"
    if not secret.exists():
        _write(secret, secrets.token_urlsafe(24))
    broker = Broker(home, port, secret.read_text())
    _write(home / "mosquitto.conf", CONF.format(port=port, home=home))
    _write(home / "acl", ACL.format(bridge=BRIDGE, base=f"{root}/{tenant}"))
    if not broker.passwd.exists():
        _write(broker.passwd, passwd_line(BRIDGE, broker.bridge_password))
    own(home)
    return broker


def start(broker):
    """Start a prepared broker and wait until it listens."""
    if broker.pid():
        return
    program, log = mosquitto(), broker.home / "mosquitto.log"
    command = [str(program), "-c", str(broker.home / "mosquitto.conf")]
    with open(broker.home / "start.log", "wb") as said:
        # a session of its own, so that Ctrl-C reaches the bridge before the broker
        apart = {"cwd": "/", "start_new_session": True, **demote()}
        process = subprocess.Popen(command, stdout=said, stderr=said, **apart)
    for _ in range(100):
        if listens(broker.port) and broker.pid():
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise EnvError(f"mosquitto does not start on port {broker.port}: see {log}.")


def passwd_line(user, password, salt=None):
    """Return a line of mosquitto's password file ($7$: PBKDF2 with SHA-512)."""
    salt = salt or secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{user}:$7${ITERATIONS}${'$'.join(encoded)}\n"


def home():
    """Return the folder of the broker of `make run`."""
    return service_home() / "mosquitto"


def listens(port):
    """Return whether somebody answers on this port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def own(path):
    """Give a file or folder with its content to the service user."""
    if is_root():
        user = service_user()
        for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
            os.chown(each, user.pw_uid, user.pw_gid)


def _write(path, text):
    path.write_text(text)
    path.chmod(0o600)
