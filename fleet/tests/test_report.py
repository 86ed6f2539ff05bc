# SPDX-License-Identifier: LGPL-3.0-or-later
"""The report adds up: what is kept, given back, owed and undecided is all that was asked."""

from decimal import Decimal
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from fleet import report
from fleet.errors import Refused
from fleet.options import Options

DEEDS = st.tuples(
    st.sampled_from(("success", "failed", "partial", "unknown", "jam")),
    st.sampled_from(("cash", "card")),
    st.integers(1, 3),
    st.sampled_from(("A1", "A2", "A3", "A4")),
)


def of(bench):
    """The report of a bench."""
    return report.of([SimpleNamespace(state=bench.state, config=bench.config, device=bench.device)])


@given(st.lists(DEEDS, max_size=12))
def test_all_the_money_is_somewhere(bench_factory, deeds):
    options = Options(start_spread=0, dispense=0, hello=0, tele=0, rate=0, keep_rate=0.5)
    bench = bench_factory(options=options)
    asked = Decimal(0)
    for outcome, pay, qty, slot in deeds:
        try:
            bench.device.buy(bench.now, slot, qty, pay, outcome)
        except Refused:
            continue
        asked += Decimal("12.50") * qty
    result = of(bench)
    sums = {name: Decimal(by.get("EUR", "0")) for name, by in result["totals"]["values"].items()}
    assert sum(sums.values()) == asked
    _agrees_with_events(bench, result["machines"][0], sums)


def _agrees_with_events(bench, row, sums):
    """What the platform would book from the events alone is what the report says."""
    told = bench.data("vend.local")
    kept = [d for d in told if d["outcome"] in ("success", "partial")]
    assert sums["kept"] == sum(Decimal(d["price"]) * d["qty"] for d in kept)
    owed = [d for d in told if d["outcome"] == "failed" and not d["refunded"]]
    assert sums["owed"] == sum(Decimal(d["price"]) * d["qty"] for d in owed)
    for code, slot in row["slots"].items():
        assert slot["qty_left"] + slot["sold"] == 8
        assert slot["sold"] == sum(d["qty"] for d in kept if d["slot"] == code)
        assert Decimal(slot["kept_value"]) == Decimal("12.50") * slot["sold"]
    assert row["attempts"] == len(told) == len(row["sold"])


def test_an_authorised_failure_owes_nothing(bench):
    bench.device.motor.forced.append("failed")
    bench.vend(vend_id="v")
    entry = bench.state.sold["v"]
    assert (entry["origin"], entry["pay"], entry["refunded"]) == ("platform", "platform", None)
    assert report.shares(entry) == {"given_back": Decimal("12.50")}


def test_totals_and_table(bench, tmp_path):
    bench.device.buy(bench.now, "A1")
    bench.device.buy(bench.now, "A2", outcome="unknown")
    result = of(bench)
    assert result["totals"]["values"]["kept"] == {"EUR": "12.50"}
    assert result["totals"]["values"]["undecided"] == {"EUR": "12.50"}
    lines = report.table(result).splitlines()
    assert len(lines) == 3 and lines[-1].startswith("total")
    assert "12.50 EUR" in lines[1]
    report.write(result, tmp_path / "r.json")
    assert '"vend_id"' in (tmp_path / "r.json").read_text()


def test_a_long_table_is_cut():
    rows = [{"serial": "M", "region": "R", "attempts": 0, "success": 0, "partial": 0, "failed": 0,
             "unknown": 0, "values": {}, "seq": 0, "pending": 0, "acked": 0, "money_back": 0,
             "rejected": 0, "sent": 0, "resent": 0, "duplicates_sent": 0}] * 9  # fmt: skip
    result = {"machines": rows, "totals": report.totals(rows)}
    assert len(report.table(result, longest=5).splitlines()) == 8


def test_a_removed_slot_stays_in_the_report(bench):
    from fleet.tests import standin

    bench.device.buy(bench.now, "A4")
    bench.receive("desired", standin.planogram(version=2, slots=3))
    assert of(bench)["machines"][0]["slots"]["A4"]["sold"] == 1
