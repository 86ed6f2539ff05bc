# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models
from odoo.exceptions import UserError


class WineShareWithdrawal(models.Model):
    """Saying no, or stopping what was approved before the bank has paid it."""

    _inherit = "wine.share.withdrawal"

    def action_reject(self, reason):
        """Say no, with the reason that the partner reads; the money is available again.

        :raise UserError: no reason, or decided already
        """
        self.check_access("write")
        self._check_finance()
        reason = self._check_reason(reason)
        for one in self.sudo():
            one._lock_row()
            one._check_undecided()
            one._give_up("rejected", "reject", reason)
            one._tell("mail_withdrawal_rejected")

    def action_cancel(self, reason):
        """Finance stops a withdrawal before the bank has paid it, approved ones too.

        :raise UserError: no reason, or money has left
        """
        self.check_access("write")
        self._check_finance()
        reason = self._check_reason(reason)
        for one in self.sudo():
            one._lock_row()
            if one.state == "approved":
                one._stop_settlement(reason)
                continue
            if one.state != "draft":
                one._check_undecided()
            one._give_up("cancelled", "cancel", reason)
            one._tell("mail_withdrawal_cancelled")

    def _stop_settlement(self, reason):
        """Take an approved one back from the books; it follows its settlement.

        :raise UserError: money has left
        """
        self.settlement_id._cancel(reason)

    def _check_reason(self, reason):
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the partner reads the reason."))
        return reason.strip()

    def action_open_reject(self):
        """Ask for the reason."""
        return self._open_answer("reject", self.env._("Reject"))

    def action_open_cancel(self):
        """Ask for the reason."""
        return self._open_answer("cancel", self.env._("Cancel"))

    def _open_answer(self, decision, title):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": f"{title} {self.name}",
            "res_model": "wine.share.withdrawal.answer",
            "view_mode": "form",
            "target": "new",
            "context": {"default_withdrawal_id": self.id, "default_decision": decision},
        }
