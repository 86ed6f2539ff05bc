# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.addons.wine_vending.core.money import to_minor
from odoo.exceptions import UserError
from odoo.tools import format_amount

from ..core.policy_check import PARTS, percent_text
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
    percent = fields.Float(digits=(5, 2), compute="_compute_percent", inverse="_inverse_percent")
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
    minimum = fields.Monetary(help="Of one sale line.")
    has_maximum = fields.Boolean("At most")
    maximum = fields.Monetary(help="Of one sale line.")

    summary = fields.Char("Share", compute="_compute_summary")

    _bp_range = models.Constraint(
        "CHECK(bp BETWEEN 0 AND 10000)", "A percentage lies between 0 and 100."
    )
    _amounts = models.Constraint(
        "CHECK(amount >= 0 AND minimum >= 0 AND maximum >= 0)", "An amount cannot be negative."
    )

    # === COMPUTE === #

    @api.depends("bp")
    def _compute_percent(self):
        for line in self:
            line.percent = line.bp / 100

    def _inverse_percent(self):
        for line in self:
            line.bp = round(line.percent * 100)

    @api.depends(
        "role",
        "partner_id",
        "value",
        "base",
        "bp",
        "amount",
        "rent_per",
        "tier_ids.bp",
        "has_minimum",
        "minimum",
        "has_maximum",
        "maximum",
    )
    @api.depends_context("lang")
    def _compute_summary(self):
        for line in self:
            who = line.partner_id.display_name if line.role == "partner" else line._label("role")
            what = line._what() if line.value else ""
            line.summary = self.env._("%(who)s: %(what)s", who=who or "", what=what)

    def _label(self, name):
        return dict(self._fields[name]._description_selection(self.env)).get(self[name])

    def _money(self, amount):
        return format_amount(self.env, amount, self.currency_id)

    def _what(self):
        """What the receiver gets, in words."""
        if self.value == "residual":
            return self.env._("the rest")
        if self.value == "rent":
            per = self.env._("machine") if self.rent_per == "machine" else self.env._("site")
            return self.env._(
                "%(amount)s rent per %(per)s and month", amount=self._money(self.amount), per=per
            )
        what = self._part() if self.value in PARTS else self._amount_per()
        if self.has_minimum:
            what = self.env._(
                "%(what)s, at least %(least)s", what=what, least=self._money(self.minimum)
            )
        if self.has_maximum:
            what = self.env._(
                "%(what)s, at most %(most)s", what=what, most=self._money(self.maximum)
            )
        return what

    def _part(self):
        bps = [tier.bp for tier in self.tier_ids.sorted()] if self.value == "tiered" else [self.bp]
        return self.env._(
            "%(percent)s %% of %(base)s",
            percent=" → ".join(map(percent_text, bps)) or "0",
            base=(self._label("base") or "").lower(),
        )

    def _amount_per(self):
        amount = self._money(self.amount)
        if self.value == "order":
            return self.env._("%s per order", amount)
        return (
            self.env._("%s per unit", amount)
            if self.value == "unit"
            else self.env._("%s per litre", amount)
        )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.policy_id._touch_lines()
        for line in lines:
            if not line.origin_id:
                line.sudo().origin_id = line
        return lines

    def write(self, vals):
        if vals.keys() - {"origin_id"}:
            self.policy_id._touch_lines()
        self._refuse_other_parent(vals, "policy_id")
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_of_drafts(self):
        self.policy_id._touch_lines()

    def _refuse_other_parent(self, vals, name):
        """:raise UserError: a line or tier would move to another policy or line"""
        if name in vals and any(record[name].id != vals[name] for record in self):
            raise UserError(self.env._("What belongs to one policy is not moved to another one."))

    # === BUSINESS === #

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
    percent = fields.Float(digits=(5, 2), compute="_compute_percent", inverse="_inverse_percent")

    _bp_range = models.Constraint(
        "CHECK(bp BETWEEN 0 AND 10000 AND turnover >= 0 AND units >= 0)",
        "A tier begins at 0 or above and gives between 0 and 100 %.",
    )

    @api.depends("bp")
    def _compute_percent(self):
        for tier in self:
            tier.percent = tier.bp / 100

    def _inverse_percent(self):
        for tier in self:
            tier.bp = round(tier.percent * 100)

    @api.model_create_multi
    def create(self, vals_list):
        tiers = super().create(vals_list)
        tiers.line_id.policy_id._touch_lines()
        return tiers

    def write(self, vals):
        self.line_id.policy_id._touch_lines()
        if any(tier.line_id.id != vals.get("line_id", tier.line_id.id) for tier in self):
            raise UserError(self.env._("A tier belongs to one line and is not moved to another."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_of_drafts(self):
        self.line_id.policy_id._touch_lines()

    def _tier(self):
        """As the engine takes it."""
        self.ensure_one()
        if self.tier_by == "units":
            return Tier(self.units, self.bp)
        return Tier(to_minor(self.turnover, self.currency_id.decimal_places), self.bp)
