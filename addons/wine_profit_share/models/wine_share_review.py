# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

DECISIONS = [
    ("submit", "Applied"),
    ("approve", "Approved"),
    ("reject", "Rejected"),
    ("cancel", "Cancelled"),
    ("pay", "Paid"),
    ("fail", "Payment failed"),
]


class WineShareReview(models.Model):
    """Who said what about a withdrawal, when and why. Written once, never edited or deleted."""

    _name = "wine.share.review"
    _description = "Decision on a withdrawal"
    _inherit = "wine.reach"
    _order = "id"

    withdrawal_id = fields.Many2one(
        "wine.share.withdrawal", required=True, readonly=True, index=True, ondelete="restrict"
    )
    step_id = fields.Many2one("wine.share.review.step", readonly=True, ondelete="restrict")
    user_id = fields.Many2one("res.users", "Who", required=True, readonly=True, ondelete="restrict")
    decision = fields.Selection(DECISIONS, required=True, readonly=True)
    reason = fields.Char("Why", readonly=True)
    moment = fields.Datetime("When", required=True, readonly=True, default=fields.Datetime.now)
    amount = fields.Monetary("Amount then", readonly=True)
    currency_id = fields.Many2one(related="withdrawal_id.currency_id")
    bank_number = fields.Char("Bank account then", readonly=True)

    _one_voice = models.UniqueIndex(
        "(withdrawal_id, user_id) WHERE decision = 'approve'",
        "Nobody approves the same withdrawal twice.",
    )

    def write(self, vals):
        self.check_access("write")
        if self:
            raise UserError(self.env._("What was decided stays as it was written."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What was decided stays as it was written."))
