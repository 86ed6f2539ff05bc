# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.tools import SQL

#: who looks at partners and their bank accounts, and who decides, in the demo
LOOKS, DECIDES = "platform", "finance"
#: what the partner with a login asks for of what is available
PART = 0.4
NUMBER = "40021%05d7"


class WineMachine(models.Model):
    """Two months of shares behind the two months of trade of the demo.

    Partners were looked at but for one, statements of the months that are over are issued, an
    operator was paid and another one waits for approval, the host has applied for money, every day
    that is over was compared. All through the same doors as in a real company.
    """

    _inherit = "wine.machine"

    @api.model
    def _demo_history(self, *args, **kwargs):
        taken = super()._demo_history(*args, **kwargs)
        if taken:
            self.env["wine.share.account"]._demo_shares()
        return taken


class WineShareAccount(models.Model):
    _inherit = "wine.share.account"

    @api.model
    def _demo_shares(self):
        """Let what belongs to the demo's shares have happened."""
        parties = self.sudo().search([("kind", "=", "party")], order="id")
        if not parties:
            return
        self._demo_look(parties[:-1])
        self.env["wine.share.entry"]._cron_release()
        self.env["wine.share.accrual"]._cron_accrue()
        self.env["wine.share.statement"]._cron_issue()
        self._demo_pay(parties)
        self._demo_apply(parties)
        self.env["wine.share.reconciliation"]._cron_reconcile()

    def _demo_look(self, accounts):
        """Partners have a bank account and were verified, a month ago."""
        looks = self.env["res.users"].search([("login", "=", LOOKS)])
        for number, account in enumerate(accounts):
            partner = account.partner_id
            if not partner.bank_ids:
                self.env["res.partner.bank"].with_user(looks).create(
                    {
                        "acc_number": NUMBER % number,
                        "partner_id": partner.id,
                        "allow_out_payment": True,
                    }
                )
            if not account.verified:
                seen = {"identity_seen": True, "tax_seen": True, "bank_seen": True}
                account.with_user(looks)._verify(seen)
        self.env.flush_all()
        for table in ("wine_share_bank_change", "wine_share_verification"):
            self.env.execute_query(
                SQL(
                    "UPDATE %s SET moment = moment - INTERVAL '30 days' RETURNING id",
                    SQL.identifier(table),
                )
            )
        self.env.invalidate_all()

    def _demo_pay(self, parties):
        """One operator is paid, another one's settlement waits for finance."""
        operators = self.env["wine.region"].search([("operator_partner_id", "!=", False)])
        operators = operators.operator_partner_id
        accounts = parties.filtered(lambda one: one.partner_id in operators and one.available > 0)
        decides = self.env["res.users"].search([("login", "=", DECIDES)])
        for number, account in enumerate(accounts[:2]):
            settlement = self.env["wine.share.settlement"]._settle(account)
            if number == 0 and settlement:
                settlement.with_user(decides).action_approve()
                settlement.with_user(decides).action_mark_paid()

    def _demo_apply(self, parties):
        """Whoever has a login of the portal asks for some of the money."""
        for user in self.env["res.users"].search([("share", "=", True)]):
            account = parties.filtered(
                lambda one, user=user: one.partner_id == user.partner_id.commercial_partner_id
            )[:1]
            amount = account.currency_id.round(account.available * PART) if account else 0
            if amount > 1 and account.verified:
                self.env["wine.share.withdrawal"].with_user(user).sudo()._apply(
                    account, amount, account.partner_id.bank_ids[:1]
                )
