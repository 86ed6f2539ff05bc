# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a person may set by environment variables, and what is taken otherwise."""

import os
import socket

from .errors import EnvError

DATABASE = os.environ.get("WINE_DB") or "wine"
TEST_DATABASE = os.environ.get("WINE_TEST_DB") or "wine_test"
BASE_DATABASE = "wine_base"
TENANT = os.environ.get("WINE_MQTT_TENANT") or DATABASE
ROOT_TOPIC = os.environ.get("WINE_MQTT_ROOT") or "wine/v1"
ACCESS = os.environ.get("WINE_BROKER_ACCESS") or "password_file"
# `make run` lives as production does; tests ask for what they try
RUN_ACCESS = os.environ.get("WINE_BROKER_ACCESS") or "mosquitto_dynsec"
MACHINES = os.environ.get("WINE_MACHINES") or "20"
LANGUAGES = "en_US,zh_CN"

HTTP_PORT = ("WINE_HTTP_PORT", 8069)
MQTT_PORT = ("WINE_MQTT_PORT", 1883)
MQTTS_PORT = ("WINE_MQTTS_PORT", 8883)
POSTGRES_PORT = ("WINE_PG_PORT", 0)


def port(variable, usual):
    """Return the port that `variable` asks for, else the `usual` one or any free one.

    A port that was asked for and is taken ends the command.
    """
    asked = os.environ.get(variable)
    if asked:
        if not asked.isdigit() or not 0 < int(asked) < 65536:
            raise EnvError(f"{variable}={asked} is no port: give a number from 1 to 65535.")
        if not is_free(int(asked)):
            raise EnvError(f"Port {asked} is taken: set {variable} to another one.")
        return int(asked)
    return usual if usual and is_free(usual) else free_port()


def is_free(number):
    """Return whether a server may listen on this port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except (OSError, OverflowError):
            return False
        return True


def free_port():
    """Return a port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
