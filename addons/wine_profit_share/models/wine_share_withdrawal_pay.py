# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineShareWithdrawal(models.Model):
    """What became of the money, as the settlement in the books says, and who is told."""

    _inherit = "wine.share.withdrawal"

    def _follow_settlement(self, target, reason):
        """Go where the settlement went; going there again changes nothing."""
        if target == "paid":
            moved = self._set_state("paid", paid_at=fields.Datetime.now())
            decision, template = "pay", "mail_withdrawal_paid"
        elif target == "approved":
            self.filtered(lambda one: one.state == "paid")._set_state("approved", paid_at=False)
            return
        elif target in ("cancelled", "failed"):
            moved = self._set_state("cancelled", reason=reason, paid_at=False)
            decision = "cancel" if target == "cancelled" else "fail"
            template = "mail_withdrawal_cancelled"
        else:
            return
        for one in moved:
            one._note(decision, reason)
            one._tell(template)
            one._announce()

    def action_open_settlement(self):
        """The settlement in the books."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "wine.share.settlement",
            "view_mode": "form",
            "res_id": self.settlement_id.id,
        }

    def action_open_entries(self):
        """The ledger entries that this amount consists of."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Entries of %s", self.name),
            "res_model": "wine.share.entry",
            "view_mode": "list,form",
            "domain": [("id", "in", self.entry_ids.ids)],
        }

    # === TELLING === #

    def _tell(self, template):
        """Write to the partner in its own language; without an address it is in the portal."""
        template = self.env.ref(f"wine_profit_share.{template}", raise_if_not_found=False)
        for one in self.sudo() if template else ():
            if one.partner_id.email:
                template.sudo().send_mail(one.id, email_layout_xmlid="mail.mail_notification_light")

    def _bank_masked(self):
        return self.partner_bank_id._wine_masked()

    def _portal_url(self):
        return f"{self.get_base_url()}/my/share/withdrawals"

    def _announce(self):
        """Screens of finance that are open read their numbers again, once this is committed."""
        finance = self.env.ref("wine_vending.group_wine_finance").sudo()
        self.env["bus.bus"].sudo()._sendone((finance, "wine_machines"), "wine_share_todo", {})


class WineShareSettlement(models.Model):
    """A settlement that pays a withdrawal takes it along."""

    _inherit = "wine.share.settlement"

    def _set_state(self, target, **values):
        moved = super()._set_state(target, **values)
        if moved:
            withdrawals = (
                self.env["wine.share.withdrawal"]
                .sudo()
                .search([("settlement_id", "in", moved.ids)])
            )
            for one in withdrawals:
                one._follow_settlement(target, one.settlement_id.reason)
        return moved
