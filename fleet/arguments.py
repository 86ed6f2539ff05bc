# SPDX-License-Identifier: LGPL-3.0-or-later
"""The command line of `python -m fleet`."""

import argparse
from dataclasses import fields

from fleet.conformance import command as conformance
from fleet.options import Options

LIVE = {"speed": 10.0, "fail_rate": 0.02, "jam_rate": 0.005, "unknown_rate": 0.002,
        "keep_rate": 0.05, "auth_rate": 0.01, "cooling_rate": 0.01, "cooling_hours": 12.0,
        "door_rate": 0.02}  # fmt: skip
HELP = {
    "rate": "events per second and machine, 0 for no limit",
    "start_spread": "longest delay before a backlog is replayed, seconds (default 300 / speed)",
    "speed": "simulated hours pass this many times faster",
    "sales": "purchases per machine and simulated hour",
    "fsync": "survive a power cut of this computer too",
    "restock": "a field person fills machines that run low",
}


def parser():
    """The parser: live, replay, burst and conformance."""
    top = argparse.ArgumentParser(prog="fleet", description="A fleet of simulated machines.")
    modes = top.add_subparsers(dest="mode", required=True)
    _live(modes)
    _replay(modes)
    _burst(modes)
    conformance.add(modes)
    return top


def _common(mode):
    mode.add_argument("--config", required=True, help="JSON file of the platform's provisioning")
    mode.add_argument("--state", required=True, help="folder of the machines' journals")
    mode.add_argument("--machines", type=int, help="only the first so many of the configuration")
    mode.add_argument("--door", metavar="URL", help="speak at this HTTPS door, not over MQTT")
    mode.add_argument("--door-ca", metavar="FILE", help="authority of the door's certificate, PEM")
    mode.add_argument("--report", metavar="FILE", help="write what was sold as JSON")
    mode.add_argument("--drain-timeout", type=float, default=120.0, metavar="SECONDS",
                      help="longest wait for acknowledgements at the end")  # fmt: skip
    mode.add_argument("--ready-timeout", type=float, default=60.0, metavar="SECONDS",
                      help="longest wait for connections and planograms")  # fmt: skip
    mode.add_argument("--quiet", action="store_true", help="no line per vend, no table")
    mode.add_argument("--log-level", default="WARNING", help="DEBUG, INFO, WARNING…")
    group = mode.add_argument_group("options of the machines")
    for option in fields(Options):
        _option(group, option)


def _option(group, option):
    name = "--" + option.name.replace("_", "-")
    if option.type is bool:
        group.add_argument(name, action="store_true", default=None, help=HELP.get(option.name))
    else:
        group.add_argument(name, type=option.type, metavar="N", help=HELP.get(option.name))


def _live(modes):
    live = modes.add_parser("live", help="consumers buy until it is stopped")
    live.add_argument("--vends", type=int, help="stop after so many local purchases, then drain")
    live.add_argument("--duration", type=float, metavar="SECONDS", help="stop after so long")
    _common(live)


def _replay(modes):
    replay = modes.add_parser("replay", help="tell a sales history from a CSV file")
    replay.add_argument("file", help="CSV with a header")
    replay.add_argument("--machine-column", required=True)
    replay.add_argument("--machine-key", choices=("serial", "uuid", "name"), default="serial")
    replay.add_argument("--sku-column", required=True)
    replay.add_argument("--qty-column", required=True)
    replay.add_argument("--price-column", help="price of one; the planogram's without it")
    replay.add_argument("--total-column", help="wins over price × qty, split to the cent")
    replay.add_argument("--date-column")
    replay.add_argument("--date-format", default="%Y-%m-%d", help="as of strptime")
    replay.add_argument("--pay", default="card", choices=("cash", "card", "qr", "free"))
    replay.add_argument("--rebase-days", type=float, metavar="N",
                        help="map the dates linearly on the last N days")  # fmt: skip
    _common(replay)


def _burst(modes):
    burst = modes.add_parser("burst", help="as many events as the broker takes")
    burst.add_argument("--events", type=int, default=100, metavar="N", help="events per machine")
    _common(burst)


def options(arguments, **defaults):
    """Options of parsed arguments; what is not given comes from `defaults`."""
    given = {
        option.name: value
        for option in fields(Options)
        if (value := getattr(arguments, option.name)) is not None
    }
    chosen = Options(**(defaults | given))
    if "start_spread" not in defaults | given:
        chosen.start_spread /= chosen.speed
    return chosen
