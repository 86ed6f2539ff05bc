# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResCompany(models.Model):
    """How much a partner applies for at least, and how long what is new has to wait."""

    _inherit = "res.company"

    share_withdrawal_min = fields.Monetary("Smallest withdrawal", default=10)
    share_bank_cooldown = fields.Integer(
        "Wait after a change of the bank account (days)",
        default=3,
        help="An account that is new or changed is paid to only after so many days.",
    )
    share_verify_gap = fields.Integer(
        "Verifier does not approve for (days)",
        default=7,
        help="Who verified a partner does not approve its withdrawals for so many days.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    share_withdrawal_min = fields.Monetary(
        related="company_id.share_withdrawal_min", readonly=False
    )
    share_bank_cooldown = fields.Integer(related="company_id.share_bank_cooldown", readonly=False)
    share_verify_gap = fields.Integer(related="company_id.share_verify_gap", readonly=False)
