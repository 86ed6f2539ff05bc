# SPDX-License-Identifier: LGPL-3.0-or-later
"""One attempt to sell, from the moment it is certain until its outcome is told."""

from dataclasses import asdict, dataclass

from fleet import cashbox, money
from fleet.motor import Drop


@dataclass
class Sale:
    """What is sold, to be paid how, by whose word (`origin`: local or platform)."""

    vend_id: str
    slot: str
    sku: str
    qty: int
    price: str
    currency: str
    version: int
    pay: str = "platform"
    pay_ref: str | None = None
    ml: int | None = None
    cmd: str | None = None
    origin: str = "platform"

    def record(self, state):
        """The vend as the journal keeps it."""
        return {self.vend_id: {"state": state, "sale": asdict(self)}}

    @property
    def amount(self):
        """What the motor is asked for: bottles, or millilitres of a pour."""
        return self.ml or self.qty

    def bottles(self, drop):
        """Bottles that left the slot; a pour takes none."""
        return 0 if self.ml else drop.delivered

    def value(self, drop):
        """Money that pays for what came out, as a decimal string."""
        if not self.ml:
            return money.times(self.price, drop.delivered, self.currency)
        units = money.minor(self.price, self.currency) * drop.delivered
        return money.text((2 * units + self.ml) // (2 * self.ml), self.currency)

    def local_data(self, drop, refunded):
        """Data of `vend.local`: a partial or successful one names what came out, else the wish."""
        qty = drop.delivered if drop.outcome in ("success", "partial") else self.qty
        keys = ("vend_id", "slot", "sku", "price", "currency", "pay")
        data = {key: getattr(self, key) for key in keys} | {"qty": qty}
        data |= {"price_version": self.version, "outcome": drop.outcome, "sensor": drop.sensor}
        if self.pay_ref:
            data["pay_ref"] = self.pay_ref
        return data | ({} if refunded is None else {"refunded": refunded})

    def result_data(self, drop, slot_state):
        """Data of `vend.result`, docs/protocol §5."""
        pour = {"qty": int(drop.delivered > 0), "ml": drop.delivered}
        data = {"vend_id": self.vend_id, "outcome": drop.outcome, "slot": self.slot}
        data |= pour if self.ml else {"qty": drop.delivered}
        data |= {"sensor": drop.sensor, "slot_state": slot_state}
        return data | ({"motor_code": drop.code} if drop.code else {})

    def entry(self, drop, refunded, ts):
        """The line of the report; `total` is what was sold and kept, `asked` the bottles wished."""
        keys = ("vend_id", "origin", "slot", "sku", "price", "currency", "pay")
        sold = drop.outcome in ("success", "partial")
        return {key: getattr(self, key) for key in keys} | {
            "qty": (int(drop.delivered > 0) if self.ml else drop.delivered) if sold else self.qty,
            "asked": self.qty,
            "ml": drop.delivered if self.ml else None,
            "total": self.value(drop),
            "outcome": drop.outcome,
            "refunded": refunded,
            "ts": ts,
        }

    def refunded(self, drop, keeps):
        """Whether a local sale gave money back; None where nothing was to be given back."""
        if self.origin != "local" or drop.outcome == "success":
            return None
        return {"failed": not keeps, "partial": True, "unknown": False}[drop.outcome]

    def cash_after(self, cash, drop, refunded):
        """The cash box afterwards; unchanged where all the money went back or none was cash."""
        if self.pay != "cash":
            return cash
        whole = drop.outcome in ("failed", "unknown") and not refunded
        amount = self.value(drop)
        if whole:
            amount = money.times(self.price, self.qty, self.currency)
        return cashbox.add(cash, amount, self.currency)


CUT = {
    "accepted": Drop("failed", 0, "none", "power_cut"),
    "started": Drop("unknown", 0, "none", "power_cut"),
    "paid": Drop("unknown", 0, "none", "power_cut"),
}
