# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """Where the shares of the chosen company are booked."""

    _inherit = "res.config.settings"

    wine_share_journal_id = fields.Many2one(
        related="company_id.wine_share_journal_id", readonly=False
    )
    wine_share_expense_account_id = fields.Many2one(
        related="company_id.wine_share_expense_account_id", readonly=False
    )
    wine_share_payable_account_id = fields.Many2one(
        related="company_id.wine_share_payable_account_id", readonly=False
    )
    wine_share_clearing_account_id = fields.Many2one(
        related="company_id.wine_share_clearing_account_id", readonly=False
    )
    wine_share_withholding_account_id = fields.Many2one(
        related="company_id.wine_share_withholding_account_id", readonly=False
    )
    wine_share_fee_account_id = fields.Many2one(
        related="company_id.wine_share_fee_account_id", readonly=False
    )
    wine_share_pay_journal_id = fields.Many2one(
        related="company_id.wine_share_pay_journal_id", readonly=False
    )
    wine_share_bill_journal_id = fields.Many2one(
        related="company_id.wine_share_bill_journal_id", readonly=False
    )
