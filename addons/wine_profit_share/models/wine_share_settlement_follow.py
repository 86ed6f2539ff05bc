# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import SUPERUSER_ID, Command, fields, models
from odoo.exceptions import UserError

from .wine_share_moves import _FLOW


class WineShareSettlement(models.Model):
    """What becomes of an approved settlement: the bank says so, and Odoo's payment shows it."""

    _inherit = "wine.share.settlement"

    # === BUTTONS === #

    def action_mark_paid(self):
        """The bank has executed it, and no bank statement is matched in this database."""
        self._check_finance()
        for settlement in self.sudo():
            if settlement.method == "bill":
                raise UserError(
                    self.env._(
                        "%s is paid when its bill is: register the payment there.", settlement.name
                    )
                )
            if settlement.state == "approved":
                settlement.payment_id.action_validate()
        return True

    def action_pay_bill(self):
        """Register the payment of the bill, with Odoo's own wizard."""
        self.ensure_one()
        self._check_finance()
        return self.bill_id.action_register_payment()

    def action_end(self):
        """Ask why the settlement is cancelled, or why its money came back."""
        self.ensure_one()
        self._check_finance()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Take back %s", self.name),
            "res_model": "wine.share.settlement.end",
            "view_mode": "form",
            "target": "new",
            "context": {"default_settlement_id": self.id},
        }

    def action_view_entries(self):
        """The ledger lines that this settlement pays, or had."""
        self.ensure_one()
        lines = self.entry_ids or self.past_entry_ids
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ledger lines of %s", self.name),
            "res_model": "wine.share.entry",
            "view_mode": "list,kanban,form",
            "domain": [("id", "in", lines.ids)]
            if self.state in ("cancelled", "failed")
            else [("settlement_id", "=", self.id)],
        }

    def action_view_books(self):
        """The journal entries of this settlement."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Entries of %s", self.name),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("wine_share_settlement_id", "=", self.id)],
        }

    def action_view_withdrawal(self):
        """The withdrawal that asked for it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "wine.share.withdrawal",
            "view_mode": "form",
            "res_id": self.withdrawal_id.id,
        }

    # === FOLLOWING ODOO === #

    def _follow(self):
        """Take over what the payment or the bill says. Safe to call at any time."""
        for settlement in self.sudo():
            if settlement.state not in ("approved", "paid"):
                continue
            found = settlement._whereabouts()
            if found == "back":
                settlement._undo(self.env._("Its payment was taken back in the books."))
            elif found == "paid" and settlement.state == "approved":
                settlement._arrive()
            elif found == "way" and settlement.state == "paid":
                settlement._unarrive()

    def _whereabouts(self):
        """paid, back or on its way, by what Odoo's documents say."""
        self.ensure_one()
        if self.method == "bill":
            bill = self.bill_id
            if bill.state == "cancel" or bill.payment_state == "reversed":
                return "back"
            return "paid" if bill.payment_state in ("paid", "in_payment") else "way"
        state = self.payment_id.state
        if state in ("canceled", "rejected"):
            return "back"
        return "paid" if state == "paid" else "way"

    def _arrive(self):
        """The money has arrived: the lines are paid."""
        self.ensure_one()
        self._hold()
        done = "done" if self.payout_state in ("waiting", "sent", "done") else "none"
        moved = self._set_state("paid", paid_at=fields.Datetime.now(), payout_state=done)
        moved.entry_ids._set_state("paid")
        moved._after_paid()

    def _unarrive(self):
        """A bank statement was taken apart again: the money is on its way as before."""
        self.ensure_one()
        self._hold()
        self._set_state("approved", paid_at=False)
        entries = self.entry_ids
        entries._set_state("available")._set_state("settling")

    # === TAKING BACK === #

    def _cancel(self, reason):
        """Stop before the bank has paid.

        :raise UserError: the money has left
        """
        for settlement in self.sudo():
            if settlement.state == "paid" or settlement.payout_state in ("sent", "done"):
                raise UserError(
                    self.env._(
                        "The money of %s has left. Ask for it back, or wait until it came back.",
                        settlement.name,
                    )
                )
            settlement._undo(reason)

    def _undo(self, reason, failed=False):
        """Cancel before the money left, or say that it came back; the lines are available again.

        Safe to call again. Nothing that was posted in a closed period is touched.

        :param bool failed: the money had left the company, even if nobody has seen it arrive
        """
        self.ensure_one()
        settlement = self.sudo()
        settlement._hold()
        if settlement.state in ("cancelled", "failed"):
            return
        failed = failed or settlement.state == "paid"
        settlement._check_bill_unpaid()
        entries = settlement.entry_ids
        settlement._set_state(
            "failed" if failed else "cancelled",
            reason=reason,
            ended_at=fields.Datetime.now(),
            ended_by_id=self.env.uid,
            past_entry_ids=[Command.set(entries.ids)],
        )
        inside = settlement.with_company(settlement.company_id).with_context(
            tracking_disable=True, wine_flow=_FLOW
        )
        inside._undo_books(failed)
        entries._release_back()
        settlement._after_end()

    def _check_bill_unpaid(self):
        """:raise UserError: the bill is paid; its payment comes back first"""
        bill = self.bill_id
        if bill.state == "posted" and bill.payment_state not in ("not_paid", "reversed"):
            raise UserError(
                self.env._(
                    "The bill %(bill)s of %(name)s is paid. Cancel its payment first; then the "
                    "settlement can be taken back.",
                    bill=bill.name,
                    name=self.name,
                )
            )

    def _undo_books(self, failed):
        """Take the payment or the bill back, by cancelling it or by a reversal of today."""
        if self.bill_id:
            self._undo_bill()
        elif self.payment_id:
            self._undo_payment(failed)

    def _undo_payment(self, failed):
        payment, move = self.payment_id, self.payment_id.move_id
        if payment.state == "canceled" or move.state != "posted":
            payment.filtered(lambda payment: payment.state != "canceled").action_cancel()
            return
        if not failed and payment.state != "rejected" and self._may_cancel(move):
            payment.action_cancel()
            return
        self._reverse(move)
        payment.state = "rejected"

    def _may_cancel(self, move):
        """Whether a posted entry may be cancelled: its period is open, no statement has it."""
        locks = move.company_id._get_violated_lock_dates(
            move.date, bool(move._affect_tax_report()), move.journal_id
        )
        return not locks and not move.inalterable_hash

    def _undo_bill(self):
        bill, move = self.bill_id, self.move_id
        if bill.state == "posted" and bill.payment_state == "not_paid":
            if self._may_cancel(bill):
                bill.button_cancel()
            else:
                today = fields.Date.context_today(self)
                bill._reverse_moves([{"invoice_date": today, "date": today}], cancel=True)
        if move.state != "posted":
            return
        if self._may_cancel(move):
            move.button_cancel()
        else:
            self._reverse(move)

    def _reverse(self, move):
        """A reversal of today; what was written off stays so, the debt is open anew.

        Odoo reconciles with it what is still open of the entry: the bank's line, where no statement
        has it yet (else the statement has its return too one day), and the clearing account.
        """
        today = fields.Date.context_today(self)
        values = {
            "date": self.company_id._share_book_date(today, move.journal_id),
            "ref": self.env._("%(name)s came back: %(why)s", name=self.name, why=self.reason or ""),
            "wine_share_settlement_id": self.id,
        }
        back = move._reverse_moves([values])
        back._post(soft=False)
        return back


class WineShareAccount(models.Model):
    """Who had a hand in an account shortly before its money is paid."""

    _inherit = "wine.share.account"

    def _came_back_by(self, since):
        """Users by whom money that had been paid to these accounts came back."""
        account = self.sudo()
        said = account.withdrawal_ids.review_ids.filtered(
            lambda review: review.decision == "fail" and review.moment >= since
        )
        back = account.settlement_ids.filtered(
            lambda one: one.state == "failed" and one.ended_at and one.ended_at >= since
        )
        users = said.user_id | back.ended_by_id
        return users.filtered(lambda user: user.id != SUPERUSER_ID)

    def _verified_by(self, since):
        """Users who verified these accounts."""
        seen = self.sudo().verification_ids.filtered(
            lambda seen: seen.decision == "verified" and seen.moment >= since
        )
        return seen.user_id
