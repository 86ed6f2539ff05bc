# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class WineShareTerms(models.Model):
    """When the next settlement is due, and what of the shares arrives."""

    _inherit = "wine.share.terms"

    next_date = fields.Date(
        "Next on",
        compute="_compute_next_date",
        store=True,
        readonly=False,
        help="Automatic settlement is due on this day.",
    )

    @api.depends("period", "weekday", "monthday")
    def _compute_next_date(self):
        for terms in self:
            terms.next_date = terms._next_after(fields.Date.today())

    def _next_after(self, day):
        """The first day after ``day`` on which a settlement is due; False where none ever is."""
        self.ensure_one()
        if self.period == "none":
            return False
        day += timedelta(days=1)
        if self.period == "weekly":
            return day + timedelta(days=(int(self.weekday or 0) - day.weekday()) % 7)
        if self.period == "monthly":
            this = day.replace(day=self.monthday)
            return this if this >= day else fields.Date.add(this, months=1)
        return day

    @api.constrains("tax_ids", "method")
    def _check_taxes(self):
        for terms in self:
            added = terms.tax_ids.filtered(lambda tax: tax.amount_type == "group" or tax.amount > 0)
            if terms.method == "payment" and added:
                raise ValidationError(
                    self.env._(
                        "%(terms)s is paid without a bill: only taxes with a negative rate can be "
                        "withheld, %(tax)s is none. Choose a self-billing bill instead.",
                        terms=terms.display_name,
                        tax=added[0].name,
                    )
                )
            if terms.method == "bill":
                terms._check_tax_accounts()

    def _check_tax_accounts(self):
        """Without an account of its own, Odoo would book the tax of a bill as a share."""
        for tax in self.tax_ids.flatten_taxes_hierarchy():
            parts = tax.invoice_repartition_line_ids + tax.refund_repartition_line_ids
            if parts.filtered(lambda part: part.repartition_type == "tax" and not part.account_id):
                raise ValidationError(
                    self.env._(
                        "Tax %(tax)s of %(terms)s has no account. Set one in its definition, for "
                        "invoices and for refunds; else it cannot stand on a bill.",
                        tax=tax.name,
                        terms=self.display_name,
                    )
                )

    def _payout(self, account, gross):
        """What is added, withheld and kept of ``gross``, each rounded to the currency.

        :return: dict gross, tax, withholding, fees, net
        :raise UserError: nothing would be left to pay
        """
        self.ensure_one()
        currency = account.currency_id
        gross = currency.round(gross)
        taxes = [tax["amount"] for tax in self._taxes_of(account, gross)]
        added = currency.round(sum(amount for amount in taxes if amount > 0))
        withheld = currency.round(-sum(amount for amount in taxes if amount < 0))
        fees = currency.round(self._fee_of(account, gross))
        net = currency.round(gross + added - withheld - fees)
        if currency.compare_amounts(net, 0) <= 0:
            raise UserError(
                self.env._(
                    "Of %(gross)s for %(partner)s nothing is left after taxes and fees of "
                    "%(taken)s. Raise the minimum payout of %(terms)s.",
                    gross=currency.format(gross),
                    partner=account.partner_id.name,
                    taken=currency.format(withheld + fees),
                    terms=self.display_name,
                )
            )
        return {"gross": gross, "tax": added, "withholding": withheld, "fees": fees, "net": net}

    def _taxes_of(self, account, gross):
        """What Odoo's own taxes say of ``gross``: list of dicts as of ``compute_all``."""
        if not self.tax_ids:
            return []
        result = self.tax_ids.with_company(self.company_id).compute_all(
            gross,
            currency=account.currency_id,
            partner=account.partner_id,
            handle_price_include=False,
        )
        return result["taxes"]

    def _fee_of(self, account, gross):
        """The fee, in the currency of the account; the fixed part is in the company's."""
        fixed = self.currency_id._convert(
            self.fee_fixed, account.currency_id, self.company_id, fields.Date.today()
        )
        return fixed + gross * self.fee_percent / 100
