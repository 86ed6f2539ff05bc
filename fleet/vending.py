# SPDX-License-Identifier: LGPL-3.0-or-later
"""Selling: vends that the platform authorises (docs/protocol §6) and vends begun at the device.

An authorised vend goes accepted → started → done; a local one paid → done. Each step is journalled
before it is taken, and a vend id that the state knows never reaches the motor again.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from fleet import clock, money
from fleet.errors import Refused
from fleet.motor import Drop
from fleet.outbox import NEVER
from fleet.sale import CUT, Sale

LOCAL_PAY = ("cash", "card", "qr", "free", "test")


@dataclass
class Job:
    """The one sale that the machine has in hand, and when its next step is."""

    sale: Sale
    until: float
    args: dict | None = None  # an authorisation that is still being thought about
    drop: Drop | None = None


class Vending:
    """The selling side of a device."""

    def __init__(self, device):
        self.device = device
        self.job = None

    @property
    def state(self):
        """State of the device."""
        return self.device.state

    def wake(self, _now):
        """When the sale in hand goes on."""
        return self.job.until if self.job else NEVER

    def tick(self, now):
        """Take the next step of the sale in hand."""
        while self.job and now >= self.job.until:
            self._accept(now) if self.job.args else self._finish(now)

    # two-phase vends

    def authorise(self, cmd, args, now):
        """`vend.authorize`: refuse with a code, or accept and move."""
        vend = self.state.vends.get(args.get("vend_id"))
        if not vend and self.job and self.job.sale.vend_id == args.get("vend_id"):
            vend = {"state": "accepted"}  # as good as: it is still being thought about
        if vend:
            return self._repeat(cmd, args["vend_id"], vend, now)
        code = self._expired(args, now) or self.refusal(args)
        if code:
            return self._reject(cmd, args, code, now)
        self.job = Job(self._authorised(cmd, args), now + self.device.options.think, args)
        self.tick(now)

    def refusal(self, args):
        """Why an authorisation cannot be carried out, as a code of docs/protocol §5, or None."""
        line = self.device.shadow.line(args.get("slot"))
        if self.state.locked:
            return "maintenance"
        if line is None:
            return "unknown_slot"
        return (
            self._stale(args, line)
            or ("busy" if self.job else None)
            or self.blocked(args["slot"], 1 if args.get("ml") else args.get("qty") or 1)
            or ("age_required" if line.get("age") and not args.get("age_checked") else None)
        )

    def _expired(self, args, now):
        if self.device.clock.unset:
            return "expired"  # nothing can be said about the time, so nothing moves
        try:
            late = clock.parse(args["expires_at"]) <= self.device.clock.read(now)
        except (KeyError, ValueError, AttributeError):
            late = True
        return "expired" if late else None

    def _stale(self, args, line):
        """Another planogram in mind: a later version, another product or another price."""
        if (args.get("price_version") or 0) > self.state.version:
            return "stale_planogram"
        if args.get("sku", line["sku"]) != line["sku"]:
            return "stale_planogram"
        same = _same(args.get("price"), line["price"]) and args.get("currency") == line["currency"]
        return None if same else "wrong_price"

    def blocked(self, code, qty):
        """Why a slot cannot give so many bottles, or None."""
        slot, line = self.state.slots[code], self.device.shadow.line(code)
        if slot["state"] != "ok" or line.get("enabled") is False:
            return "maintenance"
        if slot["sku"] != line["sku"] or slot["qty"] < qty:
            return "empty"
        return None

    def _authorised(self, cmd, args):
        pour = {"qty": 1, "ml": args["ml"]} if args.get("ml") else {"qty": args.get("qty") or 1}
        line = self.device.shadow.line(args["slot"])
        price = money.normal(args["price"], args["currency"])
        sale = Sale(args["vend_id"], args["slot"], line["sku"], price=price, cmd=cmd, **pour,
                    currency=args["currency"], version=self.state.version)  # fmt: skip
        return sale

    def _reject(self, cmd, args, code, now):
        self.job = None if self.job and self.job.args is args else self.job
        vend_id = args.get("vend_id")
        status = "expired" if code == "expired" else "rejected"
        changes = self.device.commands.answer(cmd, status, code)
        changes["vend"] = {vend_id: {"state": "rejected", "code": code}}
        data = {"vend_id": vend_id, "code": code}
        self.device.emit(now, "vend.rejected", data, vend_id, **changes)
        self.device.commands.tell(cmd, now)

    def _accept(self, now):
        sale, args = self.job.sale, self.job.args
        if code := self._expired(args, now):
            return self._reject(sale.cmd, args, code, now)
        data, commands = {"vend_id": sale.vend_id}, self.device.commands
        changes = commands.answer(sale.cmd, "in_progress") | {"vend": sale.record("accepted")}
        self.device.emit(now, "vend.accepted", data, sale.vend_id, **changes)
        commands.tell(sale.cmd, now)
        vend = {sale.vend_id: {"state": "started"}}
        self.device.emit(now, "vend.started", data, sale.vend_id, vend=vend)
        self._turn(sale, now)

    def _repeat(self, cmd, vend_id, vend, now):
        """The same vend again: the stored result, and the motor stays where it is (§6)."""
        status = "in_progress" if vend["state"] in ("accepted", "started") else "rejected"
        self.device.commit(self.device.commands.answer(cmd, status, "duplicate"))
        self.device.commands.tell(cmd, now)
        if vend.get("result"):
            self.device.emit(now, "vend.result", vend["result"], vend_id)
        elif vend["state"] == "rejected":
            data = {"vend_id": vend_id, "code": vend["code"]}
            self.device.emit(now, "vend.rejected", data, vend_id)

    def cancel(self, vend_id, now):
        """`vend.cancel`: honoured only before the vend was accepted. Raises Refused."""
        vend = self.state.vends.get(vend_id)
        if vend and vend["state"] != "rejected":
            raise Refused("too_late", vend["state"])
        if self.job and self.job.args and self.job.sale.vend_id == vend_id:
            return self._reject(self.job.sale.cmd, self.job.args, "expired", now)
        if not vend:
            gone = {vend_id: {"state": "rejected", "code": "expired"}}
            self.device.commit({"vend": gone})

    # local sales

    def buy(self, now, slot, qty=1, pay="card", outcome=None):
        """Somebody buys at the device; returns the vend id. Raises Refused before money is taken.

        `outcome` forces what the motor does: success, failed, partial, unknown or jam.
        """
        line = self.device.shadow.line(slot)
        if code := self._local_refusal(slot, line, qty, pay):
            raise Refused(code, f"slot {slot}")
        vend_id = self.device.ids.uuid7(self.device.clock.read(now))
        ref = f"CR-{vend_id[-12:]}" if pay == "card" else None
        sale = Sale(vend_id, slot, line["sku"], qty, pay=pay, pay_ref=ref, origin="local",
                    price=money.normal(line["price"], line["currency"]),
                    currency=line["currency"], version=self.state.version)  # fmt: skip
        self.device.commit({"vend": sale.record("paid")})
        self._turn(sale, now, outcome)
        return vend_id

    def _local_refusal(self, slot, line, qty, pay):
        if pay not in LOCAL_PAY:
            return "platform_needed"
        if self.state.locked or self.state.door == "opened":
            return "maintenance"
        if line is None:
            return "unknown_slot"
        if self.job:
            return "busy"
        if line.get("age") and "age" not in self.device.config.caps:
            return "age_required"
        return self.blocked(slot, qty)

    def past_sale(self, now, vend_id, slot, price, pay, at):
        """One bottle of somebody's history; the stock is not asked. False where already told.

        `at` is when it happened, seconds since 1970.
        """
        if vend_id in self.state.sold:
            return False
        line = self.device.shadow.line(slot)
        sale = Sale(vend_id, slot, line["sku"], 1, price, line["currency"], self.state.version,
                    pay=pay, origin="local")  # fmt: skip
        self._settle(sale, Drop("success", 1, "confirmed"), now, at)
        return True

    # the end of every sale

    def _turn(self, sale, now, outcome=None):
        drop = self.device.motor.turn(sale.vend_id, sale.amount, outcome)
        self.job = Job(sale, now + self.device.options.dispense, drop=drop)
        self.tick(now)

    def _finish(self, now):
        job, self.job = self.job, None
        self._settle(job.sale, job.drop, now)

    def recover(self, now):
        """Bring vends to an end that a power cut interrupted: nobody knows about a moved motor."""
        self.job = None
        for vend in list(self.state.vends.values()):
            if vend["state"] in CUT:
                self._settle(Sale(**vend["sale"]), CUT[vend["state"]], now)

    def _settle(self, sale, drop, now, at=None):
        keeps = self.device.chance.random() < self.device.options.keep_rate
        refunded = sale.refunded(drop, keeps)
        slot = self.state.slots.get(sale.slot, {"qty": 0, "state": "disabled"})
        left = slot["qty"] - sale.bottles(drop)
        after = "jammed" if drop.jammed else "empty" if left <= 0 else slot["state"]
        read = self.device.clock.read(now) if at is None else at
        changes = self._changes(sale, drop, refunded, left)
        changes["sold"] = [sale.entry(drop, refunded, clock.stamp(read))]
        events, faults = self.device.service.consequences(sale, drop, slot, left, at)
        if sale.origin == "local":
            told = ("vend.local", sale.local_data(drop, refunded), sale.vend_id)
            changes["vend"] = {sale.vend_id: None}
        else:
            result = sale.result_data(drop, after)
            told = ("vend.result", result, sale.vend_id)
            changes["vend"] = {sale.vend_id: {"state": "done", "result": result, "sale": None}}
            changes |= self.device.commands.answer(sale.cmd, *_ending(drop))
        self.device.emit_all(now, [told, *events], at=at, **changes, **faults)
        if sale.cmd:
            self.device.commands.tell(sale.cmd, now)
        self.device.on_sold(changes["sold"][0])

    def _changes(self, sale, drop, refunded, left):
        changes = {"set": {"cash": sale.cash_after(self.state.cash, drop, refunded)}}
        if sale.slot in self.state.slots:
            slot = {"qty": left} | ({"state": "jammed"} if drop.jammed else {})
            changes["slot"] = {sale.slot: slot}
        if count := sale.bottles(drop):
            changes["meter"] = [[sale.slot, sale.price, count]]
        return changes


def _ending(drop):
    if drop.outcome in ("success", "partial"):
        return "succeeded", None if drop.outcome == "success" else "partial"
    return "failed", drop.code or drop.outcome


def _same(first, second):
    try:
        return isinstance(first, str) and Decimal(first) == Decimal(second)
    except (InvalidOperation, TypeError, ValueError):
        return False
