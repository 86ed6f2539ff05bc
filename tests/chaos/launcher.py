# SPDX-License-Identifier: LGPL-3.0-or-later
"""Starts the bridge as its command does, with one of the points of `points` wrapped around it."""

import faulthandler
import signal
import sys

#: machine id/number, separated by commas: events that nobody can use
POISON = "WINE_CHAOS_POISON"


def main(point, *arguments):
    """``python -m tests.chaos.launcher POINT -c CONF -d DATABASE``."""
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    from odoo.cli.command import find_command
    from odoo.tools import config

    config.parse_config(list(arguments), setup_logging=False)
    from tests.chaos import points

    if point != "none":
        points.wrap(point)
    find_command("wine_bridge")().run(list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
