# SPDX-License-Identifier: LGPL-3.0-or-later
"""A wanted shadow is applied whole or not at all."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet import planogram
from fleet.errors import BadDesired
from fleet.tests import standin

BAD = {
    "price": (12.5, "a lot", "-1", "NaN", None, "Infinity"),
    "slot": (7, None),
    "sku": (None,),
    "capacity": ("8", -1, None, True),
    "currency": ("euro", 978, None),
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, vs in BAD.items() for v in vs])
def test_one_bad_line_spoils_the_document(key, value):
    document = standin.planogram()
    document["planogram"][2][key] = value
    with pytest.raises(BadDesired) as refusal:
        planogram.checked(document)
    assert refusal.value.errors


def test_every_error_is_named():
    document = standin.planogram()
    document["planogram"][0]["price"] = "x"
    document["planogram"][1]["capacity"] = None
    document["planogram"][3]["slot"] = "A1"
    with pytest.raises(BadDesired) as refusal:
        planogram.checked(document)
    codes = {(error["slot"], error["code"]) for error in refusal.value.errors}
    assert codes == {("A1", "bad_price"), ("A2", "missing_field"), ("A1", "slot_twice")}


@pytest.mark.parametrize("document", [None, [], {}, {"version": 1}, {"planogram": []},
                                      {"version": "1", "planogram": []},
                                      {"version": 1, "planogram": ["A1"]},
                                      {"version": 0, "planogram": []}])  # fmt: skip
def test_what_is_no_document_is_refused(document):
    with pytest.raises(BadDesired):
        planogram.checked(document)


def test_too_many_slots_for_the_machine():
    with pytest.raises(BadDesired, match="too_many_slots"):
        planogram.checked(standin.planogram(slots=4), capacity=3)


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(("price", "capacity", "sku"))),
                max_size=4))  # fmt: skip
def test_the_device_applies_all_or_nothing(bench_factory, spoilt):
    bench = bench_factory()
    before = copy.deepcopy(bench.state.desired), copy.deepcopy(bench.state.slots)
    document = standin.planogram(version=2, price="9.00", slots=3)
    for slot, key in spoilt:
        document["planogram"]["ABC".index(slot)][key] = None
    said = bench.receive("desired", document)
    told = [data["data"] for suffix, data in said if suffix == "up/reported"][-1]
    if spoilt:
        assert (bench.state.desired, bench.state.slots) == before
        assert told["version"] == 1 and told["errors"]
    else:
        assert bench.state.version == told["version"] == 2 and not told["errors"]


def test_find_prefers_the_slot_at_the_price():
    document = standin.planogram()
    for line in document["planogram"]:
        line["sku"] = "W"
    document["planogram"][2]["price"] = "9.90"
    assert planogram.find(document, "W", "9.9") == "A3"
    assert planogram.find(document, "W", "1.00") == "A1"
    assert planogram.find(document, "W") == "A1"
    assert planogram.find(document, "X") is None
    assert planogram.find(None, "W") is None
