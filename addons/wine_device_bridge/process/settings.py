# SPDX-License-Identifier: LGPL-3.0-or-later
"""Settings of the bridge from the environment; nothing secret is ever printed."""

import os
import re
from dataclasses import dataclass, field

#: what PostgreSQL is told of a bridge's connections: one that vanishes without a word (power, a cut
#: line) or hangs in the middle of a transaction gives up its machines and journals, for which other
#: bridges and projectors wait, within 30 s and 5 minutes; else it would be two hours and for ever
LINE = {
    "tcp_keepalives_idle": 15,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "idle_in_transaction_session_timeout": 300_000,
}


@dataclass(frozen=True)
class Settings:
    """Where the broker is and how this process behaves. Times in seconds."""

    database: str
    host: str = "127.0.0.1"
    port: int = 1883
    user: str = ""
    password: str = field(default="", repr=False)
    root: str = "wine/v1"
    tenant: str = ""
    ca: str = ""
    ingest_batch: int = 1000
    project_batch: int = 500
    linger: float = 0.02
    #: 0: none here, 1: beside the rest in this process, more: so many processes of their own
    projectors: int = 1
    #: name of this one where several bridges share the work; empty: the only one
    instance: str = ""
    #: how it logs: text, json, or empty for what suits where it runs
    log: str = ""
    #: events a second of one machine in the long run and at once; rate 0: no limit
    rate: int = 50
    burst: int = 500

    @property
    def client_id(self):
        return "-".join(filter(None, ("wine-bridge", self.tenant, self.instance)))


def hold_line(environ=None):
    """Have all connections of this process and its children opened as :data:`LINE` says.

    What the operator says in ``PGOPTIONS`` stands, also where that is nothing.
    """
    environ = os.environ if environ is None else environ
    environ.setdefault("PGOPTIONS", " ".join(f"-c {name}={value}" for name, value in LINE.items()))


def from_environment(database, environ=None):
    """Read ``WINE_MQTT_*`` and ``WINE_BRIDGE_*``.

    :raise ValueError: a number is none; the text names the variable
    """
    environ = os.environ if environ is None else environ
    return Settings(
        database=database,
        host=environ.get("WINE_MQTT_HOST", "127.0.0.1"),
        port=_number(environ, "WINE_MQTT_PORT", 1883),
        user=environ.get("WINE_MQTT_USER", ""),
        password=environ.get("WINE_MQTT_PASSWORD", ""),
        root=environ.get("WINE_MQTT_ROOT", "wine/v1").strip("/"),
        tenant=environ.get("WINE_MQTT_TENANT") or database,
        ca=environ.get("WINE_MQTT_CA", ""),
        ingest_batch=_number(environ, "WINE_BRIDGE_INGEST_BATCH", 1000),
        project_batch=_number(environ, "WINE_BRIDGE_PROJECT_BATCH", 500),
        projectors=_projectors(environ),
        instance=_instance(environ),
        log=_log_form(environ),
        rate=_number(environ, "WINE_BRIDGE_RATE", 50),
        burst=_number(environ, "WINE_BRIDGE_BURST", 500) or 1,
    )


def _instance(environ):
    name = environ.get("WINE_BRIDGE_INSTANCE", "")
    if name and not re.fullmatch(r"[A-Za-z0-9_.]{1,20}", name):
        raise ValueError(
            f"WINE_BRIDGE_INSTANCE is {name!r}; give 1 to 20 letters or digits, such as a"
        )
    return name


def _projectors(environ):
    """``WINE_BRIDGE_PROJECTORS``; ``WINE_BRIDGE_PROJECT=0`` says none."""
    if environ.get("WINE_BRIDGE_PROJECT", "1") == "0":
        return 0
    return _number(environ, "WINE_BRIDGE_PROJECTORS", 1)


def _log_form(environ):
    form = environ.get("WINE_BRIDGE_LOG", "")
    if form not in ("", "text", "json"):
        raise ValueError(f"WINE_BRIDGE_LOG is {form!r}; it is text or json")
    return form


def _number(environ, name, default):
    text = environ.get(name, "")
    if text and not text.isdigit():
        raise ValueError(f"{name} is {text!r}; give a whole number, such as {default}")
    return int(text or default)
