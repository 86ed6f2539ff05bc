# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models
from odoo.exceptions import UserError

from ..core import after_sales
from .wine_vend_actions import told_to_wait


class WineComplaint(models.Model):
    """What a person decides: the money of a region by its administrator or by finance."""

    _inherit = "wine.complaint"

    def write(self, vals):
        """Who names the vend by hand is sure of it."""
        if vals.get("vend_id") and not self.env.su:
            super().write(vals)
            self.sudo().write({"match": "strong"})
            self.sudo()._note_supplier()
            return True
        return super().write(vals)

    def action_assess(self):
        """Look at the evidence again, with what is known now."""
        self.check_access("write")
        complaints = self.sudo()
        complaints._find_vend()
        complaints._assess()
        return True

    def action_give_back(self):
        """Give back what ``amount_decided`` says, by the way it was paid or as a voucher."""
        for complaint in self:
            complaint._check_decidable()
            with told_to_wait(self.env):
                complaint.sudo()._give_back(self.env.user)
        return True

    def action_reject(self):
        """No, with a reason that the consumer reads."""
        self._answer(
            after_sales.REJECTED,
            self.env._("Write in the answer why no money goes back; the consumer reads it."),
        )
        return True

    def action_explain(self):
        """Settled without money: a bottle was handed over, a question was answered."""
        self._answer(
            after_sales.RESOLVED,
            self.env._("Write in the answer how it was settled; the consumer reads it."),
            resolution="explained",
        )
        return True

    def action_reopen(self):
        """The consumer came back with something new."""
        for complaint in self:
            complaint.check_access("write")
            if complaint.state != after_sales.REJECTED:
                raise UserError(
                    self.env._(
                        "%s was not rejected, so there is nothing to reopen.", complaint.name
                    )
                )
            again = complaint.sudo()
            again._update_state(
                after_sales.IN_CASE, decided_at=False, decided_by_id=False, reason="again"
            )
            again.case_id = again._open_own_case(again.explanation)
        return True

    def _check_decidable(self, money=True):
        """:raise AccessError: not a decider; :raise UserError: there is nothing to decide"""
        self.ensure_one()
        self.check_access("write")
        self.vend_id._check_decider()
        self.sudo()._hold()
        if self.state not in after_sales.OPEN:
            raise UserError(
                self.env._("%s is decided already. Reload the page to see how.", self.name)
            )
        if money and not self.vend_id:
            raise UserError(
                self.env._(
                    "No vend is known for %s, so no money can go back. Choose the vend first.",
                    self.name,
                )
            )

    def _give_back(self, user):
        """The refund of one complaint, once: its vend is locked, its identity follows from it."""
        vend = self.vend_id.with_context(wine_deciding=self.ids)
        vend._hold()
        before = vend.amount_refunded
        if vend.state == "unknown":
            resolution = self._settle_unknown(vend)
        elif vend.state == "captured":
            resolution = self._refund_sold(vend)
        else:
            raise UserError(
                self.env._("No money of %s is left to give back: see its state.", vend.name)
            )
        self._decided(
            after_sales.RESOLVED,
            resolution=resolution,
            amount_refunded=vend.amount_refunded - before,
            decided_by_id=user.id,
        )

    def _settle_unknown(self, vend):
        """The consumer is believed: the bottle did not come out. That is all of the money."""
        amount, whole = self.amount_decided, vend.amount_total
        if (amount and self.currency_id.compare_amounts(amount, whole)) or self.as_voucher:
            raise UserError(
                self.env._(
                    "Whether the bottle of %(vend)s came out is not known yet: all of its money "
                    "goes back as it came, or decide its case first.",
                    vend=vend.name,
                )
            )
        vend._decide(False)
        vend.case_ids.filtered(lambda one: one.kind == "unknown")._close(
            self.env._("It did not come out: complaint %s", self.name)
        )
        return "refund" if vend.state == "refunded" else "none"

    def _refund_sold(self, vend):
        left = vend._money_left()
        amount = self.amount_decided or left
        vend._refund(amount=amount, kind="voucher" if self.as_voucher else None)
        if self.as_voucher:
            return "voucher"
        return "refund" if vend.state == "refunded" else "partial"

    def _answer(self, target, missing, **values):
        for complaint in self:
            complaint._check_decidable(money=False)
            if not (complaint.answer or "").strip():
                raise UserError(missing)
            complaint.sudo()._decided(target, decided_by_id=self.env.uid, **values)
