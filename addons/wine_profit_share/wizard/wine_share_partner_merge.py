# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.exceptions import UserError


class MergePartner(models.TransientModel):
    """Merging contacts moves a share account with its entries; two accounts are not made one."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        self._check_share_accounts(src_partners | dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env.cr.execute(
            "UPDATE wine_share_entry AS entry SET partner_id = account.partner_id "
            "FROM wine_share_account AS account "
            "WHERE account.id = entry.account_id AND account.partner_id = %s "
            "AND entry.partner_id != account.partner_id",
            [dst_partner.id],
        )
        self.env["wine.share.entry"].invalidate_model()
        return result

    def _check_share_accounts(self, partners):
        """:raise UserError: more than one of the partners has earned shares"""
        Account = self.env["wine.share.account"].sudo()  # whoever merges need not see balances
        owners = Account.search([("partner_id", "in", partners.ids)]).partner_id
        if len(owners) > 1:
            raise UserError(
                self.env._(
                    "%(first)s and %(second)s both have share accounts, whose history stays apart. "
                    "Keep both contacts; name one of them in the roles and pay the other out.",
                    first=owners[0].name,
                    second=owners[1].name,
                )
            )
