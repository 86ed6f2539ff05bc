# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

#: what a step demands; fixed while a withdrawal under way was submitted to it
DEMANDS = {"company_id", "amount_from", "group_id", "user_ids", "count", "sequence"}


class WineShareReviewStep(models.Model):
    """A look that a withdrawal of a certain amount needs before money leaves.

    A withdrawal passes every step whose amount it reaches, in order; each step needs so many
    different people of a group or by name, and nobody counts twice in one withdrawal. A company
    without steps of its own uses those without a company; amounts are in the currency of the
    company. Steps are frozen into a withdrawal when it is submitted: making one easier afterwards
    lets nothing through.
    """

    _name = "wine.share.review.step"
    _description = "Review step of withdrawals"
    _inherit = ["mail.thread", "wine.reach"]
    _order = "amount_from, sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", index="btree_not_null", help="Empty: every company without own steps."
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency")
    amount_from = fields.Monetary(
        "From amount",
        tracking=True,
        help="Withdrawals of at least this much, in the currency of the company.",
    )
    group_id = fields.Many2one("res.groups", tracking=True)
    user_ids = fields.Many2many("res.users", string="People", tracking=True)
    count = fields.Integer(
        "How many people", default=1, required=True, tracking=True, help="Different people."
    )

    _count_positive = models.Constraint("CHECK(count > 0)", "A step needs one person at least.")
    _amount_not_negative = models.Constraint(
        "CHECK(amount_from >= 0)", "The amount of a step is not negative."
    )

    @api.depends("company_id")
    def _compute_currency(self):
        for step in self:
            step.currency_id = (step.company_id or self.env.company).currency_id

    @api.constrains("group_id", "user_ids", "count")
    def _check_people(self):
        for step in self:
            people = step._people()
            if len(people) < step.count:
                raise ValidationError(
                    self.env._(
                        "%(step)s needs %(count)s people and only %(found)s could decide it. "
                        "Choose a group or more people.",
                        step=step.name,
                        count=step.count,
                        found=len(people),
                    )
                )

    def _people(self):
        """Everybody who may decide this step, before looking at the withdrawal."""
        self.ensure_one()
        people = self.sudo().user_ids | self.sudo().group_id.all_user_ids
        return people.filtered(lambda user: user.active and not user.share)

    def write(self, vals):
        if vals.keys() & DEMANDS:
            self._check_not_in_use()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_unused(self):
        if self.env["wine.share.withdrawal"].sudo().search_count([("step_ids", "in", self.ids)]):
            raise UserError(
                self.env._("Withdrawals were reviewed by these steps. Archive them instead.")
            )

    def _check_not_in_use(self):
        """:raise UserError: a withdrawal under way was submitted to one of these steps"""
        using = (
            self.env["wine.share.withdrawal"]
            .sudo()
            .search(
                [("step_ids", "in", self.ids), ("state", "in", ("submitted", "in_review"))], limit=1
            )
        )
        if using:
            raise UserError(
                self.env._(
                    "%s is being reviewed by this step. Decide it first, or archive the step and "
                    "make a new one: it then applies to later withdrawals.",
                    using.name,
                )
            )

    @api.model
    def _steps_for(self, company, amount):
        """Steps that a withdrawal passes.

        :param amount: in the currency of the company
        """
        steps = self.sudo().search([("company_id", "=", company.id)])
        steps = steps or self.sudo().search([("company_id", "=", False)])
        return steps.filtered(lambda step: step.amount_from <= amount)
