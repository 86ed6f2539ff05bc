# SPDX-License-Identifier: LGPL-3.0-or-later
import argparse
import json
import os
from pathlib import Path

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config

BRIDGE_PREFIX = "wine-bridge"


class WineBridgeCredentials(Command):
    """Issue machines' credentials: for the broker a password file, for a fleet its secrets."""

    name = "wine_bridge_credentials"

    def run(self, args):
        """Write the password file, and the secrets of newly issued credentials once."""
        options, rest = self._parse(args)
        config.parse_config(["-d", options.database, *rest], setup_logging=True)
        with Registry(options.database).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            machines = env["wine.machine"].search(
                [("state", "in", ("commissioned", "active"))], order="serial"
            )
            secrets = env["wine.bridge.credential"]._issue(machines)
            lines = env["wine.bridge.credential"].search([])._password_lines()
            _write_passwords(Path(options.passwd), lines)
            if options.fleet:
                _write_private(Path(options.fleet), json.dumps(_fleet(options, secrets), indent=1))
            machines._publish_desired()
            # a command of its own, not part of a request
            cr.commit()  # pylint: disable=invalid-commit

    def _parse(self, args):
        parser = argparse.ArgumentParser(prog=f"odoo {self.name}", description=self.__doc__)
        parser.add_argument("-d", "--database", required=True)
        parser.add_argument("--passwd", required=True, help="mosquitto password file to bring up")
        parser.add_argument("--fleet", help="JSON for the simulator, secrets included")
        parser.add_argument("--broker-host", default="127.0.0.1")
        parser.add_argument("--broker-port", type=int, default=1883)
        parser.add_argument(
            "--rotate", action="store_true", help="accepted; secrets are always new"
        )
        return parser.parse_known_args(args)


def _write_passwords(path, lines):
    """Keep the lines of the bridge itself, replace those of machines."""
    kept = []
    if path.exists():
        kept = [line for line in path.read_text().splitlines() if line.startswith(BRIDGE_PREFIX)]
    machines = [f"{username}:{hashed}" for username, hashed in sorted(lines.items())]
    _write_private(path, "\n".join([*kept, *machines]) + "\n")


def _write_private(path, text):
    """Replace a file at once, readable by its owner only; whoever owned it goes on owning it."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    if path.exists() and hasattr(os, "chown"):
        owner = path.stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)
    fresh.replace(path)


def _fleet(options, secrets):
    """What the simulator needs; ``stock`` as the platform believes it now."""
    return {
        "broker": {
            "host": options.broker_host,
            "port": options.broker_port,
            "tls": False,
            "ca": None,
        },
        "root": os.environ.get("WINE_MQTT_ROOT", "wine/v1"),
        "tenant": os.environ.get("WINE_MQTT_TENANT") or options.database,
        "machines": [
            {
                "uuid": machine.uuid,
                "serial": machine.serial,
                "name": machine.name,
                "region": machine.region_id.complete_name,
                "epoch": machine.bridge_epoch,
                "username": machine.uuid,
                "password": secret,
                "stock": {slot.code: slot.qty for slot in machine.slot_ids if slot.product_id},
            }
            for machine, secret in secrets.items()
        ],
    }
