# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.addons.wine_vending.core.money import to_minor
from odoo.addons.wine_vending.models.wine_told import read_told

from ..core.share_limit import Limit, Limits
from .wine_share_policy_line import ROLE


class WineShareLimit(models.Model):
    """What regional administrators may promise, decided by the platform.

    Stated for a region and what lies below it, or for all; for one role, or for all. The limit of
    the nearer region binds, there the one of the role before the general one. Where none binds,
    only the platform puts policies in force: nobody promises the platform's money by default.
    """

    _name = "wine.share.limit"
    _description = "Limit of share policies"
    _inherit = ["mail.thread", "wine.reach"]
    _order = "region_path, role, id"

    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    region_id = fields.Many2one(
        "wine.region", index=True, ondelete="cascade", help="With what lies below; empty for all."
    )
    region_path = fields.Char(related="region_id.parent_path", store=True)
    role = fields.Selection(ROLE, tracking=True, help="Empty for every role.")
    allowed = fields.Boolean(default=True, tracking=True)
    max_percent = fields.Float(
        "At most (%)",
        digits=(5, 2),
        default=100.0,
        tracking=True,
        help="All lines of the role together, of whatever base.",
    )
    max_amount = fields.Monetary(
        "Amounts at most",
        tracking=True,
        help="Amounts per order, unit or litre and minimums together; 0 for none.",
    )
    max_rent = fields.Monetary("Rent at most", tracking=True, help="Per month; 0 for none.")
    may_rest = fields.Boolean("May get the rest", tracking=True)
    least_platform_percent = fields.Float(
        "Platform at least (%)",
        digits=(5, 2),
        tracking=True,
        help="Of the net, what the platform has to be sure of with every sale.",
    )
    least_hold_days = fields.Integer("Refund window at least (days)", tracking=True)
    note = fields.Char("Reason", help="Shown to the regions that it binds.")

    beyond_ids = fields.Many2many(
        "wine.share.policy",
        string="In force beyond the limits",
        compute="_compute_beyond_ids",
        groups="wine_vending.group_wine_admin",
        help="A limit binds who puts a policy in force afterwards. These were in force before, or "
        "the platform allowed them; make new versions of them where the limit shall hold.",
    )

    _once = models.UniqueIndex(
        "(company_id, COALESCE(region_id, 0), COALESCE(role, '')) WHERE active",
        "There is a limit for this region and this role already. Change that one.",
    )
    _range = models.Constraint(
        "CHECK(max_percent BETWEEN 0 AND 100 AND least_platform_percent BETWEEN 0 AND 100 "
        "AND max_amount >= 0 AND max_rent >= 0 AND least_hold_days BETWEEN 0 AND 365)",
        "A percentage lies between 0 and 100, an amount is not negative, and a refund window lies "
        "between 0 and 365 days.",
    )
    _general = models.Constraint(
        "CHECK(role IS NULL OR (COALESCE(least_platform_percent, 0) = 0 "
        "AND COALESCE(least_hold_days, 0) = 0))",
        "What the platform asks for is stated in the limit for every role. Leave the role empty.",
    )

    @api.depends("region_id.complete_name", "role")
    @api.depends_context("lang")
    def _compute_display_name(self):
        roles = dict(self._fields["role"]._description_selection(self.env))
        for limit in self:
            limit.display_name = self.env._(
                "%(role)s in %(region)s",
                role=roles.get(limit.role) or self.env._("Every role"),
                region=limit.region_id.complete_name or self.env._("all regions"),
            )

    @api.depends(
        *("active", "company_id", "region_id", "role", "allowed", "max_percent", "max_amount"),
        *("max_rent", "may_rest", "least_platform_percent", "least_hold_days"),
    )
    def _compute_beyond_ids(self):
        """Of the saved limits: what is in force in the region of each and beyond what binds it."""
        today = fields.Date.context_today(self)
        for company, limits in self.grouped("company_id").items():
            policies = self.env["wine.share.policy"].search(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", "active"),
                    "|",
                    ("date_to", "=", False),
                    ("date_to", ">=", today),
                ]
            )
            beyond = policies.filtered(self._beyond)
            for limit in limits:
                path = limit.region_id.parent_path or ""
                limit.beyond_ids = beyond.filtered(
                    lambda policy, path=path: any(
                        region.parent_path.startswith(path) for region in policy.sudo()._regions()
                    )
                )

    # === BUSINESS === #

    @api.model
    def _refusals(self, policy):
        """What of a policy lies beyond what binds the present user; the platform is not bound.

        :return: list of str
        """
        if self.env.su or self.env.user.has_group("wine_vending.group_wine_admin"):
            return []
        return self._beyond(policy)

    @api.model
    def _beyond(self, policy):
        """What of a policy lies beyond the limits of its regions, whoever looks.

        :return: list of str
        """
        policy = policy.sudo()  # limits above the own region bind
        limits, pure, tax_bp = self._limits(policy.company_id), policy._pure(), self._tax_bp(policy)
        found = {}
        for region in policy._regions():
            path = tuple(map(int, region.parent_path.strip("/").split("/")))
            above = len(region._share_operators_above())
            for told in limits.problems(pure, path, above, tax_bp):
                found.setdefault(read_told(self.env, told))
        return list(found)

    @api.model
    def _limits(self, company):
        rows = self.sudo().search([("company_id", "=", company.id)])
        return Limits([row._pure() for row in rows])

    def _pure(self):
        """As the check takes it."""
        self.ensure_one()
        digits = self.currency_id.decimal_places
        return Limit(
            self.id,
            self.region_id.id or None,
            self.role or None,
            allowed=self.allowed,
            bp=round(self.max_percent * 100),
            amount=to_minor(self.max_amount, digits),
            rent=to_minor(self.max_rent, digits),
            residual=self.may_rest,
            platform_bp=round(self.least_platform_percent * 100),
            hold_days=self.least_hold_days,
        )

    @api.model
    def _tax_bp(self, policy):
        """The highest rate of tax on sales in the policy's company, in basis points."""
        taxes = (
            self.env["account.tax"]
            .sudo()
            .search(
                [
                    ("company_id", "=", policy.company_id.id),
                    ("type_tax_use", "=", "sale"),
                    ("amount_type", "=", "percent"),
                ]
            )
        )
        return round(max(taxes.mapped("amount"), default=0) * 100)
