# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class WineShareAnswer(models.TransientModel):
    """Finance answers a partner who disputes a line: it stands, or it is corrected."""

    _name = "wine.share.answer"
    _description = "Answer to a dispute"
    _inherit = "wine.guide"

    case_id = fields.Many2one("wine.case", required=True)
    entry_id = fields.Many2one("wine.share.entry", compute="_compute_entry")
    text = fields.Text(related="case_id.text")
    sentence = fields.Char(related="entry_id.sentence", string="How it was found")
    currency_id = fields.Many2one(related="entry_id.currency_id")
    posted = fields.Monetary(related="entry_id.amount", string="Posted")
    outcome = fields.Selection(
        [("stands", "The line stands"), ("corrected", "It is corrected")],
        required=True,
        default="stands",
    )
    amount = fields.Monetary(
        "Correction", help="What the partner receives more (above zero) or less (below zero)."
    )
    answer = fields.Char(required=True, help="The partner reads this.")

    @api.depends("case_id")
    def _compute_entry(self):
        for guide in self:
            guide.entry_id = guide.case_id.share_entry_ids[:1]

    def action_answer(self):
        """Close the case; a correction above the limit closes it when it has been checked."""
        self.ensure_one()
        self.case_id._check_dispute_decider()
        if self.case_id.state != "open":
            return
        if self.outcome == "corrected":
            entry = self.entry_id
            self.env["wine.share.adjustment"].sudo().create(
                {
                    "account_id": entry.account_id.id,
                    "amount": self.amount,
                    "reason": self.answer,
                    "role": entry.role,
                    "region_id": entry.region_id.id,
                    "entry_id": entry.id,
                    "case_id": self.case_id.id,
                }
            ).sudo(False).action_post()
        else:
            self.case_id._close(self.answer)
