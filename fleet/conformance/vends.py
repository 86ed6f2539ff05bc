# SPDX-License-Identifier: LGPL-3.0-or-later
"""Trials of vends that the platform authorises, docs/protocol §6. One bottle moves."""

import time
from decimal import Decimal

from fleet import clock
from fleet.conformance.bench import moment

ENDS = {"success": "succeeded", "partial": "succeeded", "failed": "failed", "unknown": "failed"}
STEPS = ("vend.accepted", "vend.started", "vend.result")


class Vends:
    """The trials; `trials` is what they are a part of."""

    def __init__(self, trials):
        self.trials, self.bench, self.check = trials, trials.bench, trials.check
        slot = trials.plan.slot
        self.line = next((line for line in trials.plan.lines if line["slot"] == slot), None)

    def authorisation(self, **changes):
        """Arguments of `vend.authorize` for the slot as it is planned."""
        line, vend_id = self.line, self.bench.ids.uuid7(time.time())
        args = {"vend_id": vend_id, "slot": line["slot"], "sku": line["sku"], "qty": 1}
        args |= {"price": line["price"], "currency": line["currency"]}
        args |= {"price_version": self.trials.version, "age_checked": True}
        return args | {"expires_at": moment(60)} | changes

    def run(self):
        """Refusals first, which move nothing, then one bottle."""
        if self.line is None:
            return
        self.rejected("6.expired", "expired", expires_at=moment(-5))
        price = str(Decimal(self.line["price"]) + 1)
        self.rejected("6.wrong_price", "wrong_price", price=price)
        later = self.trials.version + 1
        self.rejected("6.stale_planogram", "stale_planogram", price_version=later)
        self.rejected("6.unknown_slot", "unknown_slot", slot="no-such-slot")
        self.rejected("6.empty", "empty", qty=self.line["capacity"] + 1)
        if self.line.get("age"):
            self.rejected("6.age_required", "age_required", age_checked=False)
        self.cancelled()
        self.sale()

    def rejected(self, rule, code, **changes):
        """An authorisation that must be rejected with a code and must move nothing."""
        if self.line is None:
            return
        args, mark = self.authorisation(**changes), self.bench.mark()
        self.bench.command("vend.authorize", args)
        told = self.bench.wait(mark, "evt", "vend.rejected", vend_id=args["vend_id"])
        moved = not self.bench.silence(mark, "vend.started", vend_id=args["vend_id"])
        fine = told and told.data.get("code") == code and not moved
        self.check(rule, fine, f"{told.data if told else 'no vend.rejected'}, moved: {moved}")

    def cancelled(self):
        """Cancelled in the same moment. Where it was accepted first, nothing is shown."""
        bench, args, mark = self.bench, self.authorisation(), self.bench.mark()
        vend_id = args["vend_id"]
        bench.command("vend.authorize", args)
        cmd = bench.command("vend.cancel", {"vend_id": vend_id})
        end = bench.end(cmd, mark) or {}
        moved = not bench.silence(mark, "vend.started", vend_id=vend_id)
        if moved:
            bench.wait(mark, "evt", "vend.result", self.trials.plan.attend, vend_id=vend_id)
        honoured = end.get("status") == "succeeded"
        accepted = bench.since(mark, "evt", "vend.accepted", vend_id=vend_id)
        refusal = next(iter(bench.since(mark, "ack", cmd=cmd, status=end.get("status"))), None)
        first = accepted and refusal and _moment(accepted[0]) <= _moment(refusal)
        if honoured or not first:
            self.check("6.cancelled", honoured and not moved,
                       f"answer {end}, accepted: {bool(accepted)}, moved: {moved}")  # fmt: skip

    def _meanwhile(self, mark, vend_id):
        """While that vend is under way: another one, and the same one by another command."""
        bench, other = self.bench, self.authorisation()
        bench.command("vend.authorize", other)
        bench.command("vend.authorize", self.authorisation(vend_id=vend_id))
        told = bench.wait(mark, "evt", "vend.rejected", vend_id=other["vend_id"])
        bench.wait(mark, "evt", "vend.result", self.trials.plan.attend, vend_id=vend_id)
        moved = bench.since(mark, "evt", "vend.started", vend_id=other["vend_id"])
        if moved and not self._overlaps(mark, vend_id, moved[0]):
            return  # the first one was over: a quick machine
        code = told.data.get("code") if told else None
        self.check("6.busy", code == "busy" and not moved, f"{code}, moved: {bool(moved)}")

    def _overlaps(self, mark, vend_id, started):
        result = self.bench.since(mark, "evt", "vend.result", vend_id=vend_id)
        return not result or started.message["seq"] < result[0].message["seq"]

    def sale(self):
        """Accepted, started, result; then again, then a cancellation that is too late."""
        bench, args, mark = self.bench, self.authorisation(), self.bench.mark()
        cmd = bench.command("vend.authorize", args)
        vend_id = args["vend_id"]
        self._meanwhile(mark, vend_id)
        result = bench.wait(mark, "evt", "vend.result", self.trials.plan.attend, vend_id=vend_id)
        told = [said for said in bench.since(mark, "evt") if said.data.get("vend_id") == vend_id]
        steps = [said.message for said in sorted(told, key=lambda one: one.message.get("seq", 0))]
        kinds = tuple(dict.fromkeys(step.get("type") for step in steps
                                    if step.get("type") != "vend.rejected"))  # fmt: skip
        named = all(step.get("corr") == vend_id for step in steps)
        self.check("6.phases", kinds == STEPS and named, f"{kinds}, corr named: {named}")
        if not result:
            return
        count = len({step["seq"] for step in steps if step.get("type") == "vend.started"})
        codes = [step["data"].get("code") for step in steps if step.get("type") == "vend.rejected"]
        self.check("6.duplicate", count == 1 and set(codes) <= {"duplicate"},
                   f"started {count} times, rejected: {codes}")  # fmt: skip
        end, wanted = bench.end(cmd) or {}, ENDS.get(result.data.get("outcome"))
        self.check("6.answer", end.get("status") == wanted, f"{result.data}: {end}")
        self.trials.sold = (args, result.data)
        self._repeated("6.repeat")
        _cmd, end = bench.carried_out("vend.cancel", {"vend_id": vend_id})
        kept = end and end.get("status") != "succeeded"
        self.check("6.cancel", kept, f"cancelled after its result: {end}")

    def after_restart(self):
        """The vend of before the restart is known."""
        if self.trials.sold:
            self._repeated("6.restart")

    def _repeated(self, rule):
        """The same vend by another command: its result, and no movement."""
        bench, (args, result) = self.bench, self.trials.sold
        mark = bench.mark()
        bench.command("vend.authorize", args | {"expires_at": moment(60)})
        again = bench.wait(mark, "evt", "vend.result", vend_id=args["vend_id"])
        moved = not bench.silence(mark, "vend.started", vend_id=args["vend_id"])
        same = again and again.data == result
        self.check(rule, same and not moved,
                   f"stored {result}, again {again and again.data}, moved: {moved}")  # fmt: skip


def _moment(said):
    """When a message says that it happened, seconds; now where it does not say."""
    try:
        return clock.parse(said.message.get("ts"))
    except (ValueError, AttributeError, TypeError):
        return time.time()
