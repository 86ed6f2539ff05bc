# SPDX-License-Identifier: LGPL-3.0-or-later
import argparse
import sys

from odoo.cli import Command
from odoo.tools import config


class WineBridge(Command):
    """Run the bridge between the machines' broker and a database."""

    name = "wine_bridge"

    def run(self, args):
        """``odoo wine_bridge -d DATABASE``; the broker comes from ``WINE_MQTT_*``.

        With ``--only project``, stored messages become vends and orders, and nothing else happens.
        With ``--only retire``, what the broker still keeps for the bridge of this name
        (``WINE_BRIDGE_INSTANCE``) is stored, and nothing is kept for it any more.
        """
        chosen, args = _options().parse_known_args(args)
        config.parse_config(args, setup_logging=True)
        names = config["db_name"]
        if len(names) != 1:
            sys.exit("The bridge serves one database; name it: odoo wine_bridge -d DATABASE")
        # Odoo loads a command's file under odoo.cli: relative imports lead nowhere from here
        # pylint: disable=odoo-addons-relative-import
        try:
            from odoo.addons.wine_device_bridge.process import access
            from odoo.addons.wine_device_bridge.process.bridge import Bridge
            from odoo.addons.wine_device_bridge.process.projectors import run_alone
            from odoo.addons.wine_device_bridge.process.retire import Retire
            from odoo.addons.wine_device_bridge.process.settings import from_environment, hold_line
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("paho"):
                sys.exit("The bridge needs paho-mqtt: pip install 'paho-mqtt>=2,<3'")
            raise
        try:
            settings = from_environment(names[0])
            who = access.from_environment()
        except ValueError as error:
            sys.exit(str(error))
        hold_line()
        work = {
            None: lambda: Bridge(settings, who).run(),
            "project": lambda: run_alone(settings),
            "retire": lambda: Retire(settings).run(),
        }
        sys.exit(work[chosen.only]())


def _options():
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--only", choices=["project", "retire"])
    return parser
