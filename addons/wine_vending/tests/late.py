# SPDX-License-Identifier: LGPL-3.0-or-later
"""A vend that was begun and never ended, in one line each."""

from datetime import timedelta
from uuid import uuid4

from odoo import fields

from ..models.wine_machine import WineMachine
from .common import WineCommon

#: what a machine may say after a day of silence: (type of event, its data)
WORDS = {
    "accepted": ("vend.accepted", {}),
    "started": ("vend.started", {}),
    "success": ("vend.result", {"outcome": "success", "qty": 3, "sensor": "confirmed"}),
    "fewer": ("vend.result", {"outcome": "success", "qty": 2, "sensor": "none"}),
    "partial": ("vend.result", {"outcome": "partial", "qty": 2, "sensor": "none"}),
    "partial of nothing": ("vend.result", {"outcome": "partial", "qty": 0, "sensor": "absent"}),
    "failed": ("vend.result", {"outcome": "failed", "qty": 0, "sensor": "absent"}),
    "unknown": ("vend.result", {"outcome": "unknown", "qty": 0, "sensor": "fault"}),
    "rejected": ("vend.rejected", {"code": "maintenance"}),
    "duplicate": ("vend.rejected", {"code": "duplicate"}),
}


class LateCommon(WineCommon):
    """A vend of three bottles that a machine began and did not end; the payment side is watched."""

    def setUp(self):
        super().setUp()
        self.sent, self.paid = [], []
        self.patch(
            WineMachine,
            "_send",
            lambda machine, kind, args, expires: self.sent.append((kind, args["vend_id"])),
        )
        Vend = self.env.registry["wine.vend"]

        def watch(name):
            def called(vends, *args):
                self.paid.extend((name, vend.uuid, *args) for vend in vends)

            self.patch(Vend, f"_{name}_payment", called)

        for name in ("capture", "void", "refund"):
            watch(name)

    def say(self, vend, kind, **data):
        data = {"vend_id": vend.uuid, "slot": vend.slot_code, "slot_state": "ok", **data}
        fact = self.fact(self.machine, kind, data, position=(1, self.next_seq()))
        self.project(fact)
        return fact

    def word(self, vend, name):
        kind, data = WORDS[name]
        return self.say(vend, kind, **data)

    def next_seq(self):
        self.seq = getattr(self, "seq", 100) + 1
        return self.seq

    def begun(self, words=("accepted", "started"), qty=3, code="A1"):
        slot = self.slot(self.machine, code)
        slot.qty = 10
        vend = self.env["wine.vend"]._reserve(slot, "qr", qty=qty)
        vend._authorise(age_checked=True)
        for name in words:
            self.word(vend, name)
        return vend

    def unheard(self, **values):
        """Nothing was heard of it for more than a day: a person has a case."""
        vend = self.begun(**values)
        vend.expires_at = fields.Datetime.now() - timedelta(hours=25)
        with self.enter_registry_test_mode():
            self.env.ref("wine_vending.cron_expire_vends").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual((vend.state, vend.case_ids.kind), ("unknown", "unknown"))
        return vend

    def complain(self, vend):
        complaint = self.env["wine.complaint"]._file(
            {
                "uuid": str(uuid4()),
                "channel": "web",
                "kind": "nothing",
                "machine_id": self.machine.id,
                "email": f"{uuid4().hex[:8]}@example.com",
                "lang": "en_US",
            }
        )
        complaint.sudo().write({"vend_id": vend.id, "match": "strong"})
        return complaint

    def decide(self, vend, decision):
        case = vend.case_ids
        if decision == "complaint":
            self.complain(vend).action_give_back()
        elif decision == "did not":
            case.action_did_not()
        else:
            case.action_came_out()
        if decision == "sold, then refunded":
            vend.action_refund()
        self.env.invalidate_all()
        self.assertEqual(case.state, "decided")

    def money(self, vend):
        """Everything that says how much was taken and given, and by whom."""
        orders = vend.order_ids.sorted("id")
        return (
            vend.state,
            vend.payment_state,
            vend.outcome,
            vend.amount_captured,
            vend.amount_refunded,
            orders.mapped("amount_total"),
            orders.mapped("wine_stock_state"),
            [call for call in self.paid if call[1] == vend.uuid],
        )

    def questions(self, vend):
        """Cases that were opened after the decision."""
        return vend.case_ids.filtered(lambda case: case.kind in ("conflict", "late"))
