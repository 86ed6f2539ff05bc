# SPDX-License-Identifier: LGPL-3.0-or-later
"""`replay`: a sales history becomes vends of the machines that it names."""

from dataclasses import dataclass, field
from decimal import Decimal

from fleet import history


@dataclass
class Replay:
    """What became of the rows: told, told in an earlier run, split totals, and not sent."""

    fleet: object
    digest: str
    pay: str = "card"
    told: int = 0
    known: int = 0
    split: list = field(default_factory=list)
    unsent: list = field(default_factory=list)

    def run(self, rows, key):
        """Tell every row that has a machine and a slot; the fleet steps in between."""
        machines = {getattr(m.config, key).lower(): m for m in self.fleet.machines}
        for row in rows:
            machine = machines.get(row.machine.lower())
            problem = row.problem or ("no such machine" if machine is None else None)
            problem = problem or self._tell(machine, row)
            if problem:
                what = f"machine {row.machine!r}, product {row.sku!r}"
                self.unsent.append(f"line {row.number}: {problem} ({what})")
            elif row.number % 50 == 0:
                self.fleet.step(0)
        return self

    def _tell(self, machine, row):
        slot = machine.find(row.sku, row.price)
        if slot is None:
            return "no slot holds it"
        line = machine.device.shadow.line(slot)
        currency, at = line["currency"], row.at or self.fleet.now()
        if row.price is not None and row.differs(currency):
            self.split.append(row.number)
        for bottle, price in enumerate(row.prices(line["price"], currency)):
            vend_id = history.vend_id(self.digest, row, bottle)
            told = machine.past_sale(vend_id, slot, price, self.pay, at)
            self.told += told
            self.known += not told
        return None

    def report(self):
        """For the JSON report."""
        return {"vends": self.told, "known": self.known, "split_rows": self.split,
                "unsent": self.unsent}  # fmt: skip

    def value(self):
        """Sum of everything told so far by this journal, for the eye."""
        totals = (
            Decimal(entry["total"]) for m in self.fleet.machines for entry in m.state.sold.values()
        )
        return sum(totals, Decimal(0))
