# SPDX-License-Identifier: LGPL-3.0-or-later
"""Amounts of sale lines in minor units of the company's currency."""

from typing import NamedTuple

from odoo.addons.wine_vending.core.money import from_minor, to_minor


class Minors(NamedTuple):
    """Amounts of one line, minor units of the company's currency."""

    net: int
    tax: int
    discount: int
    cost: int

    @property
    def paid(self):
        return self.net + self.tax


class Exchange:
    """Reads the amounts of lines; those in a foreign currency at the rate of their business date.

    The ledger is kept in the currency of the company, as its books are.
    """

    def __init__(self, env, company):
        self.env, self.company = env, company
        self.currency = company.currency_id
        self.digits = self.currency.decimal_places
        self._rates, self._amounts, self._foreign = {}, {}, {}

    def minors(self, line):
        """:class:`Minors` of a sale line; a discount or a cost below zero counts as none."""
        if line.currency == self.currency.name:
            digits = self.digits
            return Minors(
                int(line.net.scaleb(digits)),
                int(line.tax.scaleb(digits)),
                max(int(line.discount.scaleb(digits)), 0),
                max(int(line.cost.scaleb(digits)), 0),
            )
        rate = self._rate(line)
        return Minors(
            self._convert(line.net, rate),
            self._convert(line.tax, rate),
            max(self._convert(line.discount, rate), 0),
            max(to_minor(line.cost, self.digits), 0),  # of the product, in the company's currency
        )

    def is_own(self, line):
        """Whether the line is in the company's currency."""
        return line.currency == self.currency.name

    def own(self, amount, line):
        """Minor units of an amount in the line's own currency."""
        if line.currency == self.currency.name:
            return int(amount.scaleb(self.digits))
        return to_minor(amount, self._currency(line).decimal_places)

    def amount(self, minor):
        """Minor units as the database takes them; equal amounts are made once."""
        if minor not in self._amounts:
            self._amounts[minor] = from_minor(minor, self.digits)
        return self._amounts[minor]

    def _currency(self, line):
        if line.currency not in self._foreign:
            self._foreign[line.currency] = (
                self.env["res.currency"]
                .with_context(active_test=False)
                .search([("name", "=", line.currency)], limit=1)
            )
        return self._foreign[line.currency]

    def _rate(self, line):
        key = (line.currency, line.date)
        if key not in self._rates:
            self._rates[key] = self.env["res.currency"]._get_conversion_rate(
                self._currency(line), self.currency, self.company, line.date
            )
        return self._rates[key]

    def _convert(self, amount, rate):
        return to_minor(self.currency.round(float(amount) * rate), self.digits)
