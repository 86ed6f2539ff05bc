# SPDX-License-Identifier: LGPL-3.0-or-later
"""docker-compose.yml as a file: what one part of it says fits what the others say.

`.ci/run` has docker-compose judge the form; no container is started in either.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
#: which port of the broker speaks TLS, as docker/mosquitto/start.sh opens it
TLS = "8883"


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


@pytest.fixture(scope="module")
def example():
    lines = (PROJECT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_addon_that_is_installed_is_here(services, example):
    default = services["init"]["environment"]["WINE_MODULES"]
    init = (PROJECT / "docker" / "odoo" / "init.sh").read_text(encoding="utf-8")
    named = [example["WINE_MODULES"], *re.findall(r"WINE_MODULES:-([\w,]+)", default + init)]
    there = {path.parent.name for path in PROJECT.glob("addons/*/__manifest__.py")}
    assert [set(names.split(",")) for names in named] == [there] * 3


def test_every_variable_of_the_example_is_used(example):
    composition = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{(\w+)", composition))
    assert set(example) == used


def provisioned(tmp_path):
    """What docker/odoo/provision.sh has done, in folders of this test: the arguments of Odoo."""
    programs, certificates, fleet = (tmp_path / name for name in ("bin", "broker-certs", "fleet"))
    for folder in (programs, certificates, fleet):
        folder.mkdir()
    for name in ("ca.pem", "ca.key", "broker.key"):
        (certificates / name).write_text(name)
    said = tmp_path / "said"
    stand_ins = {"odoo": f'printf "%s\\n" "$@" >{said}', "chown": ":"}
    for name, script in stand_ins.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    script = (PROJECT / "docker" / "odoo" / "provision.sh").read_text(encoding="utf-8")
    script = re.sub(r"(?<=\s)/(fleet|broker-certs|broker-auth)\b", rf"{tmp_path}/\1", script)
    variables = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PGDATABASE": "wine",
        "WINE_BROKER_ACCESS": "mosquitto_dynsec",
    }
    subprocess.run(["sh", "-c", script], env=variables, check=True)
    return said.read_text().splitlines(), fleet


def test_the_fleet_speaks_tls_as_machines_do(services, tmp_path):
    arguments, folder = provisioned(tmp_path)
    given = dict(zip(arguments[1::2], arguments[2::2], strict=False))
    assert given["-d"] == "wine" and given["--broker-port"] == TLS
    authority = Path(given["--broker-ca"])
    assert authority.parent == folder and authority.read_text() == "ca.pem"
    # the broker's certificate holds the name by which the fleet finds it
    assert given["--broker-host"] in services["certificates"]["command"]
    assert services["fleet"]["healthcheck"]["test"][-1] == TLS
    assert f":{TLS}" in services["broker"]["ports"][0]
    assert f" {TLS}" in services["broker"]["healthcheck"]["test"][-1]


def test_no_key_comes_to_the_fleet(services, tmp_path):
    _arguments, folder = provisioned(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["ca.pem"]
    holders = [name for name, service in services.items() if "broker-certs" in str(service)]
    assert sorted(holders) == ["broker", "certificates", "provision"]
    assert "broker-certs:/broker-certs:ro" in services["provision"]["volumes"]


def test_bridges_log_for_whoever_collects_logs(services):
    for name in ("bridge", "bridge-two"):
        assert services[name]["environment"]["WINE_BRIDGE_LOG"] == "${WINE_BRIDGE_LOG:-json}", name
    unit = PROJECT / "docs" / "operations" / "systemd"
    assert "\nWINE_BRIDGE_LOG=json\n" in (unit / "bridge.env").read_text(encoding="utf-8")
