# SPDX-License-Identifier: LGPL-3.0-or-later
"""Anybody's sales history: columns by options, rows to bottles, exact to the cent."""

from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet import history
from fleet.errors import BadConfig
from fleet.history import Columns, Row

COLUMNS = Columns("Store", "Item", "Bottles", "Retail", "Sale", "Date", "%m/%d/%Y")
HEADER = "Store,Item,Bottles,Retail,Sale,Date\n"


def read(tmp_path, *lines, columns=COLUMNS):
    """Rows of a file with these lines."""
    path = tmp_path / "sales.csv"
    path.write_text("\ufeff" + HEADER + "\n".join(lines), encoding="utf-8")
    return history.read(path, columns)[0]


def test_a_row(tmp_path):
    (row,) = read(tmp_path, " 4617 ,W1,4,$23.36,93.44,09/04/2018")
    assert (row.number, row.machine, row.sku, row.qty) == (2, "4617", "W1", 4)
    assert row.prices("1.00", "USD") == ["23.36"] * 4 and not row.differs("USD")
    noon = datetime(2018, 9, 4, 12, tzinfo=timezone.utc)
    assert row.at == noon.timestamp()


@pytest.mark.parametrize(
    ("line", "problem"),
    [("1,W1,x,1,1,09/04/2018", "cannot be read"), ("1,W1,1.5,1,1,09/04/2018", "not whole"),
     ("1,W1,0,1,1,09/04/2018", "quantity 0"), ("1,W1,-2,1,1,09/04/2018", "quantity -2"),
     ("1,W1,1,one,1,09/04/2018", "cannot be read"), ("1,W1,1,1,1,2018-09-04", "cannot be read")],
)  # fmt: skip
def test_rows_that_cannot_be_sent_say_why(tmp_path, line, problem):
    (row,) = read(tmp_path, line)
    assert problem in row.problem


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(BadConfig, match="Shop"):
        read(tmp_path, columns=Columns("Shop", "Item", "Bottles"))


def test_a_quoted_field_over_lines_keeps_the_line_number(tmp_path):
    rows = read(tmp_path, '1,"W\n1",1,1,1,09/04/2018', "1,W2,1,1,1,09/04/2018")
    assert [row.number for row in rows] == [3, 4]


def test_without_a_price_the_planogram_has_it():
    assert Row(2, qty=2).prices("12.5", "EUR") == ["12.50", "12.50"]


@given(st.integers(1, 10**6), st.integers(1, 100), st.integers(0, 10**6))
def test_the_bottles_sum_to_the_total(price, qty, total):
    row = Row(2, qty=qty, price=str(Decimal(price) / 100), total=str(Decimal(total) / 100))
    prices = [Decimal(each) for each in row.prices("1.00", "EUR")]
    assert len(prices) == qty and sum(prices) == Decimal(total) / 100
    assert row.differs("EUR") == (price * qty != total)


def test_dates_are_mapped_on_the_last_days():
    rows = [Row(2, at=0.0), Row(3, at=50.0), Row(4, at=100.0), Row(5)]
    history.rebase(rows, 10**9, 10)
    assert [row.at for row in rows] == [10**9 - 864000, 10**9 - 432000, 10**9, None]
    history.rebase([Row(2)], 10**9, 10)


def test_one_moment_maps_to_now():
    rows = [Row(2, at=5.0)]
    history.rebase(rows, 1000.0, 3)
    assert rows[0].at == 1000.0


def test_bottles_keep_their_ids():
    row = Row(7)
    assert history.vend_id("d", row, 0) == history.vend_id("d", row, 0)
    assert len({history.vend_id(d, row, n) for d in "de" for n in range(3)}) == 6
