# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class WineShareVerify(models.TransientModel):
    """What was seen of a partner before its money becomes available."""

    _name = "wine.share.verify"
    _description = "Verify a partner"
    _inherit = "wine.guide"

    account_id = fields.Many2one("wine.share.account", required=True)
    partner_id = fields.Many2one(related="account_id.partner_id")
    verified = fields.Boolean(related="account_id.verified")
    verified_by_id = fields.Many2one(related="account_id.verified_by_id")
    verified_at = fields.Datetime(related="account_id.verified_at")
    held = fields.Monetary(related="account_id.held")
    currency_id = fields.Many2one(related="account_id.currency_id")
    vat = fields.Char(related="partner_id.vat")
    bank_ids = fields.Many2many("res.partner.bank", compute="_compute_bank_ids")
    history_ids = fields.One2many(related="account_id.verification_ids")
    identity_seen = fields.Boolean("I have seen the identity card or the registration")
    tax_seen = fields.Boolean("I have seen the tax number")
    bank_seen = fields.Boolean("I have seen a document of the bank account")
    attachment_ids = fields.Many2many("ir.attachment", string="Documents")
    note = fields.Char()

    @api.depends("partner_id")
    def _compute_bank_ids(self):
        for guide in self:
            guide.bank_ids = guide.partner_id.bank_ids

    def action_verify(self):
        """Verify; what is held for it becomes available.

        :raise UserError: nothing was seen
        """
        self.ensure_one()
        if not (self.identity_seen and self.tax_seen):
            raise UserError(
                self.env._(
                    "See the identity (or registration) and the tax number of %s first, and tick "
                    "what you have seen.",
                    self.partner_id.name,
                )
            )
        self.account_id._verify(
            {
                "identity_seen": self.identity_seen,
                "tax_seen": self.tax_seen,
                "bank_seen": self.bank_seen,
                "note": self.note,
                "attachment_ids": [Command.set(self.attachment_ids.ids)],
            }
        )

    def action_withdraw(self):
        """Withdraw the verification.

        :raise UserError: no reason given
        """
        self.ensure_one()
        if not (self.note or "").strip():
            raise UserError(self.env._("Say why the verification is withdrawn."))
        self.account_id._withdraw_verification(self.note.strip())
