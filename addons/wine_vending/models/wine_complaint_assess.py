# SPDX-License-Identifier: LGPL-3.0-or-later
from dataclasses import asdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..core import after_sales
from ..core.facts import RetryLater
from ..core.money import from_minor, to_minor
from ..core.told import _lt
from .wine_told import read_told

#: other vends of the lane say something about this one within
NEIGHBOURS = timedelta(hours=1)
FAULT_BEFORE, FAULT_AFTER = timedelta(minutes=2), timedelta(minutes=15)
#: a later word of the machine may change these
AGAIN = ("no_vend", "unsure", "running", "wait")
AGAIN_DAYS = 45


class WineComplaint(models.Model):
    """What the evidence says, and what follows from it without a person."""

    _inherit = "wine.complaint"

    explanation = fields.Char("What the evidence says", compute="_compute_explanation")

    @api.depends("told")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for complaint in self:
            complaint.explanation = read_told(self.env, complaint.told)

    def _hold(self):
        """Lock complaints to the end of the transaction; two that decide do so one by one."""
        self.flush_recordset()
        if self.ids:
            self.env.execute_query(
                SQL(
                    "SELECT id FROM wine_complaint WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
                    tuple(self.ids),
                )
            )
            self.invalidate_recordset(flush=False)

    # === EVIDENCE === #

    def _evidence_of_vend(self):
        """``Evidence`` of the vend, or None where there is none."""
        vend = self.vend_id
        if not vend:
            return None
        near = self._neighbours()
        return after_sales.Evidence(
            state=vend.state,
            outcome=vend.outcome or "",
            sensor=vend.sensor or "",
            motor_code=vend.motor_code or "",
            slot_state=vend.slot_id.state or "",
            door=vend.machine_id.door_state or "",
            lane_faults=self._lane_faults(),
            failed_near=len(near.filtered(lambda one: one.sensor == "absent")),
            fine_near=len(near.filtered(lambda one: one.sensor == "confirmed")),
            held=self._exact(vend.amount_total if vend.state == "unknown" else vend._money_taken()),
            given_back=self._exact(vend.amount_refunded),
        )

    def _exact(self, amount):
        digits = self.currency_id.decimal_places
        return from_minor(to_minor(amount, digits), digits)

    def _neighbours(self):
        vend = self.vend_id
        return self.env["wine.vend"].search(
            [
                ("slot_id", "=", vend.slot_id.id),
                ("slot_id", "!=", False),
                ("id", "!=", vend.id),
                ("moment", ">=", vend.moment - NEIGHBOURS),
                ("moment", "<=", vend.moment + NEIGHBOURS),
            ]
        )

    def _lane_faults(self):
        vend = self.vend_id
        faults = self.env["wine.machine.fault"].search(
            [
                ("machine_id", "=", vend.machine_id.id),
                ("slot_code", "=", vend.slot_code),
                ("severity", "!=", "info"),
                ("raised_at", ">=", vend.moment - FAULT_BEFORE),
                ("raised_at", "<=", vend.moment + FAULT_AFTER),
            ]
        )
        return tuple(faults.mapped("code")) if vend.slot_code else ()

    def _history(self):
        """Refunds without a person within the period: of this consumer, of this machine."""
        since = fields.Datetime.now() - timedelta(
            days=float(self._setting("complaint_period_days", 30))
        )
        paid = [("automatic", "=", True), ("decided_at", ">=", since), ("id", "!=", self.id)]
        ways = [(name, "=", self[name]) for name in ("email", "phone", "source_hash") if self[name]]
        if self.partner_id:
            ways.append(("partner_id", "=", self.partner_id.id))
        return after_sales.History(
            consumer=self.search_count([*paid, *["|"] * (len(ways) - 1), *ways]) if ways else 0,
            machine=self.search_count([*paid, ("machine_id", "=", self.machine_id.id)]),
        )

    def _limits(self):
        return after_sales.Limits(
            consumer=int(self._setting("complaint_consumer_limit", 2)),
            machine=int(self._setting("complaint_machine_limit", 10)),
            amount=self._setting("complaint_amount_limit", 1000),
        )

    # === DECISION === #

    def _assess(self):
        """Decide open complaints by their evidence; what a person decided stays."""
        for complaint in self:
            complaint._hold()
            complaint.vend_id._hold()
            if complaint.state not in after_sales.OPEN:
                continue
            evidence = complaint._evidence_of_vend()
            claim = after_sales.Claim(complaint.kind, complaint.match == "strong")
            complaint._apply(
                after_sales.decide(claim, evidence, complaint._history(), complaint._limits()),
                evidence,
            )

    def _apply(self, decision, evidence):
        if self.state == after_sales.IN_CASE and decision.reason == self.reason:
            return
        self.write(
            {
                "reason": decision.reason,
                "told": decision.told.to_json(),
                "evidence": _plain(evidence),
            }
        )
        if decision.action == after_sales.REFUND:
            self._refund_now()
        elif decision.action == after_sales.REFUSE:
            self._money_is_back()
        else:
            self._to_person(decision)

    def _refund_now(self):
        """The bottle is still in the machine, as its own sensor says: it comes back into stock."""
        vend = self.vend_id.with_context(wine_deciding=self.ids)
        before = vend.amount_refunded
        unknown = vend.state == "unknown"
        try:
            with self.env.cr.savepoint():
                if unknown:
                    vend._decide(False)
                else:
                    vend._refund(goods_returned=True)
        except RetryLater:
            self.write({"reason": "wait"})
            return
        if unknown:
            vend.case_ids.filtered(lambda one: one.kind == "unknown")._close(
                self.env._("Money back: complaint %s", self.name)
            )
        self._decided(
            after_sales.REFUNDED,
            resolution="refund" if vend.state == "refunded" else "none",
            automatic=True,
            amount_refunded=vend.amount_refunded - before,
        )

    def _money_is_back(self):
        """Somebody else was faster: the machine, a colleague, another complaint."""
        gone = self.vend_id.state == "refunded" or self.vend_id.amount_refunded
        self._decided(
            after_sales.REFUNDED if gone else after_sales.RESOLVED,
            resolution="before" if gone else "none",
            automatic=False,
        )

    def _decided(self, target, **values):
        """The complaint is over: its case closes, the consumer is told."""
        moved = self._update_state(
            target,
            decided_at=fields.Datetime.now(),
            refund_order_id=self.vend_id.order_ids.filtered("is_refund").sorted("id")[-1:].id,
            **values,
        )
        moved._close_cases()
        moved.activity_unlink(["mail.mail_activity_data_todo"])
        moved._tell_consumer()
        return moved

    # === A PERSON === #

    def _to_person(self, decision):
        """A case with a deadline, and somebody who is asked."""
        days = int(self._setting("complaint_days", 2))
        region = self.region_id
        today = region._business_today() if region else fields.Date.today()
        deadline = self.deadline or fields.Date.add(today, days=days)
        self.write({"deadline": deadline, "amount_decided": self._suggested()})
        self.case_id = self._open_own_case(decision.told)
        if not self._update_state(after_sales.IN_CASE):
            return
        self._count_slot()
        user = self.user_id or self.region_id.manager_ids[:1]
        if user:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=deadline,
                summary=self.env._("Answer complaint %s", self.name),
                user_id=user.id,
            )
        self._tell_consumer()

    def _suggested(self):
        """One bottle of those that were bought, as far as its money is still here."""
        vend = self.vend_id
        if vend.state == "unknown":
            return vend.amount_total
        left = vend._money_left() if vend.state == "captured" else 0
        return min(left, vend.price) if self.kind in ("wrong", "bad") else left

    def _open_own_case(self, told):
        """One question for each vend, however many complain about it."""
        vend = self.vend_id
        return self.env["wine.case"]._open_cases(
            [
                {
                    "kind": "complaint",
                    "vend_id": vend.id,
                    "machine_id": self.machine_id.id,
                    "region_id": self.region_id.id,
                    "currency_id": self.currency_id.id,
                    "reference": vend.uuid or self.uuid,
                    "text": _lt("Complaint %(complaint)s: %(why)s", complaint=self.name, why=told),
                    "amount": vend.amount_total,
                    "deadline": self.deadline,
                }
            ]
        )

    def _count_slot(self):
        """Another bottle than bought came out: more of them may lie in that slot."""
        if self.kind != "wrong" or not self.machine_id:
            return
        self.env["wine.case"]._open_case(
            "count",
            machine=self.machine_id,
            reference=f"wrong-{self.vend_id.slot_id.id or self.uuid}",
            text=_lt(
                "%(machine)s, slot %(slot)s: a consumer got another bottle than %(product)s. Look "
                "what lies in the slot and count it.",
                machine=self.machine_id.name,
                slot=self.vend_id.slot_code or self.slot_code or "?",
                product=self.vend_id.product_id.display_name or "?",
            ),
        )

    def _close_cases(self):
        for complaint in self:
            case = complaint.case_id
            waiting = self.search_count(
                [("case_id", "=", case.id), ("state", "=", "in_case"), ("id", "!=", complaint.id)]
            )
            if case and not waiting:
                labels = dict(complaint._fields["state"]._description_selection(self.env))
                case._close(f"{complaint.name}: {labels[complaint.state]}")

    # === LOOKING AGAIN === #

    def _follow_vends(self):
        """Money of these complaints' vends has just moved: whoever waits for it is told."""
        deciding = self.env.context.get("wine_deciding") or ()
        for complaint in self.sudo().filtered(lambda one: one.id not in deciding):
            gone = complaint.vend_id.state in ("refunded", "voided")
            if gone and complaint.state in after_sales.OPEN and complaint.match == "strong":
                complaint._assess()

    @api.model
    def _cron_look_again(self):
        """New complaints, and those for which the machine may have spoken meanwhile."""
        waiting = self._waiting_for_machine()
        self.env["ir.cron"]._commit_progress(remaining=len(waiting))
        for complaint in waiting:
            complaint._look_again()
            self.env["ir.cron"]._commit_progress(1)

    def _look_again(self):
        self._find_vend()
        self._assess()

    @api.model
    def _waiting_for_machine(self):
        since = fields.Datetime.now() - timedelta(days=AGAIN_DAYS)
        return self.search(
            [
                ("create_date", ">=", since),
                "|",
                ("state", "=", "new"),
                "&",
                ("state", "=", "in_case"),
                "|",
                ("reason", "in", AGAIN),
                ("vend_id.state", "in", ("refunded", "voided")),
            ]
        )


class WineVend(models.Model):
    _inherit = "wine.vend"

    def _money_taken(self):
        """Money of the consumer that was taken for this vend, given back or not."""
        self.ensure_one()
        return max(self.amount_captured, self.amount_refunded)


def _plain(evidence):
    """Evidence as JSON, as it was when the decision was made."""
    if evidence is None:
        return False
    return {
        name: value if isinstance(value, (str, int)) else _as_json(value)
        for name, value in asdict(evidence).items()
    }


def _as_json(value):
    return list(value) if isinstance(value, tuple) else str(value)
