# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import AccessError

#: kind of difference, or its first word → kind of its case, where it has none of its own already
CASE_KINDS = {
    "order": "recon_order",
    "payment": "recon_payment",
    "session_payment": "recon_payment",
    "bank": "recon_payment",
    "share": "recon_share",
    "session_income": "recon_books",
    "session_open": "recon_books",
    "invoice": "recon_books",
    "accrual": "recon_books",
    "counter": "recon_order",
    "cash": "recon_payment",
}
#: whoever closes one of these accepts that money or books differ
MONEY_KINDS = ("recon_payment", "recon_share", "recon_books", "share_orphan", "share_payout")


class WineCase(models.Model):
    """Cases of reconciliation: each is one difference of one day."""

    _inherit = "wine.case"

    kind = fields.Selection(
        selection_add=[
            ("recon_order", "Sale and order differ"),
            ("recon_payment", "Order and payment differ"),
            ("recon_share", "Sale and shares differ"),
            ("recon_books", "Books and sales differ"),
        ],
        ondelete={
            "recon_order": "cascade",
            "recon_payment": "cascade",
            "recon_share": "cascade",
            "recon_books": "cascade",
        },
    )
    difference_ids = fields.One2many(
        "wine.share.difference", "case_id", "Differences", readonly=True
    )

    def action_view_difference(self):
        """The difference that this case is about."""
        self.ensure_one()
        self.check_access("read")
        if self.difference_ids:
            return self.difference_ids[0]._open_one(self.difference_ids[0])
        return False

    def _close(self, words):
        """Whoever closes the case of a difference accepts it as it is."""
        self._check_money_decider()
        result = super()._close(words)
        lines = self.sudo().difference_ids.filtered(lambda line: line.state == "open")
        lines._accept()
        lines.reconciliation_id._conclude()
        return result

    def _check_money_decider(self):
        """:raise AccessError: a difference of money or books, and the user is not finance"""
        money = self.filtered(lambda case: case.state == "open" and case.kind in MONEY_KINDS)
        if not money or self.env.su:
            return
        if not self.env.user.has_group("wine_vending.group_wine_finance"):
            raise AccessError(
                self.env._(
                    "%s is about payments, shares or books and is closed by finance. Ask there.",
                    money[0].name,
                )
            )
