# SPDX-License-Identifier: LGPL-3.0-or-later
"""A mosquitto broker of the project's own: loopback only, one account per machine.

Who may speak is kept by its password file or its dynamic-security plugin (`settings.ACCESS`).
"""

import base64
import hashlib
import importlib.util
import json
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
from .paths import ADDONS, PROJECT, PYTHON, ensure
from .servers import dynamic_security, mosquitto
from .settings import ACCESS, ROOT_TOPIC
from .shell import is_root, run

BRIDGE = "wine-bridge"
ITERATIONS = 101
DYNSEC = "mosquitto_dynsec"
CONF = """\
listener {port} 127.0.0.1
{tls}allow_anonymous false
{access}
persistence true
persistence_location {home}/
autosave_interval 60
max_queued_messages 100000
max_inflight_messages 100
max_packet_size 262144
set_tcp_nodelay true
persistent_client_expiration 7d
log_dest file {home}/mosquitto.log
log_type error
log_type warning
log_type notice
connection_messages false
pid_file {home}/mosquitto.pid
"""
FILES = """\
password_file {home}/passwd
acl_file {home}/acl"""
PLUGIN = """\
plugin {plugin}
plugin_opt_config_file {home}/dynamic-security.json"""
TLS = """\
listener {port} 127.0.0.1
cafile {home}/tls/ca.pem
certfile {home}/tls/broker.pem
keyfile {home}/tls/broker.key
tls_version tlsv1.2
{bound}"""
#: machines come by this listener: none by the client id of another one (the plugin sees to it)
BOUND = "use_username_as_clientid true\n"
ACL = """\
user {bridge}
topic read {base}/+/up/#
topic write {base}/+/down/#
topic readwrite {base}/platform/state

{channels}
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
    access: str = "password_file"
    key: str = ""
    tls_port: int = 0

    @property
    def ca(self):
        """Return the path of the certificate authority, where it speaks TLS."""
        return self.home / "tls" / "ca.pem" if self.tls_port else None

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
        if self.access == DYNSEC:
            return
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


def prepare(home, port, tenant, root=ROOT_TOPIC, access=ACCESS, tls_port=0):
    """Write configuration, rules and the bridge's account into `home`; return the Broker.

    Machine accounts that are already there, and the bridge's password, stay as they are.
    """
    ensure(home, 0o700)
    secret = _secret(home / "bridge.secret", secrets.token_urlsafe(24))
    key = _secret(home / "broker.key", base64.b64encode(secrets.token_bytes(32)).decode())
    broker = Broker(home, port, secret, access=access, key=key, tls_port=tls_port)
    if tls_port:
        certify(home / "tls")
    bound = "" if access == DYNSEC else BOUND
    tls = TLS.format(port=tls_port, home=home, bound=bound) if tls_port else ""
    rules = FILES.format(home=home)
    if access == DYNSEC:
        rules = PLUGIN.format(plugin=dynamic_security(), home=home)
    _write(home / "mosquitto.conf", CONF.format(port=port, home=home, tls=tls, access=rules))
    base = f"{root}/{tenant}"
    channels = "\n".join(f"pattern write {base}/%u/up/{one}" for one in _dynsec().CHANNELS)
    _write(home / "acl", ACL.format(bridge=BRIDGE, base=base, channels=channels))
    if access == DYNSEC:
        _prepare_dynsec(broker, base)
    elif not broker.passwd.exists():
        _write(broker.passwd, passwd_line(BRIDGE, broker.bridge_password))
    own(home)
    return broker


def _prepare_dynsec(broker, base):
    """Write the plugin's file with the bridge alone, unless there is one for these topics."""
    core = _dynsec()
    path = broker.home / "dynamic-security.json"
    wanted = {"rolename": core.BRIDGE_ROLE, "acls": core.bridge_acls(base)}
    if path.exists() and wanted["acls"][0]["topic"] in path.read_text():
        return
    line = passwd_line(BRIDGE, broker.bridge_password).strip().removeprefix(f"{BRIDGE}:")
    _write(path, json.dumps(core.document(base, {}, {BRIDGE: line}), indent=1))


def _dynsec():
    """Return the addon's module of the plugin's rules, which needs nothing else of it."""
    path = ADDONS / "wine_device_bridge" / "core" / "dynsec.py"
    spec = importlib.util.spec_from_file_location("wine_dynsec", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def certify(folder, *names):
    """Have a certificate authority and the broker's certificate in `folder`, made anew in time."""
    command = [PYTHON, "-m", "tools.certificates", folder, "localhost", "127.0.0.1", *names]
    run(command, failure="The broker's certificate cannot be made", cwd=PROJECT)


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


def _secret(path, fresh):
    if not path.exists():
        _write(path, fresh)
    return path.read_text()


def _write(path, text):
    path.write_text(text)
    path.chmod(0o600)
