# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class WineShareVerification(models.Model):
    """Who looked at which documents of a partner and found it to be who it says it is.

    Written once with every verification and every withdrawal of one; the account shows the last.
    """

    _name = "wine.share.verification"
    _description = "Verification of a partner"
    _inherit = "wine.reach"
    _order = "id desc"

    account_id = fields.Many2one(
        "wine.share.account", required=True, readonly=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(related="account_id.partner_id", store=True, index=True)
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    decision = fields.Selection(
        [("verified", "Verified"), ("withdrawn", "Verification withdrawn")],
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one("res.users", "Who", required=True, readonly=True, ondelete="restrict")
    moment = fields.Datetime("When", required=True, readonly=True, default=fields.Datetime.now)
    identity_seen = fields.Boolean("Identity or registration seen", readonly=True)
    tax_seen = fields.Boolean("Tax number seen", readonly=True)
    bank_seen = fields.Boolean("Bank document seen", readonly=True)
    note = fields.Char(readonly=True)
    attachment_ids = fields.Many2many("ir.attachment", string="Documents", readonly=True)

    def write(self, vals):
        self.check_access("write")
        if self:
            raise UserError(self.env._("What was verified stays as it was written."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What was verified stays as it was written."))


class WineShareAccount(models.Model):
    """Verification: by finance, with documents, by nobody who belongs to the partner."""

    _inherit = "wine.share.account"

    verification_ids = fields.One2many("wine.share.verification", "account_id", readonly=True)
    withdrawal_ids = fields.One2many("wine.share.withdrawal", "account_id", readonly=True)

    def action_open_verify(self):
        """The screen on which a partner is verified, or the verification withdrawn."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Verification of %s", self.partner_id.name),
            "res_model": "wine.share.verify",
            "view_mode": "form",
            "target": "new",
            "context": {"default_account_id": self.id},
        }

    def _verify(self, values):
        """Verify the partner of this account, for all its accounts in the company.

        :param dict values: what was seen, ``note`` and ``attachment_ids`` of the verification
        :raise AccessError: not finance; :raise UserError: one's own partner
        """
        self.ensure_one()
        self._check_verifier()
        accounts = self.sudo().search(
            [
                ("kind", "=", "party"),
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("verified", "=", False),
            ]
        )
        accounts._note_verification({**values, "decision": "verified"})
        accounts._set_verified()

    def _withdraw_verification(self, reason):
        """Take the verification back: nothing is paid to the partner until it is verified again."""
        self.ensure_one()
        self._check_verifier()
        accounts = self.sudo().search(
            [
                ("kind", "=", "party"),
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("verified", "=", True),
            ]
        )
        accounts._note_verification({"decision": "withdrawn", "note": reason})
        accounts._set_verified(False)

    def _note_verification(self, values):
        seen = (
            self.env["wine.share.verification"]
            .sudo()
            .create(
                [{**values, "account_id": account.id, "user_id": self.env.uid} for account in self]
            )
        )
        # who reads the verification reads its documents, not only who uploaded them
        uploaded = seen.attachment_ids.filtered(  # those of other records stay with these
            lambda one: not one.res_id or one.res_model == "wine.share.verify"
        )
        if uploaded:
            uploaded.write({"res_model": seen._name, "res_id": seen[0].id, "public": False})

    def _check_verifier(self):
        self.check_access("read")
        user = self.env.user
        if not user.has_groups("wine_vending.group_wine_finance,wine_vending.group_wine_admin"):
            raise AccessError(self.env._("Partners are verified by finance. Ask there."))
        if self.kind != "party":
            raise UserError(self.env._("Only partners are verified, not the company itself."))
        if user.partner_id.commercial_partner_id == self.partner_id.commercial_partner_id:
            raise UserError(
                self.env._(
                    "You belong to %s and do not verify it. Ask a colleague.", self.partner_id.name
                )
            )
