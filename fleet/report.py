# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a fleet sold, so that the books can be compared with it.

Sold and kept is the sum of `total` over `sold`: price × qty of success and of what came out in a
partial vend. A local attempt that failed with `refunded` false is owed to its consumer. Money of
an unknown outcome is neither: a person decides.
"""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

from fleet import money

VALUES = ("kept", "given_back", "owed", "undecided")


def of(machines):
    """The report of some machines: `{"machines": [...], "totals": {...}}`."""
    rows = [of_machine(machine) for machine in machines]
    return {"machines": rows, "totals": totals(rows)}


def of_machine(machine):
    """One machine's slots, attempts and counters over the whole life of its journal."""
    state, config = machine.state, machine.config
    sold = list(state.sold.values())
    return {
        "uuid": config.uuid,
        "serial": config.serial,
        "name": config.name,
        "region": config.region,
        "slots": slots(state.slots, sold),
        "sold": sold,
        **figures(sold),
        "attempts": len(sold),
        "cash_in": state.cash["total"],
        "epoch": state.epoch,
        "seq": state.next_seq - 1,
        "acked": state.acked,
        "pending": len(state.pending),
        "rejected": state.rejected,
        "sent": machine.device.outbox.sent,
        "resent": machine.device.outbox.resent,
        "duplicates_sent": machine.device.outbox.duplicates,
    }


def slots(now, sold):
    """By slot: product, bottles left, bottles sold and value kept."""
    rows = {
        code: {"sku": slot["sku"], "qty_left": slot["qty"], "state": slot["state"], "sold": 0,
               "kept_value": "0"}
        for code, slot in now.items()
    }  # fmt: skip
    for entry in sold:
        if entry["outcome"] in ("success", "partial"):
            gone = {"sku": entry["sku"], "qty_left": 0, "state": "removed", "sold": 0}
            row = rows.setdefault(entry["slot"], gone | {"kept_value": "0"})
            row["sold"] += entry["qty"]
            row["kept_value"] = money.add(row["kept_value"], entry["total"], entry["currency"])
    return rows


def figures(sold):
    """Counts by outcome, and values by currency: kept, given back, owed, undecided."""
    outcomes = Counter(entry["outcome"] for entry in sold)
    values = {name: {} for name in VALUES}
    for entry in sold:
        for name, value in shares(entry).items():
            sums = values[name]
            sums[entry["currency"]] = str(Decimal(sums.get(entry["currency"], "0")) + value)
    names = ("success", "partial", "failed", "unknown")
    back = sum(1 for entry in sold if entry["refunded"])
    return {**{name: outcomes[name] for name in names}, "money_back": back, "values": values}


def shares(entry):
    """Where the money of one attempt went: kept, given back by the device, owed, undecided."""
    asked = Decimal(entry["price"]) * entry["asked"]
    total = Decimal(entry["total"])
    if entry["outcome"] == "unknown":
        return {"undecided": asked}
    back = entry["refunded"] or entry["origin"] == "platform"
    values = {"kept": total, "given_back" if back else "owed": asked - total}
    return {name: value for name, value in values.items() if value}


def totals(rows):
    """Sums over machines."""
    names = ("success", "partial", "failed", "unknown", "money_back", "attempts", "seq", "acked")
    names += ("pending", "rejected", "sent", "resent", "duplicates_sent")
    sums = {name: sum(row[name] for row in rows) for name in names}
    values = {name: {} for name in VALUES}
    for row in rows:
        for name, by_currency in row["values"].items():
            for currency, value in by_currency.items():
                into = values[name]
                into[currency] = str(Decimal(into.get(currency, "0")) + Decimal(value))
    return {"machines": len(rows), **sums, "values": values}


def write(report, path):
    """Write a report as JSON."""
    Path(path).write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")


def table(report, longest=60):
    """A report as a table for a terminal: its first machines, and the totals of all."""
    rows = [("machine", "region", "attempts", "success", "partial", "failed", "unknown", "kept",
             "owed", "seq", "waiting")]  # fmt: skip
    rows += [_row(machine) for machine in report["machines"][:longest]]
    if len(report["machines"]) > longest:
        rows.append(("…", *[""] * (len(rows[0]) - 1)))
    totals = report["totals"]
    rows.append(_row(totals | {"serial": "total", "region": f"{totals['machines']} machines"}))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _row(row):
    keys = ("serial", "region", "attempts", "success", "partial", "failed", "unknown")
    values = [_values(row["values"].get(name, {})) for name in ("kept", "owed")]
    return (*(str(row[key]) for key in keys), *values, str(row["seq"]), str(row["pending"]))


def _values(by_currency):
    return " + ".join(f"{value} {currency}" for currency, value in by_currency.items()) or "-"
