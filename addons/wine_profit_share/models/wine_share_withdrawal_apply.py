# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models


class WineShareWithdrawal(models.Model):
    """Applying for money, and taking the application back."""

    _inherit = "wine.share.withdrawal"

    @api.model
    def _apply(self, account, amount, bank):
        """Apply for money of an account; the amount is reserved at once.

        The caller has checked that the user may speak for the account.

        :param account: wine.share.account of kind party
        :param amount: in the currency of the account
        :param bank: res.partner.bank of the account's partner
        :return: the withdrawal, to be reviewed
        :raise UserError: below the minimum, above what is available, another one open, …
        """
        withdrawal = self.sudo().create(
            {
                "account_id": account.id,
                "amount": account.currency_id.round(amount),
                "partner_bank_id": bank.id,
            }
        )
        withdrawal._submit()
        return withdrawal

    def _submit(self):
        """Reserve the money and let the review begin."""
        raise NotImplementedError

    def _cancel(self, reason=None):
        """The partner takes its application back, as long as it is not approved.

        :raise UserError: it has been decided already
        """
        raise NotImplementedError
