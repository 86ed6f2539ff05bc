# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whatever arrives, a device neither falls over nor moves without a good authorisation."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet import planogram
from fleet.errors import BadDesired
from fleet.tests import standin
from fleet.tests.test_acknowledgement import doors

NUMBERS = st.integers() | st.floats(allow_nan=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=5)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KINDS = st.sampled_from(("vend.authorize", "vend.cancel", "event.resend", "firmware.update",
                         "machine.lock", "auth.offer", "auth.deny", "log.request", "x", "receive",
                         "a.tick", 7, None))  # fmt: skip
ARGS = ("vend_id", "slot", "sku", "qty", "ml", "price", "currency", "price_version", "age_checked",
        "expires_at")  # fmt: skip


@settings(deadline=None)
@given(KINDS, JSON)
def test_any_command(bench_factory, kind, args):
    bench = bench_factory()
    bench.receive("cmd", standin.command("x") | {"type": kind, "args": args})
    assert not bench.device.motor.moves
    doors(bench, 1)


@settings(deadline=None)
@given(st.sampled_from(ARGS), JSON)
def test_one_spoilt_argument_never_sells_something_else(bench_factory, key, value):
    bench = bench_factory()
    bench.command("vend.authorize", standin.authorisation() | {key: value})
    left = sum(slot["qty"] for slot in bench.state.slots.values())
    assert left >= 24
    for data in bench.data("vend.result"):
        assert data["slot"] == "A1" and data["outcome"] == "success"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(("epoch", "ack_seq", "missing", "rejected")), JSON))
def test_any_acknowledgement(bench_factory, ack):
    bench = bench_factory()
    doors(bench, 3)
    bench.receive("evt_ack", ack)
    assert bench.state.next_seq >= 4
    bench.listen(1)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(("version", "planogram", "config", "sha256")), JSON))
def test_any_shadow(bench_factory, document):
    bench = bench_factory()
    bench.receive("desired", document)
    bench.listen(100)
    assert bench.state.desired["planogram"] == standin.planogram()["planogram"] or (
        planogram.checked(document)
    )


@settings(deadline=None)
@given(JSON)
def test_any_configuration_of_a_good_shadow(bench_factory, config):
    bench = bench_factory()
    bench.receive("desired", standin.planogram(version=2) | {"config": config})
    bench.listen(100)
    bench.device.buy(bench.now, "A1")
    assert bench.state.version == 2


@pytest.mark.parametrize("key", ["slot", "sku", "price", "currency", "capacity", "par"])
@settings(deadline=None)
@given(value=JSON)
def test_any_line(key, value):
    document = standin.planogram()
    document["planogram"][0][key] = value
    try:
        planogram.checked(document)
    except BadDesired as refusal:
        assert json.dumps(refusal.errors)


@pytest.mark.parametrize("qty", [0, -1, "1", 1.0, True, [1]])
def test_a_quantity_that_is_none(bench, qty):
    answer = bench.command("vend.authorize", standin.authorisation(qty=qty))[-1]
    assert (answer["status"], answer["code"]) == ("rejected", "bad_args")
    assert not bench.device.motor.moves
