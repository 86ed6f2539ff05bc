# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

#: kind of entry → the sum of a statement in which it is
SUM_OF = {
    "sale": "earned",
    "split": "earned",
    "reversal": "reversed",
    "rent": "other",
    "adjustment": "other",
}


class WineShareStatement(models.Model):
    """What one partner earned in one month, and what of it was paid.

    A statement takes every entry of its account with a business date up to its last day that no
    statement took before, and every settlement paid (or come back) by then. So each entry stands on
    exactly one statement: what a machine reported late, after its month was stated, stands on the
    next one, marked as late. Nothing of an issued statement changes afterwards.

    ``closing`` = ``opening`` + ``earned`` + ``reversed`` + ``other`` − ``settled``, and the closing
    of one is the opening of the next. What is owed to the partner now is therefore the closing of
    the last statement and what came since.

    The cron issues last month's statements a few days into the month, account by account in the
    order of time, and tells the partner. Done twice, it does nothing: one statement per account and
    first day, and the account is locked meanwhile.
    """

    _name = "wine.share.statement"
    _description = "Statement of a share partner"
    _inherit = ["mail.thread", "wine.reach"]
    _order = "date_from desc, id desc"

    name = fields.Char("Number", required=True, readonly=True, copy=False, default="/")
    account_id = fields.Many2one(
        "wine.share.account", required=True, readonly=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        "res.partner", related="account_id.partner_id", store=True, index=True
    )
    company_id = fields.Many2one("res.company", related="account_id.company_id", store=True)
    currency_id = fields.Many2one("res.currency", related="account_id.currency_id", store=True)
    date_from = fields.Date("From", required=True, readonly=True)
    date_to = fields.Date("To", required=True, readonly=True)
    issued_at = fields.Datetime("Issued", readonly=True)
    opening = fields.Monetary(readonly=True, help="Owed before this period.")
    earned = fields.Monetary(readonly=True, help="Shares of sales.")
    reversed = fields.Monetary("Taken back", readonly=True, help="Shares of refunded sales.")
    other = fields.Monetary("Rent, adjustments", readonly=True)
    settled = fields.Monetary(
        readonly=True, help="Settled in this period: paid out, with what was withheld."
    )
    closing = fields.Monetary(readonly=True, help="Owed at the end of this period.")
    closing_held = fields.Monetary(
        "Of which held",
        readonly=True,
        help="Not yet available when the statement was issued: refund window, open case, dispute.",
    )
    entry_count = fields.Integer("Lines", readonly=True)
    entry_ids = fields.One2many("wine.share.entry", "statement_id", "Entries", readonly=True)
    payment_ids = fields.One2many(
        "wine.share.statement.payment", "statement_id", "Settlements", readonly=True
    )

    _once = models.UniqueIndex(
        "(account_id, date_from)", "This account has a statement of this period already."
    )

    # === ACTIONS === #

    def action_lines(self):
        """Every entry of this statement, each one click from its vend."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Lines of %s", self.name),
            "res_model": "wine.share.entry",
            "view_mode": "list,form",
            "domain": [("statement_id", "=", self.id)],
        }

    # === CRUD === #

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A statement has been issued and stays."))
