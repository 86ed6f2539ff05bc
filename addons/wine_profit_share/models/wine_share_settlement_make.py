# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: these settlements move no money any more
ENDED = ("cancelled", "failed")


class WineShareSettlement(models.Model):
    """From available lines to a settlement that waits for approval."""

    _inherit = "wine.share.settlement"

    withdrawal_id = fields.Many2one(
        "wine.share.withdrawal", readonly=True, index="btree_not_null", ondelete="restrict"
    )

    _one_per_withdrawal = models.UniqueIndex(
        "(withdrawal_id) WHERE withdrawal_id IS NOT NULL AND state NOT IN ('cancelled', 'failed')",
        "This withdrawal has its settlement already.",
    )

    @api.model
    def _settle(self, account, amount=None, **values):
        """Set lines of ``account`` aside and make their settlement.

        :param account: ``wine.share.account`` of kind party
        :param float amount: exactly so much; None takes what is available
        :return: ``wine.share.settlement`` in state draft, empty where nothing is to be paid
        :raise UserError: less than ``amount`` is available, or fees and taxes eat it up
        """
        account = account.sudo()
        terms = values.pop("terms", None) or account._payout_terms()
        entries = self.env["wine.share.entry"]._take_available(account, amount)
        gross = account.currency_id.round(sum(entries.mapped("amount")))
        least = terms.minimum if amount is None else 0
        if not entries or gross <= 0 or account.currency_id.compare_amounts(gross, least) < 0:
            entries._release_back()
            return self.browse()
        return self._make(account, entries, terms, **values)

    @api.model
    def _from_withdrawal(self, withdrawal):
        """The settlement of an approved withdrawal: of the lines set aside for it, approved.

        Calling it again gives the settlement that is there already.

        :param withdrawal: ``wine.share.withdrawal`` whose ``entry_ids`` are settling
        :return: ``wine.share.settlement``
        """
        withdrawal = withdrawal.sudo()
        live = self.sudo().search(
            [("withdrawal_id", "=", withdrawal.id), ("state", "not in", ENDED)], limit=1
        )
        if live:
            return live
        settlement = self._make(
            withdrawal.account_id,
            withdrawal.entry_ids,
            withdrawal.account_id._payout_terms(),
            withdrawal_id=withdrawal.id,
            partner_bank_id=withdrawal.partner_bank_id.id,
        )
        withdrawal._write_flow({"settlement_id": settlement.id})
        settlement._approve()
        return settlement

    @api.model
    def _make(self, account, entries, terms, **values):
        """A settlement in state draft of entries that are set aside already."""
        account = account.sudo()
        if account.kind != "party":
            raise UserError(self.env._("Only partners are paid; the company's own part stays."))
        settlement = self.sudo().create(
            {
                "account_id": account.id,
                "terms_id": terms.id,
                "method": terms.method,
                "platform_id": terms.platform_id.id,
                "partner_bank_id": account._payout_bank().id,
                "date_from": min(entries.mapped("date")),
                "date_to": max(entries.mapped("date")),
                "entry_count": len(entries),
                **terms._payout(account, sum(entries.mapped("amount"))),
                **values,
            }
        )
        entries.sudo().write({"settlement_id": settlement.id})
        return settlement


class WineShareAccount(models.Model):
    """What an account is paid by."""

    _inherit = "wine.share.account"

    terms_id = fields.Many2one(
        "wine.share.terms",
        "Payout terms",
        check_company=True,
        readonly=True,
        help="Empty: the first of the terms of the roles that this partner has.",
    )
    settlement_ids = fields.One2many("wine.share.settlement", "account_id", "Settlements")

    def _payout_terms(self):
        """The terms that pay this account: its own, else the first of those of its roles.

        :raise UserError: the company has none for any of its roles
        """
        self.ensure_one()
        account = self.sudo()
        terms = account.terms_id or account._terms_of_roles().get(account.id)
        if not terms:
            raise UserError(
                self.env._(
                    "%(company)s has no payout terms for the roles of %(partner)s. Add them in "
                    "Payout terms.",
                    company=account.company_id.name,
                    partner=account.partner_id.name,
                )
            )
        return terms

    def _terms_of_roles(self):
        """dict account id → the first of the terms of the roles in its entries."""
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (entry.account_id) entry.account_id, terms.id
                     FROM wine_share_entry entry
                     JOIN wine_share_terms terms ON terms.company_id = entry.company_id
                          AND terms.role = entry.role
                    WHERE entry.account_id IN %s
                 ORDER BY entry.account_id, terms.sequence, terms.id""",
                tuple(self.ids),
            )
        )
        Terms = self.env["wine.share.terms"].sudo()
        return {account: Terms.browse(terms) for account, terms in rows}

    def _payout_bank(self):
        """The bank account to which this partner is paid, empty where none may be used now."""
        partner = self.partner_id.commercial_partner_id | self.partner_id
        banks = partner.sudo().bank_ids.filtered(
            lambda bank: not bank.company_id or bank.company_id == self.company_id
        )
        usable = banks.filtered(lambda bank: not bank._wine_payout_obstacle(self.company_id))
        return (usable or banks)[:1]
