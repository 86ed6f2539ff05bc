# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..core.rules import ROLES

#: what the company pays to others; its own part stays where it is
PAID_ROLES = [
    ("operator", "Region operator"),
    ("operator_above", "Operator above"),
    ("host", "Site host"),
    ("salesperson", "Salesperson"),
    ("supplier", "Supplier"),
    ("referrer", "Referrer"),
    ("partner", "Other partner"),
]
assert {role for role, _label in PAID_ROLES} == set(ROLES) - {"platform"}  # noqa: S101
PERIODS = [
    ("none", "On application only"),
    ("daily", "Every day"),
    ("weekly", "Every week"),
    ("monthly", "Every month"),
]
METHODS = [("payment", "Payment"), ("bill", "Self-billing bill")]


class WineShareTerms(models.Model):
    """How the shares of one role are booked and paid: account, period, minimum, taxes, fees.

    One per company and role. A partner who has several roles is paid by the first of their terms
    in this list, unless the share account names others: one partner gets one payment, not one per
    role. ``next_date`` is the day on which the next automatic settlement is due; it moves on only
    when every account of a run was looked at, so that a run which was killed goes on the next time.
    """

    _name = "wine.share.terms"
    _description = "Payout terms"
    _inherit = ["wine.reach"]
    _order = "company_id, sequence, id"
    _rec_name = "role"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer(default=10)
    role = fields.Selection(PAID_ROLES, required=True)
    expense_account_id = fields.Many2one(
        "account.account",
        "Booked on",
        check_company=True,
        domain="[('internal_group', 'in', ('expense', 'income'))]",
        help="Expense, or an account that lowers the revenue. Empty: the account of the company.",
    )
    period = fields.Selection(PERIODS, "Paid", required=True, default="monthly")
    weekday = fields.Selection(
        [
            ("0", "Monday"),
            ("1", "Tuesday"),
            ("2", "Wednesday"),
            ("3", "Thursday"),
            ("4", "Friday"),
            ("5", "Saturday"),
            ("6", "Sunday"),
        ],
        default="0",
    )
    monthday = fields.Integer("Day of the month", default=5)
    minimum = fields.Monetary(
        "Minimum payout", help="Less than this waits for the next settlement."
    )
    approve_alone = fields.Boolean(
        "Approve by itself",
        help="Automatic settlements are paid without a person looking. Else they wait in To do.",
    )
    method = fields.Selection(METHODS, "By", required=True, default="payment")
    platform_id = fields.Many2one("wine.share.platform", "Through", check_company=True)
    journal_id = fields.Many2one(
        "account.journal",
        "Bank journal",
        check_company=True,
        domain="[('type', 'in', ('bank', 'cash'))]",
        help="Empty: the journal of the company.",
    )
    payment_method_line_id = fields.Many2one(
        "account.payment.method.line",
        "Payment method",
        check_company=True,
        domain="[('payment_type', '=', 'outbound'), ('company_id', '=', company_id),"
        " ('journal_id', '=?', journal_id)]",
        help="Whatever payment files the database has: bank transfer, cheque, manual.",
    )
    tax_ids = fields.Many2many(
        "account.tax",
        string="Taxes",
        check_company=True,
        domain="[('type_tax_use', 'in', ('purchase', 'none'))]",
        help="A tax with a negative rate is withheld. A positive one is added to the bill.",
    )
    fee_fixed = fields.Monetary("Fee per payout")
    fee_percent = fields.Float("Fee (%)", digits=(16, 2))

    _one_per_role = models.Constraint(
        "UNIQUE(company_id, role)", "This company has terms for this role already. Change those."
    )
    _sane = models.Constraint(
        "CHECK(monthday BETWEEN 1 AND 28 AND minimum >= 0 AND fee_fixed >= 0"
        " AND fee_percent BETWEEN 0 AND 100)",
        "The day of the month lies between 1 and 28, amounts are not negative, fees are 100 % at "
        "most.",
    )

    @api.depends("role", "company_id")
    def _compute_display_name(self):
        labels = dict(self._fields["role"]._description_selection(self.env))
        for terms in self:
            terms.display_name = labels.get(terms.role, "")

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        terms = super().create(vals_list)
        terms.filtered("approve_alone")._check_may_pay_alone()
        return terms

    def write(self, vals):
        if vals.get("approve_alone"):
            self.filtered(lambda terms: not terms.approve_alone)._check_may_pay_alone()
        return super().write(vals)

    def _check_may_pay_alone(self):
        """:raise AccessError: finance would let its own settlements go without a second look"""
        if (
            self
            and not self.env.su
            and not self.env.user.has_group("wine_vending.group_wine_admin")
        ):
            raise AccessError(
                self.env._(
                    "The platform administrator decides what is paid without a person looking. "
                    "Ask there."
                )
            )
