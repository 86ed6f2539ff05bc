# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class WineVend(models.Model):
    """What happened at a vend, in order, each step with who said so and how that is known."""

    _inherit = "wine.vend"

    timeline = fields.Json("What happened", compute="_compute_timeline")

    @api.depends_context("lang", "uid", "tz")
    @api.depends("state", "amount_refunded", "order_ids", "case_ids.state", "complaint_ids.state")
    def _compute_timeline(self):
        for vend in self:
            steps = [
                *vend._steps_of_platform(),
                *vend._steps_of_machine(),
                *vend._steps_of_money(),
                *vend._steps_of_people(),
            ]
            steps.sort(key=lambda step: step["at"] or "")
            vend.timeline = steps

    def _step(self, kind, title, at, who, *facts):
        """One step; ``facts`` are (label, text), those without a text are left out."""
        return {
            "kind": kind,
            "title": title,
            "at": fields.Datetime.to_string(at) if at else False,
            "who": who,
            "facts": [{"label": label, "text": text} for label, text in facts if text],
        }

    def _label(self, name):
        """The selected value of a field in the reader's words."""
        labels = dict(self._fields[name]._description_selection(self.env))
        return labels.get(self[name], "")

    def _steps_of_platform(self):
        env, us = self.env, self.env._("Platform")
        steps = []
        if self.authorised_at:
            steps.append(
                self._step(
                    "info",
                    env._("Payment authorised, machine told"),
                    self.authorised_at,
                    us,
                    (env._("Amount"), self.currency_id.format(self.amount_total)),
                    (env._("Paid by"), self._label("pay_kind")),
                    (env._("Payment reference"), self.pay_ref),
                    (env._("Answer expected by"), self._written(self.expires_at)),
                )
            )
        if self.reject_code == "expired":
            steps.append(
                self._step("warning", env._("No answer in time: voided"), self.expires_at, us)
            )
        elif self.reject_code:
            steps.append(
                self._step(
                    "warning",
                    env._("Refused by the machine"),
                    self.ended_at,
                    env._("Machine"),
                    (env._("Code"), self.reject_code),
                )
            )
        return steps

    def _steps_of_machine(self):
        env, machine = self.env, self.env._("Machine")
        steps = [
            self._step("info", title, at, machine)
            for title, at in (
                (env._("Accepted"), self.accepted_at),
                (env._("Motor started"), self.started_at),
            )
            if at
        ]
        name = "told_outcome" if self.decided_at else "outcome"
        if self[name]:
            kinds = {"success": "success", "partial": "warning", "failed": "warning"}
            steps.append(
                self._step(
                    kinds.get(self[name], "danger"),
                    env._("Outcome: %s", self._label(name)),
                    self._told_at(),
                    machine,
                    (env._("Sensor"), self._label("sensor")),
                    (env._("Motor code"), self.motor_code),
                    (env._("Bottles out"), str(self.qty_done) if self.qty_done else ""),
                    (env._("Volume out"), f"{self.ml_done} ml" if self.ml_done else ""),
                    *self._paid_at_machine(),
                    *self._clocks(),
                )
            )
        return steps

    def _told_at(self):
        """When the machine told the outcome: of what was decided here it was when we heard it."""
        return (self.decided_at and self.received_at) or self.ended_at or self.moment

    def _paid_at_machine(self):
        if self.origin != "device":
            return ()
        return (
            (self.env._("Amount"), self.currency_id.format(self.amount_total)),
            (self.env._("Paid by"), self._label("pay_kind")),
            (self.env._("Payment reference"), self.pay_ref),
        )

    def _clocks(self):
        """When it was by the machine's clock and by ours, and which of them counts."""
        env = self.env
        used = env._("machine's") if self.clock_trusted else env._("ours (receipt)")
        return (
            (env._("By the machine's clock"), self._written(self.device_time)),
            (env._("Received here"), self._written(self.received_at)),
            (env._("Clock that counts"), used if self.device_time else ""),
        )

    def _written(self, moment):
        if not moment:
            return ""
        return fields.Datetime.context_timestamp(self, moment).strftime("%Y-%m-%d %H:%M:%S")

    def _steps_of_money(self):
        """Orders may be hidden from the reader; that money moved is not."""
        steps, env = [], self.env
        for order in self.sudo().order_ids.sorted("id"):
            steps.append(
                self._step(
                    "money",
                    env._("Money back") if order.is_refund else env._("Booked as a sale"),
                    order.create_date,
                    env._("Books"),
                    (env._("Amount"), self.currency_id.format(order.amount_total)),
                    (env._("Order"), order.name),
                    (env._("Payment method"), order.payment_ids.payment_method_id.name),
                    (env._("Business date"), fields.Date.to_string(order.wine_business_date)),
                )
            )
        return steps

    def _steps_of_people(self):
        env = self.env
        steps = [
            self._step(
                "person",
                env._("Complaint %s", one.name),
                one.create_date,
                env._("Consumer"),
                (
                    env._("What happened"),
                    dict(one._fields["kind"]._description_selection(env)).get(one.kind),
                ),
                (env._("By the evidence"), one.explanation),
            )
            for one in self.complaint_ids
        ]
        decided = self.case_ids.filtered("decided_at")
        steps += [
            self._step(
                "person",
                env._("Case %s decided", case.name),
                case.decided_at,
                case.decided_by_id.name,
                (env._("Decision"), case.decision),
            )
            for case in decided
        ]
        return steps
