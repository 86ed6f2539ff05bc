# SPDX-License-Identifier: LGPL-3.0-or-later
"""The document of the HTTPS doors says what the doors do: routes, channels, codes, limits."""

import re

import yaml

from tools import schemas

DOCUMENT = schemas.SOURCE.parent / "openapi.yaml"
ADDON = schemas.PROJECT / "addons" / "wine_device_bridge"
SPEC = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
README = (schemas.SOURCE.parent / "README.md").read_text(encoding="utf-8")
DOORS = ("claim", "doorway", "events")


def source(*names):
    return "".join((ADDON / name).read_text(encoding="utf-8") for name in names)


CONTROLLERS = source(*(f"controllers/{name}.py" for name in DOORS))


def refs(part):
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from refs(inner)


def test_every_route():
    assert set(SPEC["paths"]) == set(re.findall(r'"(/wine/device/\w+)"', CONTROLLERS))


def test_every_file_that_it_refers_to():
    files = {ref for ref in refs(SPEC) if ref.startswith("schemas/")}
    assert files and not [name for name in files if not (DOCUMENT.parent / name).exists()]


def test_every_channel_by_its_own_schema():
    declared = re.search(r"CHANNELS = \((.*)\)", source("core/door.py")).group(1)
    channels = re.findall(r'"(\w+)"', declared) + ["tele"]
    post = SPEC["components"]["schemas"]["post"]["properties"]
    assert set(post) == {*channels, "desired_version"}
    for channel in channels:
        either = SPEC["components"]["schemas"][post[channel]["$ref"].rpartition("/")[2]]["anyOf"]
        named = {"evt": "event"}.get(channel, channel)
        assert either[0]["$ref"] == f"schemas/{named}.schema.json"
        assert either[1]["items"]["$ref"] == either[0]["$ref"]


def test_every_code():
    said = set(re.findall(r'refusal\(\s*\d+, "(\w+)"', CONTROLLERS))
    said |= set(re.findall(r'(?:TooFast|Closed)\("(\w+)"', source("models/wine_bridge_door.py")))
    declared = set(SPEC["components"]["schemas"]["refusal"]["properties"]["code"]["enum"])
    assert declared == said
    table = README.partition("## 10.")[2]
    assert {code for code in declared - {"length"} if f"`{code}`" not in table} == set()


def test_every_status():
    events = SPEC["paths"]["/wine/device/events"]["post"]["responses"]
    said = set(re.findall(r"(?:refusal|answer)\((\d+),", source("controllers/events.py")))
    assert set(events) == said | {"426", "503"}


def test_the_limits():
    limits = dict(re.findall(r"MOST_(\w+)(?:, MOST_OPENED)? = (\d[\d *]*)", source("core/door.py")))
    assert limits["MESSAGES"] == "500"
    text = SPEC["paths"]["/wine/device/events"]["post"]["description"]
    assert "500 messages" in text and f"{256 * 1024:,}" in text and f"{1024 * 1024:,}" in text
