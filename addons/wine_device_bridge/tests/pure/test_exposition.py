# SPDX-License-Identifier: LGPL-3.0-or-later
"""What Prometheus reads, held against the parser of Prometheus' own client library."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse
from wine_device_bridge_core.exposition import Exposition
from wine_device_bridge_core.metrics import BUCKETS, Metrics


def read(exposition):
    """{(sample, labels): value} by Prometheus' parser."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(exposition.text())
        for sample in family.samples
    }


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 2**53))
def test_a_label_comes_back_as_it_went(text, value):
    exposition = Exposition()
    exposition.gauge("depth", value, bridge=text)
    assert read(exposition) == {("wine_bridge_depth", (("bridge", text),)): value}


@given(st.lists(st.floats(0, 60), max_size=30))
def test_a_histogram_is_cumulative_and_agrees_with_itself(seconds):
    metrics, exposition = Metrics(), Exposition()
    metrics.observe("round_seconds", 0.5)
    for value in seconds:
        metrics.observe("round_seconds", value)
    exposition.process(metrics.snapshot(), bridge="a")
    found = read(exposition)
    name, who = "wine_bridge_round_seconds", ("bridge", "a")
    assert found[f"{name}_count", (who,)] == len(seconds) + 1
    assert math.isclose(found[f"{name}_sum", (who,)], sum(seconds) + 0.5)
    for bound in BUCKETS:
        inside = sum(value <= bound for value in [*seconds, 0.5])
        assert found[f"{name}_bucket", (who, ("le", str(bound)))] == inside
    assert found[f"{name}_bucket", (who, ("le", "+Inf"))] == len(seconds) + 1


def test_two_processes_are_one_family():
    exposition = Exposition()
    for name, stored in (("a", 3), ("b", 4)):
        metrics = Metrics()
        metrics.count("stored", stored)
        metrics.count("quarantined", 1, code="schema")
        exposition.process(metrics.snapshot(), bridge=name)
    families = {family.name: family for family in parse(exposition.text())}
    assert [s.value for s in families["wine_bridge_stored"].samples] == [3, 4]
    assert families["wine_bridge_quarantined"].samples[1].labels == {
        "code": "schema",
        "bridge": "b",
    }
    assert exposition.text().count("# TYPE wine_bridge_stored_total counter") == 1


def test_a_name_is_of_one_kind_and_readable():
    exposition = Exposition()
    exposition.gauge("lag-seconds", 1.5, "How old\nthe oldest is")
    exposition.histogram("lag-seconds", [0] * (len(BUCKETS) + 1), 0.0)
    exposition.gauge("nothing", None)
    (family,) = parse(exposition.text())
    assert (family.name, family.type) == ("wine_bridge_lag_seconds", "gauge")
    assert family.documentation == "How old\nthe oldest is"
    assert "nothing" not in exposition.text()


@pytest.mark.parametrize("value", [0, 1, 0.25, 1e-9, 12345678901, True])
def test_numbers(value):
    exposition = Exposition()
    exposition.counter("n", value)
    assert read(exposition) == {("wine_bridge_n_total", ()): value}


def test_what_another_release_counted_is_left_out():
    exposition = Exposition()
    exposition.process({"histograms": [["seconds", {}, [1, 2], 3.0]], "unknown": 1})
    assert not exposition.text().strip()
