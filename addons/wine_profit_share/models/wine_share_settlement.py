# SPDX-License-Identifier: LGPL-3.0-or-later
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .wine_share_terms import METHODS

STATES = [
    ("draft", "To approve"),
    ("approved", "On its way"),
    ("paid", "Paid"),
    ("cancelled", "Cancelled"),
    ("failed", "Came back"),
]
#: target → states from which it may be reached
STATE_FROM = {
    "approved": ("draft", "paid"),  # back from paid: the bank statement was taken apart again
    "paid": ("approved",),
    "cancelled": ("draft", "approved"),
    "failed": ("approved", "paid"),
}


class WineShareSettlement(models.Model):
    """Money on its way to one partner: which ledger lines, what is withheld, what arrives.

    **to approve** (its lines are set aside: nobody else can pay them) → **on its way** (the books
    have the payment or the bill, and what was accrued is written off against it) → **paid** (the
    bank says so). **cancelled**: taken back before it left; **came back**: the bank returned it, or
    the payment was cancelled afterwards. Either way its lines are available again and may be
    settled anew; the settlement stays and says what happened.

    The hardest path: a payment that was matched with the bank is undone weeks later, in a closed
    period. Nothing posted is touched then: a reversal of today opens the debt again.
    """

    _name = "wine.share.settlement"
    _description = "Settlement of shares"
    _inherit = ["mail.thread", "wine.reach"]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char("Number", required=True, readonly=True, copy=False, default="/")
    uuid = fields.Char(
        "Key", required=True, readonly=True, copy=False, default=lambda self: str(uuid4())
    )
    account_id = fields.Many2one(
        "wine.share.account",
        "Share account",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    partner_id = fields.Many2one(related="account_id.partner_id", store=True, index=True)
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="account_id.currency_id", store=True)
    terms_id = fields.Many2one("wine.share.terms", readonly=True, check_company=True)
    state = fields.Selection(
        STATES, required=True, readonly=True, default="draft", index=True, tracking=True, copy=False
    )
    method = fields.Selection(METHODS, "By", required=True, readonly=True, default="payment")
    automatic = fields.Boolean(readonly=True, help="Made by the period of the terms.")
    run_date = fields.Date(readonly=True, help="The day for which the automatic run made it.")
    date = fields.Date(
        required=True, readonly=True, index=True, default=lambda self: fields.Date.today()
    )
    date_from = fields.Date("First sale", readonly=True)
    date_to = fields.Date("Last sale", readonly=True)
    entry_ids = fields.One2many("wine.share.entry", "settlement_id", "Ledger lines", readonly=True)
    entry_count = fields.Integer("Number of ledger lines", readonly=True)
    gross = fields.Monetary("Shares", readonly=True)
    tax = fields.Monetary("Tax added", readonly=True)
    withholding = fields.Monetary("Withheld", readonly=True)
    fees = fields.Monetary(readonly=True)
    net = fields.Monetary("Paid out", readonly=True, tracking=True)
    partner_bank_id = fields.Many2one("res.partner.bank", "To bank account", readonly=True)
    payment_id = fields.Many2one(
        "account.payment", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    bill_id = fields.Many2one(
        "account.move",
        "Self-billing bill",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    move_id = fields.Many2one(
        "account.move", "Write-off", readonly=True, copy=False, ondelete="restrict"
    )
    platform_id = fields.Many2one("wine.share.platform", "Through", readonly=True)
    payout_state = fields.Selection(
        [("none", "By the bank"), ("waiting", "To send"), ("sent", "Sent"), ("done", "Executed")],
        "At the platform",
        readonly=True,
        default="none",
        copy=False,
    )
    payout_reference = fields.Char("Platform's number", readonly=True, copy=False)
    approved_by_id = fields.Many2one("res.users", "Approved by", readonly=True, copy=False)
    approved_at = fields.Datetime("Approved at", readonly=True, copy=False)
    paid_at = fields.Datetime("Paid at", readonly=True, copy=False)
    ended_at = fields.Datetime("Cancelled or returned at", readonly=True, copy=False)
    ended_by_id = fields.Many2one("res.users", "Taken back by", readonly=True, copy=False)
    reason = fields.Char("Why it came back", readonly=True, copy=False, tracking=True)
    error = fields.Char("Could not be sent", readonly=True, copy=False)
    past_entry_ids = fields.Many2many(
        "wine.share.entry",
        "wine_share_settlement_past_rel",
        "settlement_id",
        "entry_id",
        "Ledger lines it had",
        readonly=True,
        copy=False,
    )
    bill_state = fields.Selection(related="bill_id.payment_state", string="Bill")
    payment_state = fields.Selection(related="payment_id.state", string="Payment status")

    _uuid_unique = models.Constraint("UNIQUE(uuid)", "This settlement is already known.")
    _once = models.UniqueIndex(
        "(account_id, run_date)"
        " WHERE run_date IS NOT NULL AND state NOT IN ('cancelled', 'failed')",
        "This account is already settled for this day.",
    )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        numbers = self.env["ir.sequence"].sudo()
        for vals in vals_list:
            if vals.get("name", "/") == "/":
                vals["name"] = numbers.next_by_code("wine.share.settlement")
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("A settlement is the history of a partner's money and stays. Cancel it.")
        )

    # === STATES === #

    def _hold(self):
        """Lock these settlements: their money is decided one after the other.

        Who comes second and began before the first was done is refused by PostgreSQL (40001), and
        Odoo runs the request again on what is then true.
        """
        self.flush_recordset()
        self.env.execute_query(
            SQL(
                "SELECT id FROM wine_share_settlement WHERE id IN %s ORDER BY id FOR UPDATE",
                tuple(self.ids) or (0,),
            )
        )
        self.invalidate_recordset(["state"])

    def _set_state(self, target, **values):
        """The one way to change the state: guarded, and nothing happens the second time.

        :return: the settlements that changed
        :raise UserError: a settlement cannot go there from where it is
        """
        moving = self.filtered(lambda settlement: settlement.state != target)
        labels = dict(self._fields["state"]._description_selection(self.env))
        for settlement in moving:
            if settlement.state not in STATE_FROM[target]:
                raise UserError(
                    self.env._(
                        "Settlement %(name)s is “%(state)s” and cannot become “%(target)s”.",
                        name=settlement.name,
                        state=labels[settlement.state],
                        target=labels[target],
                    )
                )
        moving.sudo().write({"state": target, **values})
        return moving

    def _check_finance(self):
        """:raise AccessError: the user is neither finance nor platform administrator"""
        self.check_access("read")
        if not self.env.su and not self.env.user.has_groups(
            "wine_vending.group_wine_finance,wine_vending.group_wine_admin"
        ):
            raise AccessError(self.env._("Settlements are decided by finance. Ask there."))

    # === HOOKS === #

    def _after_paid(self):
        """Money has arrived. For others to extend."""

    def _after_end(self):
        """The settlement was cancelled or came back; its lines are available. For others."""
