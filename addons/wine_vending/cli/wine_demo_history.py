# SPDX-License-Identifier: LGPL-3.0-or-later
import sys

from odoo.cli import Command
from odoo.tools import config


class WineDemoHistory(Command):
    """Give the machines of the demo data two months of trade."""

    name = "wine_demo_history"

    def run(self, args):
        """``odoo wine_demo_history -d DATABASE``; a database that has sold is left alone."""
        config.parse_config(args, setup_logging=True)
        names = config["db_name"]
        if len(names) != 1:
            sys.exit("Name one database: odoo wine_demo_history -d DATABASE")
        from odoo import SUPERUSER_ID, api
        from odoo.modules.registry import Registry

        with Registry(names[0]).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US", "tz": "UTC"})
            count = env["wine.machine"]._demo_history()
            env.flush_all()
            cr.commit()  # pylint: disable=invalid-commit
        sys.stdout.write(f"{count} facts\n")
