# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the operations guide gives to watchers names figures that the bridge really has."""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
BRIDGE = PROJECT / "addons" / "wine_device_bridge"
OPERATIONS = PROJECT / "docs" / "operations"
PREFIX = "wine_bridge_"
#: labels that the bridge gives to its figures, and those of Prometheus itself
LABELS = {"bridge", "code", "channel", "answer", "status", "le", "instance", "job"}
#: what is written: (object, method) → kind of the figure
WRITERS = {
    ("metrics", "count"): "counter",
    ("metrics", "gauge"): "gauge",
    ("metrics", "observe"): "histogram",
    ("metrics", "timed"): "histogram",
    ("exposition", "gauge"): "gauge",
    ("exposition", "counter"): "counter",
}
SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}


def _written(tree):
    """(kind, name) of every figure that a module writes under a name of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = getattr(node.func.value, "id", None)
            kind = WRITERS.get((owner, node.func.attr))
            name = node.args[0].value if node.args and _is_text(node.args[0]) else None
            if kind and name:
                yield kind, name
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "GAUGES":
            for name, _help in ast.literal_eval(node.value).values():
                yield "gauge", name


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.fixture(scope="module")
def known():
    """Every name of a sample that /wine/metrics can have."""
    found = set()
    for path in BRIDGE.rglob("*.py"):
        if "tests" not in path.parts:
            for kind, name in _written(ast.parse(path.read_text(encoding="utf-8"))):
                found |= {PREFIX + name + suffix for suffix in SUFFIXES[kind]}
    return found


def _rules():
    groups = yaml.safe_load((OPERATIONS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _panels():
    return json.loads((OPERATIONS / "grafana.json").read_text(encoding="utf-8"))["panels"]


def _unknown(expression, known):
    return set(re.findall(rf"\b{PREFIX}\w+", expression)) - known


def test_the_bridge_is_read_as_it_is(known):
    """The scan sees figures of each kind and place, else the tests below say nothing."""
    for name in ("health", "lag_seconds", "stored_total", "quarantined_total", "inbox_depth"):
        assert PREFIX + name in known
    assert PREFIX + "ingest_batch_seconds_bucket" in known
    assert _unknown(f"rate({PREFIX}stored[5m])", known) == {f"{PREFIX}stored"}


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule["alert"])
def test_a_rule_of_prometheus(rule, known):
    assert PREFIX in rule["expr"] and not _unknown(rule["expr"], known)
    assert rule["labels"]["severity"] in ("warning", "critical")
    shown = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
    assert set(shown) <= LABELS


def test_a_rule_is_named_once():
    names = [rule["alert"] for rule in _rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("panel", _panels(), ids=lambda panel: panel["title"])
def test_a_panel_of_grafana(panel, known):
    assert panel["description"] and panel["targets"]
    for target in panel["targets"]:
        assert PREFIX in target["expr"] and not _unknown(target["expr"], known), target["expr"]
        for labels in re.findall(r"by \(([^)]+)\)", target["expr"]):
            assert set(labels.replace(" ", "").split(",")) <= LABELS
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= LABELS


def test_panels_lie_side_by_side():
    taken, ids = set(), [panel["id"] for panel in _panels()]
    assert len(ids) == len(set(ids))
    for panel in _panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert max(x for x, _y in cells) < 24 and not cells & taken, panel["title"]
        taken |= cells


def test_the_guide_names_what_is_there(known):
    """First column of the table of figures in alerts.md."""
    text = (OPERATIONS / "alerts.md").read_text(encoding="utf-8")
    table = text.partition("## Figures")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert rows
    named = {PREFIX + name for row in rows for name in re.findall(r"`(\w+)`", row)}
    labels = {PREFIX + label for label in LABELS}
    assert not named - known - labels


def test_every_rule_is_explained_and_no_other():
    """The guide's table of rules has the names of the file, all of them."""
    groups = yaml.safe_load((OPERATIONS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = {rule["alert"] for group in groups for rule in group["rules"]}
    guide = (OPERATIONS / "alerts.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (Wine\w+) \|", guide, re.M)) == rules
