# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import format_amount


class WineSharePolicy(models.Model):
    """How a policy reads in a list, and where its buttons lead."""

    _inherit = "wine.share.policy"

    place = fields.Char("Where", compute="_compute_place")
    goods = fields.Char(compute="_compute_goods")
    chain = fields.Char("Who gets what", compute="_compute_chain")
    version_count = fields.Integer("Number of versions", compute="_compute_version_count")

    @api.depends("machine_id", "site_id", "region_id.complete_name")
    def _compute_place(self):
        for policy in self:
            place = policy.machine_id or policy.site_id or policy.region_id
            policy.place = place.display_name or self.env._("Whole company")

    @api.depends("product_id", "product_categ_id.complete_name")
    def _compute_goods(self):
        for policy in self:
            policy.goods = policy.product_id.display_name or policy.product_categ_id.complete_name

    @api.depends("line_ids.summary", "line_ids.sequence")
    def _compute_chain(self):
        for policy in self:
            policy.chain = " · ".join(line.summary for line in policy.line_ids.sorted())

    @api.depends("origin_id.version_ids")
    def _compute_version_count(self):
        for policy in self:
            policy.version_count = len(policy.origin_id.version_ids)

    # === ACTIONS === #

    def action_view_entries(self):
        """Everything that was shared by these versions."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_profit_share.wine_share_entry_action"
        )
        action.update(domain=[("policy_id", "in", self.ids)], context={})
        return action

    def action_view_versions(self):
        """All versions, the last one first."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_profit_share.wine_share_policy_action"
        )
        action.update(domain=[("origin_id", "in", self.origin_id.ids)], context={})
        return action


class WineShareLimit(models.Model):
    _inherit = "wine.share.limit"

    summary = fields.Char("What it allows", compute="_compute_summary")

    @api.depends(
        "allowed",
        "max_percent",
        "max_amount",
        "max_rent",
        "may_rest",
        "least_platform_percent",
        "least_hold_days",
    )
    @api.depends_context("lang")
    def _compute_summary(self):
        for limit in self:
            limit.summary = ", ".join(limit._allows())

    def _allows(self):
        """What it says, in words."""
        if not self.allowed:
            yield self.env._("no share")
            return
        yield self.env._("%s %% at most", f"{self.max_percent:g}")
        for amount, text in (
            (self.max_amount, self.env._("amounts up to %s")),
            (self.max_rent, self.env._("rent up to %s a month")),
        ):
            if amount:
                yield text % format_amount(self.env, amount, self.currency_id)
        if self.may_rest:
            yield self.env._("may get the rest")
        if self.least_platform_percent:
            yield self.env._("platform at least %s %%", f"{self.least_platform_percent:g}")
        if self.least_hold_days:
            yield self.env._("refund window of %s days at least", self.least_hold_days)
