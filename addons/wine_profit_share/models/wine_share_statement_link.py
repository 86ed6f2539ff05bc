# SPDX-License-Identifier: LGPL-3.0-or-later
"""What stands on a statement, and that it stands there once."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class WineShareEntry(models.Model):
    """On which statement an entry stands; stamped once, by issuing it."""

    _inherit = "wine.share.entry"

    statement_id = fields.Many2one(
        "wine.share.statement", readonly=True, copy=False, index="btree_not_null"
    )

    _unstated = models.Index("(account_id, date) WHERE statement_id IS NULL")


class WineShareSettlement(models.Model):
    """Whether the statements issued so far say that this settlement was paid."""

    _inherit = "wine.share.settlement"

    stated = fields.Boolean("On a statement", readonly=True, copy=False)

    def _stated_on(self):
        """The day of what a statement says next: paid, or come back."""
        self.ensure_one()
        moment = self.paid_at if self.state == "paid" else self.ended_at
        return (moment or self.write_date).date()


class WineShareStatementPayment(models.Model):
    """A settlement that was paid, or that came back, as a statement says it.

    A payment may be undone by the bank after a statement has said that it was paid. That statement
    stays; the next one says that the money came back.
    """

    _name = "wine.share.statement.payment"
    _description = "Settlement on a statement"
    _inherit = "wine.reach"
    _order = "date, id"
    _rec_name = "settlement_id"

    statement_id = fields.Many2one(
        "wine.share.statement", required=True, readonly=True, index=True, ondelete="restrict"
    )
    settlement_id = fields.Many2one(
        "wine.share.settlement", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="statement_id.company_id", store=True)
    currency_id = fields.Many2one(related="statement_id.currency_id")
    date = fields.Date(required=True, readonly=True)
    amount = fields.Monetary(
        required=True, readonly=True, help="Settled; negative where the money came back."
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A statement has been issued and stays."))
