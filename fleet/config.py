# SPDX-License-Identifier: LGPL-3.0-or-later
"""The file that the platform's provisioning writes: the broker and the machines' credentials."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from fleet.errors import BadConfig


@dataclass(frozen=True)
class Broker:
    """Where the broker listens; `ca` is the path of a PEM file, or None for the system's."""

    host: str
    port: int
    tls: bool = False
    ca: str | None = None


@dataclass(frozen=True)
class MachineConfig:
    """One machine as provisioned: identity, credential, and what is believed to be in it."""

    uuid: str
    serial: str
    username: str
    password: str = field(repr=False)
    epoch: int = 1
    name: str = ""
    region: str = ""
    stock: dict | None = None
    caps: tuple = ("age", "lift", "volume")
    firmware_key: str | None = None  # Ed25519, base64: whose firmware the machine believes


@dataclass(frozen=True)
class Config:
    """Everything that a fleet needs to know before it speaks."""

    broker: Broker
    root: str
    tenant: str
    machines: tuple
    door: str | None = None  # https://HOST[:PORT]: machines speak there instead of to the broker
    door_ca: str | None = None  # path of a PEM file, None for the system's authorities

    def topic(self, uuid, suffix):
        """Full topic of a machine, docs/protocol §1."""
        return f"{self.root}/{self.tenant}/{uuid}/{suffix}"


def read(source):
    """A Config from a dict, or from the path of a JSON file. Raises BadConfig."""
    if isinstance(source, Config):
        return source
    name = "configuration"
    if not isinstance(source, dict):
        name = str(source)
        source = json.loads(Path(source).read_text(encoding="utf-8"))
    try:
        return _build(source)
    except (KeyError, TypeError) as error:
        raise BadConfig(f"{name} is not a fleet configuration: {error!r}") from error


def _build(source):
    broker = source["broker"]
    shared = {"firmware_key": source.get("firmware_key")}
    return Config(
        Broker(broker["host"], int(broker["port"]), bool(broker.get("tls")), broker.get("ca")),
        source["root"],
        source["tenant"],
        tuple(_machine(shared | entry) for entry in source["machines"]),
        source.get("door"),
        source.get("door_ca"),
    )


def _machine(entry):
    known = {key: entry[key] for key in MachineConfig.__dataclass_fields__ if key in entry}
    known["uuid"] = known["uuid"].lower()
    known.setdefault("username", known["uuid"])
    known["caps"] = tuple(entry.get("caps", MachineConfig.caps))
    return MachineConfig(**known)
