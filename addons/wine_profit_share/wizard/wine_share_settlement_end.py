# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class WineShareSettlementEnd(models.TransientModel):
    """Why a settlement is taken back, and what that does."""

    _name = "wine.share.settlement.end"
    _description = "Take a settlement back"
    _inherit = ["wine.guide"]

    settlement_id = fields.Many2one("wine.share.settlement", required=True, readonly=True)
    kind = fields.Selection(
        [("cancel", "The money did not leave"), ("back", "The money left and came back")],
        required=True,
        compute="_compute_kind",
        store=True,
        precompute=True,
        readonly=False,
    )
    state = fields.Selection(related="settlement_id.state")
    reason = fields.Char(required=True)
    effect = fields.Text(compute="_compute_effect")

    @api.depends("settlement_id")
    def _compute_kind(self):
        for guide in self:
            guide.kind = "back" if guide.settlement_id.state == "paid" else "cancel"

    @api.depends("settlement_id", "kind")
    def _compute_effect(self):
        for guide in self:
            one = guide.settlement_id
            amount = one.currency_id.format(one.gross)
            if guide.kind == "back":
                guide.effect = self.env._(
                    "A reversal of today opens the debt again. %(amount)s of %(partner)s is "
                    "available and goes into a new settlement. What was booked stays as it is.",
                    amount=amount,
                    partner=one.partner_id.name,
                )
            else:
                guide.effect = self.env._(
                    "The payment or bill is cancelled, if there is one. %(amount)s of %(partner)s "
                    "is available again and goes into a new settlement.",
                    amount=amount,
                    partner=one.partner_id.name,
                )

    def action_end(self):
        """Take it back."""
        self.ensure_one()
        self.settlement_id._check_finance()
        settlement = self.settlement_id.sudo()
        if settlement.state == "paid" and settlement.payout_state == "done":
            settlement.platform_id._payout_return(settlement)
        if self.kind == "cancel" and settlement.state != "paid":
            settlement._cancel(self.reason)
        else:
            settlement._undo(self.reason, failed=True)
        return {"type": "ir.actions.act_window_close"}
