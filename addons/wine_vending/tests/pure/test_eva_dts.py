# SPDX-License-Identifier: LGPL-3.0-or-later
"""Audit files: what real machines write, what goes wrong on the way, and nonsense."""

import importlib.util
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_vending_core.eva_dts import LARGEST, Audit, EvaError, crc16, parse

_spec = importlib.util.spec_from_file_location("wine_eva", Path(__file__).parents[1] / "eva.py")
eva = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(eva)

#: files of real machines are read where they are and are no part of the project
REAL = Path(os.environ.get("WINE_DATA") or Path(__file__).parents[5] / "shared" / "data")
GOOD = eva.audit({"A1": (350, 12, 4200), "B2": (12000, 3, 36000)})


def broken(raw):
    return [(line.number, str(line.why)) for line in parse(raw).broken]


def test_a_whole_file():
    audit = parse(GOOD)
    assert (audit.serial, audit.model, audit.board) == ("SN-1", "Nook", "BOARD1")
    assert (audit.decimals, audit.currency) == (2, "USD")
    assert audit.total() == (15, 40200)
    assert (audit.tests, audit.initialised) == (1, "250101*0800")
    product = audit.products["B2"]
    assert (product.price, product.count, product.value, product.name) == (
        12000,
        3,
        36000,
        "Wine B2",
    )
    assert [line.tag for line in audit.unknown] == ["XX9"]
    assert audit.unknown[0].fields == ("what", "ever")
    assert (audit.checksum, audit.broken, audit.usable) == ("right", [], True)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\n\n"])
def test_any_line_ends(end):
    raw = eva.eva_file("ID1*S", "VA1*100*2", "PA1*1*50", "PA2*2*100", end=end)
    audit = parse(raw)
    assert (audit.checksum, audit.total()) == ("right", (2, 100))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_names_with_accents(encoding):
    audit = parse(eva.eva_file("VA1*1*1", "PA1*1*5*CAFÉ", "PA2*1*5", encoding=encoding))
    assert audit.products["1"].name == "CAFÉ"
    assert audit.checksum == "right"


def test_checksum():
    assert crc16(b"123456789") == 0xBB3D  # the check value of CRC-16/ARC
    wrong = GOOD.replace(b"PA2*12*", b"PA2*13*")
    audit = parse(wrong)
    assert (audit.checksum, audit.usable) == ("wrong", False)
    assert "does not fit" in str(audit.remarks[0])
    assert parse(GOOD.replace(b"G85*", b"G85*0")).checksum == "right"


def test_without_header_and_checksum():
    audit = parse(eva.eva_file("VA1*5*1", header=False, checksum=False))
    assert (audit.checksum, audit.usable) == ("missing", True)
    assert parse(b"VA1*5*1").total() == (1, 5)


def test_without_a_total():
    audit = parse(b"PA1*1*5\nPA2*3*15\nPA1*2*5\nPA2*1*5\n")
    assert audit.total() == (4, 20)
    assert "added up" in str(audit.remarks[0])
    assert not parse(b"ID1*S\n").usable


def test_a_selection_twice():
    """Some machines write their loops twice; the later word stands, nothing is added."""
    audit = parse(b"VA1*30*6\nPA1*1*5\nPA2*3*15\nPA1*1*5\nPA2*4*20\n")
    assert audit.products["1"].count == 4
    assert "line 4: selection 1 is there twice" in [str(remark) for remark in audit.remarks]


def test_broken_lines_are_named():
    raw = b"ST*001*0001\nVA1*many*2\nhello there\nPA2*1*5\nPA1*1*5\nPA2**5\nPA1**5\nID4*9\n"
    assert [number for number, _why in broken(raw)] == [2, 3, 4, 6, 7, 8]
    whys = dict(broken(raw))
    assert "'many'" in whys[2]
    assert "no PA1" in whys[4]
    assert not parse(raw).usable


def test_numbers_that_are_too_long_or_not_ascii():
    assert broken(b"VA1*" + b"9" * 13 + b"*1")
    assert broken("VA1*\u0661*1".encode())
    assert broken(b"VA1*-1*1")


@pytest.mark.parametrize(
    ("clock", "moment"),
    [
        ("231127*1011", datetime(2023, 11, 27, 10, 11)),
        ("20100119*230111**EU", datetime(2010, 1, 19, 23, 1, 11)),
        ("231127", datetime(2023, 11, 27)),
        ("991332*1011", None),
        ("*", None),
    ],
)
def test_clock(clock, moment):
    audit = parse(eva.eva_file(f"ID5*{clock}", "VA1*1*1"))
    assert audit.moment == moment
    assert audit.usable, "a clock that was never set breaks no counter"


