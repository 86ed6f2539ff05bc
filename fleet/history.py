# SPDX-License-Identifier: LGPL-3.0-or-later
"""Anybody's own sales history as vends: columns are named by options, rows become bottles."""

import csv
import hashlib
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation

from fleet import money
from fleet.errors import BadConfig
from fleet.ids import history_id


@dataclass
class Columns:
    """Which column says what; `key` is what the machine column names: serial, uuid or name."""

    machine: str
    sku: str
    qty: str
    price: str | None = None
    total: str | None = None
    date: str | None = None
    date_format: str = "%Y-%m-%d"
    key: str = "serial"


@dataclass
class Row:
    """One row as read: `number` is its line in the file, `problem` why it cannot be sent."""

    number: int
    machine: str = ""
    sku: str = ""
    qty: int = 0
    price: str | None = None
    total: str | None = None
    at: float | None = None
    problem: str | None = None

    def prices(self, listed, currency):
        """Price of each bottle: the total to the cent where it is not price × qty; else the price.

        `listed` is the planogram's price, used where the file has none.
        """
        price = money.normal(self.price if self.price is not None else listed, currency)
        if self.total is None or not self.differs(currency):
            return [price] * self.qty
        return money.split(self.total, self.qty, currency)

    def differs(self, currency):
        """Whether the total is something else than price × qty."""
        if self.total is None:
            return False
        if self.price is None:
            return True
        whole = money.minor(self.price, currency) * self.qty
        return whole != money.minor(self.total, currency)


def read(path, columns):
    """Rows of a CSV file with a header, and a digest that names the file. BadConfig: no column."""
    with open(path, "rb") as binary:
        digest = hashlib.sha256(binary.read()).hexdigest()[:16]
    with open(path, newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        _check(reader.fieldnames or [], columns)
        return [_row(reader.line_num, values, columns) for values in reader], digest


def _check(names, columns):
    wanted = (columns.machine, columns.sku, columns.qty)
    wanted += (columns.price, columns.total, columns.date)
    if lacking := [name for name in wanted if name and name not in names]:
        raise BadConfig(f"no column {', '.join(lacking)}; there are: {', '.join(names)}")


def _row(number, values, columns):
    row = Row(number, values[columns.machine].strip(), values[columns.sku].strip())
    try:
        row.qty = _whole(values[columns.qty])
        row.price = _amount(values, columns.price)
        row.total = _amount(values, columns.total)
        row.at = _moment(values, columns)
    except (ValueError, InvalidOperation) as error:
        row.problem = f"cannot be read: {error}"
        return row
    row.problem = None if row.qty > 0 else f"quantity {row.qty}"
    return row


def _whole(value):
    number = Decimal(value)
    if number != int(number):
        raise ValueError(f"quantity {value} is not whole")
    return int(number)


def _amount(values, column):
    text = (values[column] or "").strip().lstrip("$€£") if column else ""
    return str(Decimal(text)) if text else None


def _moment(values, columns):
    """Seconds since 1970; a date without a time of day is taken as noon, UTC."""
    if not columns.date:
        return None
    moment = datetime.strptime(values[columns.date].strip(), columns.date_format)
    if not any(mark in columns.date_format for mark in ("%H", "%I", "%X", "%c", "%T")):
        moment = moment.replace(hour=12)
    zone = moment.tzinfo or timezone.utc
    return moment.replace(tzinfo=zone).timestamp()


def rebase(rows, now, days):
    """Map the range of dates linearly on the last so many days before `now`."""
    moments = [row.at for row in rows if row.at is not None]
    if not moments:
        return
    first, last = min(moments), max(moments)
    scale = days * 86400.0 / ((last - first) or 1.0)
    for row in rows:
        if row.at is not None:
            row.at = now - (last - row.at) * scale


def vend_id(digest, row, bottle):
    """The same bottle of the same file has the same vend id in each replay."""
    return history_id("fleet", digest, row.number, bottle)
