# SPDX-License-Identifier: LGPL-3.0-or-later
import argparse
import json
import os
import sys
from pathlib import Path

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class WineBridgeCredentials(Command):
    """Issue machines' credentials: for the broker a file, for a fleet its secrets.

    With neither ``--passwd`` nor ``--dynsec`` the bridge tells the broker, see WINE_BROKER_ACCESS.
    With ``--keep`` the file is written from what the database has, and no machine notices.
    """

    name = "wine_bridge_credentials"

    def run(self, args):
        """Write the broker's file, and the secrets of newly issued credentials once."""
        options, rest = self.parse(args)
        config.parse_config(["-d", options.database, *rest], setup_logging=True)
        with Registry(options.database).cursor() as cr:
            self.issue(api.Environment(cr, SUPERUSER_ID, {}), options)
            # a command of its own, not part of a request
            cr.commit()  # pylint: disable=invalid-commit

    def issue(self, env, options):
        """What the command does, for whoever has an environment already."""
        # Odoo loads a command's file under odoo.cli: relative imports lead nowhere from here
        # pylint: disable=odoo-addons-relative-import
        from odoo.addons.wine_device_bridge.core.passwd_file import write_private

        machines = env["wine.machine"].search(
            [("state", "in", ("commissioned", "active"))], order="serial"
        )
        secrets = {} if options.keep else env["wine.bridge.credential"]._issue(machines)
        _write_broker(env, options)
        if options.keep:
            return
        if options.fleet:
            content = json.dumps(_fleet(env, options, secrets), indent=1)
            write_private(Path(options.fleet), content)
        machines._publish_desired()

    def parse(self, args):
        """Options, and the arguments that Odoo takes."""
        parser = argparse.ArgumentParser(prog=f"odoo {self.name}", description=self.__doc__)
        parser.add_argument("-d", "--database", required=True)
        parser.add_argument("--passwd", help="mosquitto password file to bring up")
        parser.add_argument("--dynsec", help="file of mosquitto's dynamic-security plugin to make")
        parser.add_argument("--fleet", help="JSON for the simulator, secrets included")
        parser.add_argument("--broker-host", default="127.0.0.1")
        parser.add_argument("--broker-port", type=int, default=1883)
        parser.add_argument("--broker-ca", help="PEM file; the fleet then speaks TLS")
        parser.add_argument(
            "--rotate", action="store_true", help="accepted; secrets are new but with --keep"
        )
        parser.add_argument(
            "--keep", action="store_true", help="no new secrets: the file of a broker that lost it"
        )
        options, rest = parser.parse_known_args(args)
        if options.keep and (options.fleet or options.rotate):
            parser.error("--keep issues no secrets: nothing can be written for a fleet, or rotated")
        if options.keep and not (options.passwd or options.dynsec):
            parser.error("--keep writes a file of the broker: say which, by --dynsec or --passwd")
        return options, rest


def _write_broker(env, options):
    """Write the file that the broker reads, and note that it stands there."""
    # pylint: disable=odoo-addons-relative-import
    from odoo.addons.wine_device_bridge.core import dynsec, passwd_file, password

    credentials = env["wine.bridge.credential"].search([])
    lines = credentials._password_lines()
    if options.passwd:
        passwd_file.write_passwords(Path(options.passwd), lines)
    if options.dynsec:
        user, secret = (os.environ.get(f"WINE_MQTT_{name}") for name in ("USER", "PASSWORD"))
        if not user or not secret:
            sys.exit("--dynsec needs the bridge's account: set WINE_MQTT_USER, WINE_MQTT_PASSWORD")
        bridges = {user: password.hashed(secret)}
        accounts = {
            credential.username: (credential.version, lines[credential.username])
            for credential in credentials
            if credential.username in lines
        }
        content = dynsec.document(_base(options), accounts, bridges)
        passwd_file.write_private(Path(options.dynsec), json.dumps(content, indent=1))
    if options.passwd or options.dynsec:
        for credential in credentials:
            credential.write({"applied": credential.stand, "fault": False})


def _base(options):
    root = os.environ.get("WINE_MQTT_ROOT", "wine/v1").strip("/")
    return f"{root}/{os.environ.get('WINE_MQTT_TENANT') or options.database}"


def _fleet(env, options, secrets):
    """What the simulator needs; ``stock`` as the platform believes it now."""
    return {
        "broker": {
            "host": options.broker_host,
            "port": options.broker_port,
            "tls": bool(options.broker_ca),
            "ca": options.broker_ca,
        },
        "root": os.environ.get("WINE_MQTT_ROOT", "wine/v1"),
        "tenant": os.environ.get("WINE_MQTT_TENANT") or options.database,
        "firmware_key": env["wine.firmware"]._public_key(),
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
