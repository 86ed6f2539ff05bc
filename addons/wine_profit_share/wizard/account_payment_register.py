# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models
from odoo.exceptions import UserError


class AccountPaymentRegister(models.TransientModel):
    """A self-billing bill is paid to a bank account as a settlement without a bill is."""

    _inherit = "account.payment.register"

    def _create_payments(self):
        self._wine_share_check_banks()
        return super()._create_payments()

    def _wine_share_check_banks(self):
        """:raise UserError: the account may not be paid to now, or the user had a hand in it"""
        bills = self.sudo().line_ids.move_id.filtered(
            lambda move: move.wine_share_settlement_id and move.move_type == "in_invoice"
        )
        if self.env.su or not bills or self.journal_id.type != "bank":
            return
        company = bills.company_id[:1]
        for bank in self.sudo().partner_bank_id | bills.partner_bank_id:
            why = bank._wine_payout_obstacle(company)
            if not why and self.env.user in bank._wine_makers(company):
                why = self.env._(
                    "You entered, changed or checked bank account %s. Somebody else pays to it.",
                    bank.acc_number,
                )
            if why:
                raise UserError(why)
