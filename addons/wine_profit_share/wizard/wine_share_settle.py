# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError


class WineShareSettle(models.TransientModel):
    """Settle one account now: how much, by which terms, and what arrives."""

    _name = "wine.share.settle"
    _description = "Settle an account"
    _inherit = ["wine.guide"]

    account_id = fields.Many2one("wine.share.account", required=True, readonly=True)
    company_id = fields.Many2one(related="account_id.company_id")
    currency_id = fields.Many2one(related="account_id.currency_id")
    available = fields.Monetary(related="account_id.available")
    amount = fields.Monetary(compute="_compute_amount", store=True, precompute=True, readonly=False)
    terms_id = fields.Many2one(
        "wine.share.terms",
        required=True,
        compute="_compute_terms",
        store=True,
        precompute=True,
        readonly=False,
        domain="[('company_id', '=', company_id)]",
    )
    keep_terms = fields.Boolean("Use these terms from now on")
    tax = fields.Monetary("Tax added", compute="_compute_payout")
    withholding = fields.Monetary("Withheld", compute="_compute_payout")
    fees = fields.Monetary(compute="_compute_payout")
    net = fields.Monetary("Paid out", compute="_compute_payout")
    problem = fields.Char(compute="_compute_payout")

    @api.depends("account_id")
    def _compute_amount(self):
        for guide in self:
            guide.amount = guide.account_id.available

    @api.depends("account_id")
    def _compute_terms(self):
        for guide in self:
            guide.terms_id = guide.account_id._payout_terms() if guide.account_id else False

    @api.depends("amount", "terms_id")
    def _compute_payout(self):
        for guide in self:
            guide.update({"tax": 0, "withholding": 0, "fees": 0, "net": 0, "problem": False})
            if not guide.account_id or not guide.terms_id:
                continue
            try:
                parts = guide.terms_id.sudo()._payout(guide.account_id, guide.amount)
            except UserError as error:
                guide.problem = str(error)
                continue
            parts.pop("gross")
            guide.update(parts)
            if guide.currency_id.compare_amounts(guide.amount, guide.available) > 0:
                guide.problem = self.env._("Only %s is available.", guide._available_text())

    def _available_text(self):
        return self.currency_id.format(self.available)

    def action_settle(self):
        """Make the settlement, to be approved."""
        self.ensure_one()
        Settlement = self.env["wine.share.settlement"]
        Settlement._check_finance()
        if self.terms_id.company_id != self.company_id:
            raise UserError(self.env._("These are terms of another company. Choose others."))
        account = self.account_id.sudo()
        if self.keep_terms:
            account.terms_id = self.terms_id
        settlement = Settlement._settle(account, self.amount, terms=self.terms_id.sudo())
        return {
            "type": "ir.actions.act_window",
            "res_model": "wine.share.settlement",
            "view_mode": "form",
            "res_id": settlement.id,
        }
