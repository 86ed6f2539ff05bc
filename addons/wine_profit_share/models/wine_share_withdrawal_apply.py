# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import formatLang

from .wine_share_withdrawal import TO_DECIDE


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
        :raise UserError: below the minimum, above what is available, another one under review, …
        """
        account = account.sudo()
        account._lock()
        amount = account.currency_id.round(amount)
        self._check_partner(account)
        self._check_amount(account, amount)
        withdrawal = self.sudo().create(
            {"account_id": account.id, "amount": amount, "partner_bank_id": bank.id}
        )
        withdrawal._submit()
        return withdrawal

    def action_submit(self):
        """Submit what finance prepared on behalf of a partner.

        :raise AccessError: the user may not change withdrawals
        """
        self.check_access("write")
        self._check_finance()
        for one in self.filtered(lambda w: w.state == "draft"):
            if one._stands_for(self.env.user):
                raise UserError(
                    self.env._(
                        "You belong to %s. Apply in the portal, as every partner does.",
                        one.partner_id.name,
                    )
                )
            one.sudo()._submit()

    def _submit(self):
        """Reserve the money and let the review begin; who submits is who applied.

        :raise UserError: what hinders it, and what to do
        """
        self.ensure_one()
        account = self.account_id
        account._lock()
        self._check_partner(account)
        self._check_amount(account, self.amount)
        self._check_application()
        entries = self.env["wine.share.entry"].sudo()._take_available(account, self.amount)
        self._set_state(
            "submitted",
            user_id=self.env.uid,
            submitted_at=fields.Datetime.now(),
            entry_ids=[Command.set(entries.ids)],
            step_ids=[Command.set(self._steps_needed().ids)],
            bank_print=self.partner_bank_id._wine_print(),
            bank_number=self.partner_bank_id.acc_number,
        )
        self._check_whole()
        self._note("submit")
        self._tell("mail_withdrawal_submitted")
        self._announce()

    def _steps_needed(self):
        """:raise UserError: nobody reviews such a withdrawal"""
        company = self.company_id
        amount = self.currency_id._convert(
            self.amount, company.currency_id, company, fields.Date.context_today(self)
        )
        steps = self.env["wine.share.review.step"]._steps_for(company, amount)
        if not steps:
            raise UserError(
                self.env._(
                    "%s has no review step for this amount. The platform administrator sets one "
                    "under Configuration / Review steps.",
                    company.name,
                )
            )
        return steps

    # === WHAT HINDERS AN APPLICATION === #

    @api.model
    def _check_partner(self, account):
        """:raise UserError: the company itself, or a partner whom nobody has verified"""
        if account.kind != "party":
            raise UserError(self.env._("The company does not withdraw its own part."))
        if not account.verified:
            raise UserError(
                self.env._(
                    "%s has not been verified yet. Finance needs the documents first.",
                    account.partner_id.name,
                )
            )

    @api.model
    def _check_amount(self, account, amount):
        """:raise UserError: too little, or more than is available; in the reader's figures"""
        company, currency = account.company_id, account.currency_id
        least = company.currency_id._convert(
            company.share_withdrawal_min, currency, company, fields.Date.context_today(self)
        )
        if currency.compare_amounts(amount, max(least, currency.rounding)) < 0:
            raise UserError(
                self.env._("Apply for at least %s.", self._money(max(least, 0), currency))
            )
        if currency.compare_amounts(amount, account.available) > 0:
            raise UserError(
                self.env._(
                    "%(available)s of %(partner)s is available, less than %(amount)s. Apply for "
                    "less, or wait until what is held becomes available.",
                    available=self._money(account.available, currency),
                    partner=account.partner_id.name,
                    amount=self._money(amount, currency),
                )
            )

    def _check_application(self):
        account, bank = self.account_id, self.partner_bank_id
        if not bank.active or (
            bank.partner_id.commercial_partner_id != account.partner_id.commercial_partner_id
        ):
            raise UserError(
                self.env._(
                    "Bank account %(number)s is not one of %(partner)s. Choose one that is.",
                    number=bank.acc_number,
                    partner=account.partner_id.name,
                )
            )
        other = self.search(
            [
                ("account_id", "=", account.id),
                ("state", "in", TO_DECIDE),
                ("id", "!=", self.id),
            ],
            limit=1,
        )
        if other:
            raise UserError(
                self.env._(
                    "%s is being reviewed already. Wait until it is decided, or cancel it.",
                    other.name,
                )
            )

    def _check_whole(self):
        """:raise UserError: the entries are not the amount; nothing is reserved then"""
        total = sum(self.entry_ids.mapped("amount"))
        if self.currency_id.compare_amounts(total, self.payout) != 0:
            raise UserError(
                self.env._(
                    "The entries of %(name)s add up to %(sum)s, not to %(amount)s. Nothing was "
                    "reserved; tell the platform administrator.",
                    name=self.name,
                    sum=self._money(total, self.currency_id),
                    amount=self._money(self.payout, self.currency_id),
                )
            )

    # === TAKING IT BACK === #

    def _cancel(self, reason=None):
        """The partner takes its application back, as long as it is not approved.

        The caller has checked that the user may speak for the account.

        :raise UserError: it has been decided already
        """
        for one in self.sudo():
            one._lock_row()
            if one.state not in ("draft", *TO_DECIDE):
                raise UserError(
                    self.env._(
                        "%(name)s is decided already: %(state)s. Ask finance.",
                        name=one.name,
                        state=one._state_name(),
                    )
                )
            one._give_up("cancelled", "cancel", reason)

    def _give_up(self, state, decision, reason):
        """Put the money back to what is available, under the lock of the withdrawal."""
        self.account_id._lock()
        settling = self.entry_ids.filtered(lambda entry: entry.state == "settling")
        settling.sudo()._release_back()
        self._set_state(state, reason=reason, decided_at=fields.Datetime.now())
        self._note(decision, reason)
        self._announce()

    # === SMALL THINGS === #

    def _lock_row(self):
        """Hold this withdrawal to the end; who comes second sees what the first one did.

        The row is written, not only locked: a transaction that began before is refused (40001) and
        run again by Odoo, on what is then true.
        """
        self.ensure_one()
        self.flush_recordset()
        self.env.cr.execute(
            "UPDATE wine_share_withdrawal SET approvals = COALESCE(approvals, 0) WHERE id = %s",
            [self.id],
        )
        self.invalidate_recordset()

    def _note(self, decision, reason=None, step=None):
        self.env["wine.share.review"].sudo().create(
            {
                "withdrawal_id": self.id,
                "step_id": step.id if step else False,
                "user_id": self.env.uid,
                "decision": decision,
                "reason": reason or False,
                "amount": self.payout,
                "bank_number": self.partner_bank_id.acc_number,
            }
        )

    def _check_finance(self):
        """:raise AccessError: the user is neither finance nor platform administrator"""
        if not self.env.user.has_groups(
            "wine_vending.group_wine_finance,wine_vending.group_wine_admin"
        ):
            raise AccessError(self.env._("Withdrawals are decided by finance. Ask there."))

    def _state_name(self):
        return dict(self._fields["state"]._description_selection(self.env))[self.state]

    @api.model
    def _money(self, amount, currency):
        return formatLang(self.env, amount, currency_obj=currency)
