# SPDX-License-Identifier: LGPL-3.0-or-later
"""What people do at a machine besides buying: fill, free, count, collect, open; and its faults."""

from fleet import cashbox, money
from fleet.outbox import NEVER


class Service:
    """The field person's side of a device."""

    def __init__(self, device):
        self.device = device
        self._closing = NEVER

    @property
    def state(self):
        """State of the device."""
        return self.device.state

    def wake(self, _now):
        """When an open door falls shut."""
        return self._closing

    def tick(self, now):
        """Shut the door when its time has come."""
        if now >= self._closing:
            self.close_door(now, "platform")

    def recover(self, now):
        """After a power cut an open door is found shut, or is shut soon."""
        self._closing = now + 1.0 if self.state.door == "opened" else NEVER

    # faults

    def consequences(self, sale, drop, slot, left, at):
        """Events and journal changes that follow from a turn of the motor."""
        events, faults = [], {}
        if drop.jammed:
            events.append(("slot.state", {"slot": sale.slot, "state": "jammed", "qty": left}))
            faults[f"motor_jam/{sale.slot}"] = _fault("motor_jam", "critical", sale.slot)
        elif left <= 0 < slot["qty"] and at is None:
            events.append(("slot.state", {"slot": sale.slot, "state": "empty", "qty": 0}))
        if drop.sensor == "fault":
            faults[f"drop_sensor/{sale.slot}"] = _fault("drop_sensor", "warning", sale.slot)
        faults = {key: value for key, value in faults.items() if key not in self.state.faults}
        events += [("fault.raised", fault) for fault in faults.values()]
        return [(*event, None) for event in events], {"fault": faults} if faults else {}

    def clear(self, now, slot=None):
        """Somebody frees what is jammed and cleans sensors: in one slot, or everywhere."""
        faults = {key: fault for key, fault in self.state.faults.items() if fault.get("slot")}
        keys = [key for key, fault in faults.items() if slot in (None, fault["slot"])]
        if not keys:
            return
        events, slots = [], {}
        for key in keys:
            fault = self.state.faults[key]
            events.append(("fault.cleared", fault, None))
            if self.state.slots.get(fault.get("slot"), {}).get("state") == "jammed":
                qty = self.state.slots[fault["slot"]]["qty"]
                told = {"slot": fault["slot"], "state": "ok" if qty else "empty", "qty": qty}
                events.append(("slot.state", told, None))
                slots[fault["slot"]] = {"state": "ok"}
        gone = dict.fromkeys(keys)
        self.device.emit_all(now, events, fault=gone, slot=slots)

    def fail(self, now, code, severity="critical"):
        """Something breaks, until somebody clears it."""
        if code not in self.state.faults:
            fault = {"code": code, "severity": severity}
            self.device.emit(now, "fault.raised", fault, fault={code: fault})

    def clear_fault(self, now, code):
        """One fault without a slot is gone."""
        fault = self.state.faults.get(code)
        if fault:
            self.device.emit(now, "fault.cleared", fault, fault={code: None})

    # the door

    def open_door(self, now, by):
        """`door` opened; no local sale until it is closed."""
        if self.state.door != "opened":
            data = {"state": "opened", "by": by}
            self.device.emit(now, "door", data, set={"door": "opened"})

    def close_door(self, now, by):
        """`door` closed."""
        self._closing = NEVER
        if self.state.door != "closed":
            data = {"state": "closed", "by": by}
            self.device.emit(now, "door", data, set={"door": "closed"})

    def close_after(self, when):
        """The door falls shut by itself."""
        self._closing = when

    # visits

    def visit(self, now, by="field", visit_id=None, cash=True):
        """A whole visit: open, free, fill, try, collect, count, close."""
        self.open_door(now, by)
        self.clear(now)
        for code in [key for key, fault in self.state.faults.items() if not fault.get("slot")]:
            self.clear_fault(now, code)
        self.restock(now, by, visit_id=visit_id)
        slot = next(iter(self.state.slots), None)
        if slot:
            self.test_vend(now, slot, by)
        if cash:
            self.collect(now, by, visit_id)
        self.count(now)
        self.close_door(now, by)

    def restock(self, now, by="field", fill=None, bad=None, visit_id=None):
        """`restock.done`: slots filled to par, or to the number that `fill` says by slot.

        `bad` counts spoiled bottles by slot that are taken out first. Bottles of a product that is
        no longer planned for a slot are removed. Returns the lines that were told.
        """
        lines, slots = [], {}
        for code, line in self.device.shadow.lines().items():
            target = line.get("par") or line["capacity"] if fill is None else fill.get(code)
            if target is not None:
                lines += self._fill(code, line, target, (bad or {}).get(code, 0))
                slots[code] = {"qty": lines[-1]["after"], "sku": line["sku"]}
        if lines:
            data = {"by": by, "slots": lines} | ({"visit_id": visit_id} if visit_id else {})
            self.device.emit(now, "restock.done", data, slot=slots)
        return lines

    def _fill(self, code, line, target, bad):
        slot, lines, before = self.state.slots[code], [], 0
        if slot["sku"] != line["sku"]:
            lines.append(_line(code, slot["sku"], slot["qty"], 0, slot["qty"], 0))
        else:
            before = slot["qty"]
        bad = min(bad, max(before, 0))
        good = before - bad
        filled, removed = max(target - good, 0), max(good - target, 0)
        return [*lines, _line(code, line["sku"], before, filled, removed, bad)]

    def test_vend(self, now, slot, by="field"):
        """`test.vend`: the motor turns for nobody, and the bottle goes back."""
        self.device.emit(now, "test.vend", {"slot": slot, "qty": 1, "by": by})

    def collect(self, now, by="field", visit_id=None, difference="0"):
        """`cash.collected` with what was counted, `difference` above the meter, and a new level."""
        cash = self.state.cash
        empty = cashbox.emptied(cash)
        told = cashbox.collected(cash, by, difference, visit_id)
        events = [("cash.collected", told, None), ("cash.level", cashbox.level(empty), None)]
        self.device.emit_all(now, events, set={"cash": empty})

    def count(self, now):
        """`counter.snapshot`: everything sold since initialisation."""
        lines = self._counters()
        currency = self._currency()
        value = sum((money.minor(line["value"], currency) for line in lines), 0)
        total = {"count": sum(line["count"] for line in lines)}
        total["value"] = money.text(value, currency)
        data = {"total": total, "slots": lines, "source": "meter", "currency": currency}
        self.device.emit(now, "counter.snapshot", data)

    def _counters(self):
        currency = self._currency()
        return [
            {"slot": slot, "price": price, "count": count,
             "value": money.times(price, count, currency)}
            for slot, prices in self.state.meters.items()
            for price, count in prices.items()
        ]  # fmt: skip

    def _currency(self):
        lines = self.device.shadow.lines().values()
        return next((line["currency"] for line in lines), self.state.cash.get("currency", "EUR"))


def _line(slot, sku, before, filled, removed, bad):
    line = {"slot": slot, "sku": sku, "before": before, "filled": filled, "removed": removed}
    return line | {"bad": bad, "after": before + filled - removed - bad}


def _fault(code, severity, slot):
    return {"code": code, "severity": severity, "slot": slot}
