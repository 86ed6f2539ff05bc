# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.addons.wine_vending.core.money import to_minor

from ..core.rules import Rule, Tier

ROLE = [
    ("platform", "Platform"),
    ("operator", "Operator of the region"),
    ("operator_above", "Each operator above"),
    ("host", "Site host"),
    ("salesperson", "Salesperson"),
    ("supplier", "Supplier"),
    ("referrer", "Referrer"),
    ("partner", "Named partner"),
]
BASE = [
    ("gross", "List price, tax included"),
    ("paid", "Paid, tax included"),
    ("net", "Net of tax"),
    ("net_fee", "Net less payment fee"),
    ("margin", "Margin"),
    ("remainder", "What the lines before left"),
]
VALUE = [
    ("percent", "Percentage"),
    ("tiered", "Percentage by month's volume"),
    ("order", "Amount per order"),
    ("unit", "Amount per unit"),
    ("litre", "Amount per litre"),
    ("rent", "Rent per month"),
    ("residual", "The rest"),
]


class WineSharePolicyLine(models.Model):
    """One step of a policy's chain: who gets what of which base.

    Lines take in order. ``bp`` are basis points (800 is 8 %), what the screen shows as ``percent``.
    ``origin_id`` is the same line in the policy's first version: a month's volume runs on through
    a change of version.
    """

    _name = "wine.share.policy.line"
    _description = "Line of a share policy"
    _inherit = ["wine.reach"]
    _order = "policy_id, sequence, id"

    policy_id = fields.Many2one("wine.share.policy", required=True, index=True, ondelete="cascade")
    origin_id = fields.Many2one(
        "wine.share.policy.line", "First version", readonly=True, copy=False
    )
    region_id = fields.Many2one(related="policy_id.region_id", store=True, index=True)
    company_id = fields.Many2one(related="policy_id.company_id", store=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer(default=10)
    role = fields.Selection(ROLE, required=True)
    partner_id = fields.Many2one("res.partner", help="Who receives; for a named partner only.")
    value = fields.Selection(VALUE, "Gets", required=True, default="percent")
    base = fields.Selection(BASE, "Of", required=True, default="net")
    bp = fields.Integer("Basis points")
    percent = fields.Float(
        "Percent", digits=(5, 2), compute="_compute_percent", inverse="_inverse_percent"
    )
    amount = fields.Monetary(help="Per order, per unit, per litre or per month.")
    rent_per = fields.Selection(
        [("machine", "machine"), ("site", "site")], "Rent per", default="machine", required=True
    )
    tier_by = fields.Selection(
        [("turnover", "net turnover"), ("units", "units sold")],
        "Tiers by",
        default="turnover",
        required=True,
    )
    tier_ids = fields.One2many("wine.share.policy.tier", "line_id", "Tiers", copy=True)
    has_minimum = fields.Boolean("At least")
    minimum = fields.Monetary("Minimum", help="Of one sale line.")
    has_maximum = fields.Boolean("At most")
    maximum = fields.Monetary("Maximum", help="Of one sale line.")

    @api.depends("bp")
    def _compute_percent(self):
        for line in self:
            line.percent = line.bp / 100

    def _inverse_percent(self):
        for line in self:
            line.bp = round(line.percent * 100)

    def _rule(self):
        """As the engine takes it."""
        self.ensure_one()
        digits = self.currency_id.decimal_places
        return Rule(
            id=self.id,
            role=self.role,
            value=self.value,
            base=self.base,
            bp=self.bp,
            amount=to_minor(self.amount, digits),
            tiers=tuple(tier._tier() for tier in self.tier_ids.sorted()),
            tier_by=self.tier_by,
            minimum=to_minor(self.minimum, digits) if self.has_minimum else None,
            maximum=to_minor(self.maximum, digits) if self.has_maximum else None,
            partner_id=self.partner_id.id or None,
        )


class WineSharePolicyTier(models.Model):
    """From so much of the month's volume on, another percentage; marginal, as income tax is."""

    _name = "wine.share.policy.tier"
    _description = "Tier of a share policy"
    _inherit = ["wine.reach"]
    _order = "line_id, turnover, units, id"

    line_id = fields.Many2one(
        "wine.share.policy.line", required=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one(related="line_id.region_id", store=True, index=True)
    currency_id = fields.Many2one(related="line_id.currency_id")
    tier_by = fields.Selection(related="line_id.tier_by")
    turnover = fields.Monetary("From turnover")
    units = fields.Integer("From units")
    bp = fields.Integer("Basis points")
    percent = fields.Float(
        "Percent", digits=(5, 2), compute="_compute_percent", inverse="_inverse_percent"
    )

    @api.depends("bp")
    def _compute_percent(self):
        for tier in self:
            tier.percent = tier.bp / 100

    def _inverse_percent(self):
        for tier in self:
            tier.bp = round(tier.percent * 100)

    def _tier(self):
        self.ensure_one()
        if self.tier_by == "units":
            return Tier(self.units, self.bp)
        return Tier(to_minor(self.turnover, self.currency_id.decimal_places), self.bp)
