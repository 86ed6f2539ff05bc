# SPDX-License-Identifier: LGPL-3.0-or-later
import argparse
import os
import sys
from types import SimpleNamespace

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class WineBridgeRestored(Command):
    """Bring a database that came back from a backup together with its machines.

    Run it once after the restore and before the bridge starts (docs/operations/backup.md). With
    ``--no-broker`` the broker is not asked who may speak: it lost its file as well.
    """

    name = "wine_bridge_restored"

    def run(self, args):
        """``odoo wine_bridge_restored -d DATABASE``; the broker comes from ``WINE_MQTT_*``."""
        options, rest = self._parse(args)
        config.parse_config(["-d", options.database, *rest], setup_logging=True)
        accounts = None if options.no_broker else _accounts(options.database)
        with Registry(options.database).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
            keys = env["wine.bridge.credential"]._restore_keys(os.environ.get("WINE_BROKER_KEY"))
            told = env["wine.machine"]._bridge_restored(accounts, keys)
            # a command of its own, not part of a request
            cr.commit()  # pylint: disable=invalid-commit
        _print(told)

    def _parse(self, args):
        parser = argparse.ArgumentParser(prog=f"odoo {self.name}", description=self.__doc__)
        parser.add_argument("-d", "--database", required=True)
        parser.add_argument("--no-broker", action="store_true", help="the broker is new as well")
        return parser.parse_known_args(args)


def _accounts(database):
    """Who may speak, as the broker has it; only its dynamic-security plugin can be asked."""
    # pylint: disable=odoo-addons-relative-import
    from odoo.addons.wine_device_bridge.process import access
    from odoo.addons.wine_device_bridge.process.brokers import MosquittoDynsec
    from odoo.addons.wine_device_bridge.process.settings import from_environment

    try:
        settings, who = from_environment(database), access.from_environment()
    except ValueError as error:
        sys.exit(str(error))
    if who.adapter != "mosquitto_dynsec":
        return None
    adapter = MosquittoDynsec(settings, SimpleNamespace(keys=who.keys))
    adapter.start()
    try:
        if not adapter.control.wait(20):
            sys.exit("The broker cannot be asked who may speak: start it, or say --no-broker")
        return adapter._accounts()
    finally:
        adapter.stop()


TEXTS = {
    "adopted": "have a later secret than the backup knew; it goes on being good",
    "not adopted": "have a later secret that cannot be known: make claim codes or new secrets",
    "suspended": "were suspended after the backup, and are again",
    "revoked": "were revoked after the backup, and are again",
    "unknown": "are known to the broker only: made after the backup; make and claim them anew",
    "open vends": "were under way at the backup: compare them with the payment provider",
}


def _print(told):
    for what, text in TEXTS.items():
        names = told.get(what) or []
        if names:
            # what a person reads who has called the command
            sys.stdout.write(f"{len(names)} {text}\n")
            sys.stdout.writelines(f"  {name}\n" for name in names)
    sys.stdout.write("Done. Start the bridge and Odoo now.\n")
