# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

STATES = [
    ("draft", "Draft"),
    ("submitted", "To review"),
    ("in_review", "In review"),
    ("approved", "Approved"),
    ("paid", "Paid"),
    ("rejected", "Rejected"),
    ("cancelled", "Cancelled"),
]
#: target → states from which it may be reached
STATE_FROM = {
    "submitted": ("draft",),
    "in_review": ("submitted",),
    "approved": ("submitted", "in_review", "paid"),  # from paid: the bank statement was undone
    "paid": ("approved",),
    "rejected": ("submitted", "in_review"),
    "cancelled": ("draft", "submitted", "in_review", "approved", "paid"),
}
#: money is reserved for these
UNDER_WAY = ("submitted", "in_review", "approved")
TO_DECIDE = ("submitted", "in_review")
#: what is applied for; frozen from the application on
ASKED = {"account_id", "amount", "partner_bank_id"}
#: only code of this addon holds this object; a context that comes from outside cannot
_FLOW = object()


class WineShareWithdrawal(models.Model):
    """A partner asks for money of its own, people look at it, the bank pays.

    **draft** (finance prepares it on behalf) → **to review** (the money is reserved: its entries
    are taken out of what is available) → **in review** (some of the steps have been passed) →
    **approved** (a settlement carries it into the books) → **paid**; or **rejected** with a reason,
    or **cancelled**, which both put the money back to what is available.

    Who may not say yes, whatever group they are in: who applied, whoever belongs to the partner,
    whoever made, changed or trusted the bank account since it was last paid to, whoever verified
    the partner shortly before, whoever credited the account by hand, and whoever holds the same
    bank account number. Nobody counts twice. A bank account that changed cools down first, and
    cannot change while a withdrawal to it is under way.

    The hardest path: consumers get money back while the application waits. Those refunds never
    wait; they make the rest of the account negative. At the last approval what is missing is
    set off: the partner is paid the amount less those refunds, and is told so; when nothing
    is left it is rejected. Reviewers decide at once in two browsers: the row of the
    withdrawal is locked and written by each, so the second one sees what the first one did.
    """

    _name = "wine.share.withdrawal"
    _description = "Withdrawal"
    _inherit = ["mail.thread", "wine.reach"]
    _order = "submitted_at desc, id desc"
    _check_company_auto = True

    name = fields.Char("Number", required=True, readonly=True, copy=False, default="/")
    state = fields.Selection(
        STATES,
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    account_id = fields.Many2one(
        "wine.share.account", required=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(related="account_id.partner_id", store=True, index=True)
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="account_id.currency_id", store=True)
    amount = fields.Monetary(required=True, tracking=True)
    partner_bank_id = fields.Many2one(
        "res.partner.bank", "Bank account", required=True, index=True, ondelete="restrict"
    )
    user_id = fields.Many2one(
        "res.users", "Applied by", readonly=True, copy=False, ondelete="restrict"
    )
    submitted_at = fields.Datetime("Applied at", readonly=True, copy=False)
    decided_at = fields.Datetime("Decided at", readonly=True, copy=False)
    paid_at = fields.Datetime("Paid at", readonly=True, copy=False)
    reason = fields.Char(readonly=True, copy=False, tracking=True)
    bank_print = fields.Json(
        "Bank account as applied for",
        readonly=True,
        copy=False,
        help="Number, holder and routing when the partner applied; compared at every approval.",
    )
    bank_number = fields.Char("Bank account then", readonly=True, copy=False)
    # the review
    step_ids = fields.Many2many(
        "wine.share.review.step",
        string="Steps",
        context={"active_test": False},
        readonly=True,
        copy=False,
    )
    review_ids = fields.One2many("wine.share.review", "withdrawal_id", "Decisions", readonly=True)
    approvals = fields.Integer(readonly=True, copy=False, help="How many have said yes.")
    # the money
    entry_ids = fields.Many2many(
        "wine.share.entry",
        "wine_share_withdrawal_entry_rel",
        "withdrawal_id",
        "entry_id",
        "Entries",
        readonly=True,
        copy=False,
        help="What the amount consists of. A rejected one keeps the list of what it was.",
    )
    set_off = fields.Monetary(
        "Set off", readonly=True, copy=False, help="Refunds since the application, taken off."
    )
    payout = fields.Monetary("To pay", compute="_compute_payout", store=True)
    settlement_id = fields.Many2one(
        "wine.share.settlement", readonly=True, copy=False, index="btree_not_null"
    )

    _one_open = models.UniqueIndex(
        "(account_id) WHERE state IN ('submitted', 'in_review')",
        "Another withdrawal of this account is being reviewed. Wait for it, or cancel it.",
    )
    _amount_positive = models.Constraint("CHECK(amount > 0)", "Apply for more than nothing.")

    # === COMPUTE === #

    @api.depends("amount", "set_off")
    def _compute_payout(self):
        for withdrawal in self:
            withdrawal.payout = withdrawal.amount - withdrawal.set_off

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        withdrawals = super().create(vals_list)
        numbers = self.env["ir.sequence"].sudo()
        for one in withdrawals.sudo():
            one._write_flow(
                {
                    "name": numbers.next_by_code("wine.share.withdrawal"),
                    "user_id": one.user_id.id or self.env.uid,
                }
            )
        return withdrawals

    def write(self, vals):
        inside = self.env.context.get("wine_flow") is _FLOW
        if not inside and "state" in vals:
            raise UserError(self.env._("A withdrawal is decided by its buttons, not by its state."))
        if not inside and vals.keys() & ASKED and any(one.state != "draft" for one in self):
            raise UserError(
                self.env._(
                    "%s has been applied for and is not edited. Cancel it and apply again.",
                    next(one.name for one in self if one.state != "draft"),
                )
            )
        return super().write(vals)

    def _check_reach(self, vals_list):
        """What follows from the account is not written by hand either."""
        result = super()._check_reach(vals_list)
        for name in set() if self.env.su else set().union(*vals_list):
            field = self._fields.get(name)
            if field and field.compute and field.readonly:
                raise AccessError(
                    self.env._(
                        "%s follows from the application.", field._description_string(self.env)
                    )
                )
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        for one in self:
            if one.state != "draft":
                raise UserError(
                    self.env._("%s has been applied for and stays on record.", one.name)
                )

    def _set_state(self, target, **values):
        """Move on where the present state allows it; doing it again changes nothing.

        :return: the withdrawals that moved
        """
        moving = self.filtered(lambda one: one.state in STATE_FROM[target])
        moving._write_flow({"state": target, **values})
        return moving

    def _write_flow(self, values):
        return self.with_context(wine_flow=_FLOW).write(values)
