# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the bridge and the machines need to reach the broker."""

import base64
import hashlib
import json
import os
import secrets

from . import database, mosquitto, odoo, postgres
from .paths import ADDONS, PROJECT, RUN, ensure
from .settings import ROOT_TOPIC
from .shell import run, step

ADDON = ADDONS / "wine_device_bridge"
FLEET = RUN / "fleet.json"
STAMP = RUN / "fleet.stamp"
#: private key that signs firmware on this machine; a company keeps its own elsewhere
FIRMWARE_KEY = RUN / "firmware.key"


def has_bridge():
    """Return whether the addon with the bridge's command is there."""
    return (ADDON / "cli" / "wine_bridge.py").exists()


def has_fleet():
    """Return whether the simulator can be run against provisioned machines."""
    return FLEET.exists() and (PROJECT / "fleet" / "__main__.py").exists()


def environment(broker, tenant, root=ROOT_TOPIC):
    """Return the variables that the bridge takes its settings from."""
    return {
        "WINE_MQTT_HOST": broker.host,
        "WINE_MQTT_PORT": str(broker.port),
        "WINE_MQTT_USER": mosquitto.BRIDGE,
        "WINE_MQTT_PASSWORD": broker.bridge_password,
        "WINE_MQTT_ROOT": root,
        "WINE_MQTT_TENANT": tenant,
        **_access(broker),
        **firmware_key(),
    }


def firmware_key():
    """Return how Odoo knows the maker of firmware: as set from outside, else a key made here."""
    names = ("WINE_FIRMWARE_KEY", "WINE_FIRMWARE_PUBLIC_KEY")
    given = {name: os.environ[name] for name in names if os.environ.get(name)}
    if given:
        return given
    if not FIRMWARE_KEY.exists():
        ensure(RUN)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(FIRMWARE_KEY, flags, 0o600), "w") as stream:
            stream.write(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
    return {"WINE_FIRMWARE_KEY": str(FIRMWARE_KEY)}


def _access(broker):
    """Return how the bridge tells the broker who may speak."""
    if broker.access == mosquitto.DYNSEC:
        return {"WINE_BROKER_ACCESS": broker.access, "WINE_BROKER_KEY": broker.key}
    return {
        "WINE_BROKER_ACCESS": broker.access,
        "WINE_BROKER_PASSWD": str(broker.passwd),
        "WINE_BROKER_PID": str(broker.home / "mosquitto.pid"),
    }


def provision(name, broker, tenant, fleet=FLEET, *options, conf=odoo.CONF):
    """Have Odoo write the machines' accounts for the broker and their file for the fleet."""
    arguments = credential_arguments(name, broker, fleet)
    variables = odoo.environment(conf, **environment(broker, tenant))
    command = odoo.command("wine_bridge_credentials", *arguments, *options, conf=conf)
    run(command, env=variables, failure="The machines' credentials cannot be written", cwd=PROJECT)
    fleet.chmod(0o600)
    broker.reload()


def credential_arguments(name, broker, fleet):
    """Return the arguments of the command that writes accounts for the broker and the fleet."""
    arguments = ["-d", name, "--fleet", str(fleet)]
    if broker.access != mosquitto.DYNSEC:
        arguments += ["--passwd", str(broker.passwd)]
    return [*arguments, "--broker-host", broker.host, "--broker-port", str(broker.port)]


def provision_once(name, broker, tenant):
    """Provision the machines of `make run` when the database, its addons or accounts are new."""
    if not (ADDON / "cli" / "wine_bridge_credentials.py").exists():
        return
    number = postgres.query(_OID.format(name))
    secret = hashlib.sha256(broker.key.encode()).hexdigest()
    current = json.dumps([name, tenant, number, database.fingerprints(), broker.access, secret])
    if FLEET.exists() and STAMP.exists() and STAMP.read_text() == current:
        _set_address(broker)
        return
    with step("Machines: giving each one its credential"):
        _provision_asleep(name, broker, tenant)
    _set_address(broker)
    STAMP.write_text(current)


def _provision_asleep(name, broker, tenant):
    """Provision while the broker is down, so that it knows its machines when it wakes."""
    if broker.access != mosquitto.DYNSEC:
        provision(name, broker, tenant)
        return
    accounts = broker.home / "dynamic-security.json"
    broker.stop()
    provision(name, broker, tenant, FLEET, "--dynsec", accounts)
    mosquitto.own(accounts)
    mosquitto.start(broker)


def _set_address(broker):
    content = json.loads(FLEET.read_text())
    line = {"port": broker.port, "tls": False, "ca": None}
    if broker.tls_port:
        line = {"port": broker.tls_port, "tls": True, "ca": str(broker.ca)}
    content["broker"].update(host=broker.host, **line)
    FLEET.write_text(json.dumps(content, indent=1))


_OID = "SELECT oid FROM pg_database WHERE datname = '{}'"
