# SPDX-License-Identifier: LGPL-3.0-or-later
"""The broker's files in docker/ say the same as the code that tests and `make run` use."""

import importlib.util
import json
import re
import subprocess
from pathlib import Path

import pytest

from tools.env import mosquitto

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATE = PROJECT / "docker" / "mosquitto" / "dynamic-security.json.in"
START = PROJECT / "docker" / "mosquitto" / "start.sh"


def dynsec():
    path = PROJECT / "addons" / "wine_device_bridge" / "core" / "dynsec.py"
    spec = importlib.util.spec_from_file_location("wine_dynsec_of_a_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_template_has_the_rules_of_the_code():
    filled = TEMPLATE.read_text()
    values = {"BASE": "wine/v1/t", "USER": "wine-bridge", "ITERATIONS": "101", "SALT": "c2FsdA=="}
    for name, value in {**values, "KEY": "a2V5"}.items():
        assert f"@{name}@" in filled, name
        filled = filled.replace(f"@{name}@", value)
    line = "$7$101$c2FsdA==$a2V5"
    assert json.loads(filled) == dynsec().document("wine/v1/t", {}, {"wine-bridge": line})


def test_with_a_password_file_a_machine_writes_its_channels_only():
    said = START.read_text()
    for channel in dynsec().CHANNELS:
        assert f"pattern write $base/%u/up/{channel}\n" in said
    assert "%u/up/#" not in said


def test_the_script_is_one_for_a_plain_shell():
    assert subprocess.run(["sh", "-n", START], check=False).returncode == 0
    for name in ("BASE", "USER", "ITERATIONS", "SALT", "KEY"):
        assert f"@{name}@" in START.read_text()


#: what a broker of machines needs, wherever it runs
NEEDED = ("persistence", "max_queued_messages", "max_inflight_messages", "max_packet_size",
          "set_tcp_nodelay")  # fmt: skip
PLACES = {
    "docker-compose": PROJECT / "docker" / "mosquitto" / "mosquitto.conf",
    "a server": PROJECT / "docs" / "operations" / "install.md",
}


@pytest.mark.parametrize("place", PLACES)
def test_every_broker_is_set_up_as_the_one_of_make_run(place):
    ours, theirs = mosquitto.CONF, PLACES[place].read_text(encoding="utf-8")
    for name in NEEDED:
        said = [re.findall(rf"^ *{name} (\S+)$", text, re.M) for text in (ours, theirs)]
        assert said[0] and said[0] == said[1], name
    assert "set_tcp_nodelay true" in ours, "a command would wait up to 40 ms for the one before"
