# SPDX-License-Identifier: LGPL-3.0-or-later
"""The public record of liquor sales of Iowa through a real broker, to the cent."""

import csv
import os
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from fleet import history
from fleet.replay import Replay
from fleet.tests import standin

FOLDER = Path(os.environ.get("WINE_DATA") or standin.PROJECT.parent / "shared" / "data")
FILE = FOLDER / "iowa_liquor_sales.csv"
COLUMNS = history.Columns("Store Number", "Item Number", "Bottles Sold", "State Bottle Retail",
                          "Sale (Dollars)", "Date", "%m/%d/%Y")  # fmt: skip
STORES = 12  # of 512, to be quick; the whole file takes six seconds


@pytest.fixture
def sales():
    """Rows of the stores with most rows."""
    if not FILE.exists():
        pytest.skip(f"no real data: {FILE} is not there")
    by_store = defaultdict(list)
    with FILE.open(newline="") as file:
        for row in csv.DictReader(file):
            by_store[row["Store Number"]].append(row)
    return dict(sorted(by_store.items(), key=lambda item: -len(item[1]))[:STORES])


def plan(rows):
    """A planogram with a slot for each item and price."""
    items = {(row["Item Number"], row["State Bottle Retail"]) for row in rows}
    document = standin.planogram()
    document["planogram"] = [
        document["planogram"][0]
        | {"slot": f"S{n}", "sku": sku, "price": price, "currency": "USD", "age": True}
        for n, (sku, price) in enumerate(sorted(items))
    ]
    return document


def test_the_sum_is_the_sum_of_the_file(world, sales, tmp_path):
    path = tmp_path / "sales.csv"
    rows = [row for store in sales.values() for row in store]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    fleet, platform = world(count=len(sales), tenant="iowa", tele=0)
    stores = dict(zip((machine.uuid for machine in fleet.machines), sales, strict=True))
    for uuid, store in stores.items():
        platform.desire(plan(sales[store]) | {"version": 2}, [uuid])
    assert fleet.run_until(lambda: all(m.version == 2 for m in fleet.machines), 10)
    read, digest = history.read(path, COLUMNS)
    names = {store: uuid for uuid, store in stores.items()}
    for row in read:
        row.machine = names[row.machine]
    told = Replay(fleet, digest).run(read, "uuid")
    assert not told.unsent and told.told == sum(int(row["Bottles Sold"]) for row in rows)
    assert fleet.run_until(fleet.drained, 20)
    booked = sum(Decimal(e["data"]["price"]) for e in platform.of_type("vend.local"))
    assert booked == sum(Decimal(row["Sale (Dollars)"]) for row in rows)
    assert told.value() == booked
