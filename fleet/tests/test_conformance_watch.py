# SPDX-License-Identifier: LGPL-3.0-or-later
"""The watch judges anything at all, and never falls over what it judges."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet import schema
from fleet.conformance import messages
from fleet.conformance.line import Heard
from fleet.conformance.rules import DEVICE, PLATFORM, Verdicts
from fleet.conformance.watch import Watch
from fleet.tests import standin

BASE = "wine/v1/t/m"
README = standin.PROJECT / "docs" / "protocol" / "README.md"
KEYS = st.sampled_from(("id", "epoch", "seq", "boot", "ts", "ts_q", "hist", "type", "corr", "data",
                        "state", "next_seq", "slots"))  # fmt: skip
PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(
    ("restock.done", "birth", "door", "synced", "online", "offline"))  # fmt: skip
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(KEYS, inner, max_size=10), max_leaves=20)  # fmt: skip
CHANNELS = st.sampled_from((*messages.CHANNELS, "else"))


def watch():
    """A watch with nothing seen yet."""
    return Watch(Verdicts(DEVICE), BASE)


def heard(channel, payload, qos=1, retain=False):
    """One message of the device."""
    return Heard(f"{BASE}/up/{channel}", payload, qos, retain, None, 1.0)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(CHANNELS, JSON), min_size=1, max_size=4))
def test_any_json(said):
    watching = watch()
    for channel, document in said:
        watching.take(heard(channel, json.dumps(document).encode()))
    watching.finish()


@given(CHANNELS, st.binary(max_size=60))
def test_any_bytes(channel, payload):
    watch().take(heard(channel, payload))


def test_too_large_and_too_deep():
    for payload in (b'"' + b"x" * 33 * 1024 + b'"', b"[" * 12 + b"]" * 12, b'{"a":NaN}', b"7"):
        watching = watch()
        watching.take(heard("evt", payload))
        assert watching.verdicts.of("1.payload") == "fail"


def test_a_restock_that_does_not_add_up():
    good = {"slot": "A1", "sku": "W", "before": 1, "filled": 2, "removed": 0, "bad": 1, "after": 2}
    assert messages.sum_fault({"slots": [good]}) is None
    assert "A1" in messages.sum_fault({"slots": [good, good | {"after": 3}]})


def test_a_failure_stays():
    verdicts = Verdicts(DEVICE)
    verdicts.ok("2.id")
    verdicts.bad("2.id", "first")
    verdicts.bad("2.id", "second")
    verdicts.ok("2.id")
    assert verdicts.of("2.id") == "fail" and verdicts.failed["2.id"] == "first"
    with pytest.raises(KeyError):
        verdicts.ok("no rule")


@pytest.mark.parametrize("catalogue", [DEVICE, PLATFORM])
def test_each_rule_is_of_a_paragraph(catalogue):
    text = README.read_text(encoding="utf-8")
    for rule in catalogue:
        assert f"\n## {rule[0]}. " in text
    assert {f"5.{kind}" for kind in schema.types("evt")} == {
        rule for rule in DEVICE if rule.startswith("5.")
    }
