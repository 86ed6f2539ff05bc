# SPDX-License-Identifier: LGPL-3.0-or-later
"""How far a sale has been given back, and what one more refund takes from whom."""

from dataclasses import dataclass

from .reversal import take_back


@dataclass(slots=True)
class GivingBack:
    """One sale and its shares; amounts are minor units, those of the order in its own currency."""

    shares: list  #: what each receiver got, as posted
    paid: int  #: what the consumer paid for it
    whole: int  #: net of tax
    given_paid: int = 0  #: money that earlier refunds gave back
    given_net: int = 0  #: net of tax, never more than ``whole``

    def refund(self, paid, net):
        """Take one more refund.

        The net amounts of several refunds, each rounded by itself, need not come to the net amount
        of the sale: the last one takes whatever is left, so that everybody ends at nothing.

        :return: list[int], what is taken from each share
        """
        before = self.given_net
        self.given_paid += paid
        now = max(min(before + net, self.whole), before)  # what is odd is the company's affair
        if self.given_paid >= self.paid:
            now = self.whole
        self.given_net = now
        if self.whole <= 0:
            return [0] * len(self.shares)
        return take_back(self.shares, self.whole, before, now)
