# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineShareWithdrawalAnswer(models.TransientModel):
    """Why a withdrawal is rejected or cancelled: the partner reads it."""

    _name = "wine.share.withdrawal.answer"
    _description = "Reject or cancel a withdrawal"
    _inherit = "wine.guide"

    withdrawal_id = fields.Many2one("wine.share.withdrawal", required=True)
    decision = fields.Selection([("reject", "Reject"), ("cancel", "Cancel")], required=True)
    partner_id = fields.Many2one(related="withdrawal_id.partner_id")
    amount = fields.Monetary(related="withdrawal_id.amount")
    currency_id = fields.Many2one(related="withdrawal_id.currency_id")
    reason = fields.Char(required=True)

    def action_answer(self):
        """Reject or cancel, with the reason."""
        self.ensure_one()
        if self.decision == "reject":
            self.withdrawal_id.action_reject(self.reason)
        else:
            self.withdrawal_id.action_cancel(self.reason)