@pytest.mark.parametrize(("decimals", "code"), [(0, "JPY"), (3, "KWD"), (2, "EUR")])
def test_decimals(decimals, code):
    audit = parse(eva.audit({"1": (5, 1, 5)}, currency=(decimals, "1000", code)))
    assert (audit.decimals, audit.currency) == (decimals, code)


def test_by_way_of_paying():
    rows = ("PA7*1*CA*1*50*419*20950", "PA7*1*CA*2*40*1*40", "PA7*1*DA*1*50*182*9100")
    audit = parse(eva.eva_file("VA1*1*1", "PA1*1*50", "PA2*602*30090", *rows, "CA2*20990*420"))
    assert audit.products["1"].paid == {"CA": (420, 20990), "DA": (182, 9100)}
    assert audit.cash == (420, 20990)


@pytest.mark.parametrize("raw", [b"", b" \r\n", b"hello\n", b"a,b\n1,2", bytes(LARGEST + 1), None])
def test_what_is_no_audit(raw):
    with pytest.raises(EvaError):
        parse(raw)


def test_a_machine_that_says_much_more():
    """Coins by value, prices by payment, events, alarms: kept, and the counters still right."""
    raw = eva.eva_file(
        "ID1*M-77*Tower*01*0*LOBBY*0",
        "ID4*2",
        "ID5*231127*1011",
        "CB1*M-77*Tower*V012100",
        "VA1*5800*58*5800*57*41*2*41*2*0*0*0*0",
        "BA1***",
        "CA3*478905*316440*162465*0*478905*316440*162465*0*0*0",
        "CA11*5*281*162*119*281*162*119",
        "CA15*5850*1*160*136*52*53*0*0*0*0",
        "DA2*2000*20*2000*20",
        "DB2*100*1*0*13",
        "PA1*1*100*RED HOUSE           ",
        "PA2*58*5800*57*5700",
        "PA3*2*0*0*0",
        "PA4*3*0*2*0",
        "PA7*1*CA*1*100*37*3700*36*3600",
        "PA8*0*0*0*0",
        "LA1*0*1*100*57",
        "EA1*EC*20230830*0631*128380**8Q",
        "EA2*EC***8Q*0",
        "EA3*2*231127*1011*0*231026*1342*0",
        "EA4*980829*1310*257",
        "MA5*ERROR*7",
        end="\n",
    )
    audit = parse(raw)
    assert (audit.usable, audit.checksum, audit.total()) == (True, "right", (58, 5800))
    assert (audit.cashless, audit.initialised) == ((21, 2100), "980829*1310")
    assert (audit.products["1"].name, audit.products["1"].tests) == ("RED HOUSE", 2)
    kept = [line.tag for line in audit.unknown]
    assert kept == "BA1 CA3 CA11 CA15 PA8 LA1 EA1 EA2 EA3 MA5".split()


# === CHANCE === #


@given(st.binary(max_size=400))
def test_nonsense_raises_its_own_error_only(raw):
    with suppress(EvaError):
        assert isinstance(parse(raw), Audit)


@given(st.data())
def test_a_damaged_file_is_refused_or_read_right(data):
    """A byte that changes on the way never becomes another count."""
    place = data.draw(st.integers(0, len(GOOD) - 1))
    byte = data.draw(st.integers(0, 255))
    raw = GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
    audit = parse(raw)
    if audit.usable and audit.checksum == "right":
        assert audit.total() == (15, 40200)
        assert audit.products["A1"].count == 12


@given(
    st.dictionaries(
        st.text("ABC123", min_size=1, max_size=3),
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**8), st.integers(0, 10**9)),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_is_read(slots):
    audit = parse(eva.audit(slots))
    read = {code: (p.price, p.count, p.value) for code, p in audit.products.items()}
    assert (read, audit.checksum, audit.usable) == (slots, "right", True)


# === REAL MACHINES === #


@pytest.mark.skipif(not (REAL / "eva_dts").is_dir(), reason="no folder of real files is here")
@pytest.mark.parametrize(
    ("name", "total", "selections", "currency", "checks"),
    [
        ("animo", (8161, 816100), 24, "EUR", {"0": 412, "5": 324}),
        ("rhevendors", (9612, 586530), 18, "", {"5": 1859, "18": 4}),
    ],
)
def test_files_of_real_machines(name, total, selections, currency, checks):
    audit = parse((REAL / "eva_dts" / f"{name}.eva_dts").read_bytes())
    assert (audit.checksum, audit.broken) == ("right", [])
    assert audit.total() == total
    assert len(audit.products) == selections
    assert (audit.decimals, audit.currency) == (2, currency)
    assert {code: audit.products[code].count for code in checks} == checks
    assert all(not line.tag.startswith(("VA", "PA1")) for line in audit.unknown)
