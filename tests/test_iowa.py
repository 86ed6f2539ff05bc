# SPDX-License-Identifier: LGPL-3.0-or-later
"""Real sales replayed whole: the State of Iowa's public record of liquor sales.

Counties are regions, stores are sites with one machine, vendors are suppliers, items are products;
each row is as many vends as it has bottles. In 13 rows the sale is not retail price × bottles: real
data does that. They are booked as paid and flagged.

Three things the file leaves open are settled here, in `rows`: a store that leaves its county out in
some rows is in the county of its other rows; one without any is in "UNKNOWN"; an item that two
vendors have delivered is a product of each, for a bottle's supplier earns its share.
"""

import csv
import functools
import json
import os
import re
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.harness import House
from tools.env.paths import PROJECT, PYTHON, RUN

DATA = Path(os.environ.get("WINE_DATA") or PROJECT.parent / "shared" / "data")
FILE = DATA / "iowa_liquor_sales.csv"
pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"{FILE.name} is not there; set WINE_DATA to the folder that has it"
)


@functools.cache
def rows():
    """Rows of the file, with the added columns `Region` and `Sku`."""
    with open(FILE, newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    counties, vendors = {}, {}
    for row in found:
        if row["County"].strip():
            counties[row["Store Number"]] = row["County"].strip().upper()
        vendors.setdefault(row["Item Number"], row["Vendor Number"])
    for row in found:
        item, vendor = row["Item Number"], row["Vendor Number"]
        row["Region"] = counties.get(row["Store Number"], "UNKNOWN")
        row["Sku"] = item if vendors[item] == vendor else f"{item}/{vendor}"
    return found


def county(row):
    return row["Region"]


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """The house after the replay; yields it."""
    with House("wine_iowa") as house:
        house.do(lambda env: Iowa(env).build())
        config = house.provision()
        path = RUN / "wine_iowa-replay.json"
        stores = {row["Store Number"] for row in rows()}
        config["machines"] = [m for m in config["machines"] if m["serial"] in stores]
        path.write_text(json.dumps(config))
        house.start_bridge()
        _replay(path, tmp_path_factory.mktemp("iowa"))
        assert house.until(lambda: not house.waiting(), 300), "messages stay unused"
        yield house


def _replay(config, state):
    history = state / "history.csv"
    with open(history, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows()[0]))
        writer.writeheader()
        writer.writerows(rows())
    command = [
        PYTHON, "-m", "fleet", "replay", history, "--config", config, "--state", state,
        "--machine-column", "Store Number", "--machine-key", "serial",
        "--sku-column", "Sku", "--qty-column", "Bottles Sold",
        "--price-column", "State Bottle Retail", "--total-column", "Sale (Dollars)",
        "--date-column", "Date", "--date-format", "%m/%d/%Y", "--pay", "card",
        "--rate", "0", "--start-spread", "0", "--quiet", "--drain-timeout", "300",
    ]  # fmt: skip
    done = subprocess.run(
        list(map(str, command)), cwd=PROJECT, timeout=500, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


class Iowa:
    """The file as a company."""

    def __init__(self, env):
        self.env = env(context=dict(env.context, tracking_disable=True, no_reset_password=True))
        self.rows = rows()

    def build(self):
        """Regions, stores, products and planograms of the whole file."""
        regions = self.regions()
        products = self.products()
        stores = self.by("Store Number")
        machines = self.machines(stores, regions)
        planograms = self.env["wine.planogram"].create(
            [
                {
                    "machine_id": machines[store].id,
                    "line_ids": self.lines(machines[store], lines, products),
                }
                for store, lines in stores.items()
            ]
        )
        planograms.action_publish()
        for machine in machines.values():
            machine.action_commission()
            machine.action_activate()

    def by(self, column):
        groups = defaultdict(list)
        for row in self.rows:
            groups[row[column]].append(row)
        return groups

    def regions(self):
        names = sorted({county(row) for row in self.rows})
        return {
            name: self.env["wine.region"].create(
                {"name": name, "code": f"IA{number:03d}", "tz": "America/Chicago"}
            )
            for number, name in enumerate(names)
        }

    def products(self):
        category = self.env.ref("wine_vending.categ_drinks")
        vendors = {
            number: self.env["res.partner"].create(
                {"name": group[0]["Vendor Name"], "ref": f"vendor-{number}"}
            )
            for number, group in self.by("Vendor Number").items()
        }
        items = self.by("Sku")
        products = self.env["product.product"].create(
            [
                {
                    "name": group[0]["Item Description"],
                    "default_code": number,
                    "is_storable": True,
                    "categ_id": category.id,
                    "list_price": float(group[0]["State Bottle Retail"]),
                    "standard_price": float(group[0]["State Bottle Cost"]),
                    "wine_volume_ml": int(group[0]["Bottle Volume (ml)"]),
                    "taxes_id": False,
                    "seller_ids": [(0, 0, {"partner_id": vendors[group[0]["Vendor Number"]].id})],
                }
                for number, group in items.items()
            ]
        )
        return dict(zip(items, products, strict=True))

    def machines(self, stores, regions):
        models = {
            size: self.env["wine.machine.model"].create(
                {
                    "name": f"Store of {size}",
                    "maker": "Iowa",
                    "rows": 1,
                    "columns": size,
                    "slot_capacity": 5000,
                }
            )
            for size in {len(group) for group in stores.values()}
        }
        values = []
        for store, group in stores.items():
            first = group[0]
            found = re.match(r"POINT \((\S+) (\S+)\)", first["Store Location"])
            longitude, latitude = map(float, found.groups()) if found else (0, 0)
            site = self.env["wine.site"].create(
                {
                    "name": first["Store Name"],
                    "region_id": regions[county(first)].id,
                    "street": first["Address"],
                    "city": first["City"],
                    "zip": first["Zip Code"],
                    "latitude": latitude,
                    "longitude": longitude,
                }
            )
            values.append(
                {
                    "name": first["Store Name"],
                    "serial": store,
                    "site_id": site.id,
                    "model_id": models[len(group)].id,
                }
            )
        machines = self.env["wine.machine"].create(values)
        return dict(zip(stores, machines, strict=True))

    def lines(self, machine, group, products):
        return [
            (
                0,
                0,
                {
                    "slot_id": slot.id,
                    "product_id": products[row["Sku"]].id,
                    "price": float(row["State Bottle Retail"]),
                },
            )
            for slot, row in zip(machine.slot_ids, group, strict=True)
        ]


def of_the_file(key):
    """{key: (dollars, bottles)} as the file has it."""
    sums = defaultdict(lambda: [Decimal(0), 0])
    for row in rows():
        sums[key(row)][0] += Decimal(row["Sale (Dollars)"])
        sums[key(row)][1] += int(row["Bottles Sold"])
    return {name: tuple(values) for name, values in sums.items()}


def of_the_books(house, expression):
    """{key: (dollars, bottles)} as Odoo's orders have it."""
    found = house.query(
        f"""SELECT {expression}, sum(line.price_subtotal_incl)::numeric, sum(line.qty)::numeric
              FROM pos_order_line line
              JOIN pos_order ON pos_order.id = line.order_id
              JOIN wine_machine machine ON machine.id = pos_order.wine_machine_id
              JOIN wine_region region ON region.id = pos_order.wine_region_id
              JOIN product_product product ON product.id = line.product_id
         LEFT JOIN product_supplierinfo seller ON seller.product_tmpl_id = product.product_tmpl_id
         LEFT JOIN res_partner vendor ON vendor.id = seller.partner_id
             GROUP BY 1"""  # noqa: S608 - expressions of this file only
    )
    return {
        key: (Decimal(str(dollars)).quantize(Decimal("0.01")), int(bottles))
        for key, dollars, bottles in found
    }


def test_revenue_and_bottles_per_county(books):
    assert of_the_books(books, "region.name->>'en_US'") == of_the_file(county)


def test_revenue_and_bottles_per_store(books):
    assert of_the_books(books, "machine.serial") == of_the_file(lambda row: row["Store Number"])


def test_revenue_and_bottles_per_item(books):
    assert of_the_books(books, "split_part(product.default_code, '/', 1)") == of_the_file(
        lambda row: row["Item Number"]
    )


def test_revenue_and_bottles_per_vendor(books):
    assert of_the_books(books, "vendor.ref") == of_the_file(
        lambda row: f"vendor-{row['Vendor Number']}"
    )


def test_the_odd_rows_are_flagged_and_nothing_else(books):
    odd = [
        row
        for row in rows()
        if Decimal(row["State Bottle Retail"]) * int(row["Bottles Sold"])
        != Decimal(row["Sale (Dollars)"])
    ]
    assert len(odd) == 13
    expected = {(row["Store Number"], row["Sku"]) for row in odd}
    flagged = set(
        books.query(
            """SELECT machine.serial, product.default_code FROM wine_vend vend
                 JOIN wine_machine machine ON machine.id = vend.machine_id
                 JOIN product_product product ON product.id = vend.product_id
                WHERE vend.flag = 'price'"""
        )
    )
    assert flagged == expected
    others = books.query("SELECT count(*) FROM wine_vend WHERE flag IN ('version', 'product')")
    assert others[0][0] == 0


def test_closing_the_largest_counties(books):
    """Counties with the most vends close balanced, with exactly the file's money in the bank."""
    expected = of_the_file(county)
    largest = sorted(expected, key=lambda name: -expected[name][1])[:5]
    for name in largest:
        total = books.do(lambda env, name=name: _closed_total(env, name))
        assert total == expected[name][0], name


def _closed_total(env, name):
    region = env["wine.region"].search([("name", "=", name)])
    session = env["pos.session"].search(
        [("config_id", "=", region.pos_config_id.id), ("state", "!=", "closed")]
    )
    session._wine_announce_closing()
    session._wine_close()
    entry = session.move_id
    assert session.state == "closed"
    assert abs(sum(entry.line_ids.mapped("balance"))) < 0.005
    paid = sum(session.bank_payment_ids.mapped("amount"))
    return Decimal(str(paid)).quantize(Decimal("0.01"))
