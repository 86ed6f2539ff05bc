# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import ValidationError


class WineRegion(models.Model):
    """A regional unit of the company.

    Regions form a tree: the platform at the top, areas and districts below. Whoever manages a
    region manages everything below it. A region owns what its machines need to trade: a warehouse
    that feeds them, an unattended point of sale whose sessions open and close by themselves once
    per business day of the region's time zone, and a payment method for each way a machine is paid.
    All of that is made when the region is made; a warehouse or point of sale given beforehand is
    linked instead.
    """

    _name = "wine.region"
    _description = "Region"
    _inherit = ["mail.thread"]
    _parent_store = True
    _order = "complete_name"
    _rec_name = "complete_name"

    name = fields.Char(required=True, translate=True, tracking=True)
    complete_name = fields.Char(
        "Region", compute="_compute_complete_name", store=True, recursive=True
    )
    code = fields.Char(required=True, help="Short and unique, such as HAR-N.")
    active = fields.Boolean(default=True)
    parent_id = fields.Many2one("wine.region", "Part of", index=True, ondelete="restrict")
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("wine.region", "parent_id", "Regions below")
    manager_ids = fields.Many2many(
        "res.users", "wine_region_manager_rel", "region_id", "user_id", "Managers"
    )
    staff_ids = fields.Many2many(
        "res.users", "wine_region_staff_rel", "region_id", "user_id", "Service staff"
    )
    operator_partner_id = fields.Many2one(
        "res.partner", "Operator", help="The partner who runs this region and shares in its sales."
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    tz = fields.Selection(
        _tz_get, "Time zone", required=True, default=lambda self: self.env.user.tz or "UTC"
    )
    warehouse_id = fields.Many2one("stock.warehouse", check_company=True, copy=False)
    pos_config_id = fields.Many2one("pos.config", "Unattended point of sale", copy=False)
    pricelist_id = fields.Many2one("product.pricelist", check_company=True)
    sales_from = fields.Float("Sales from", help="Local time at which selling may begin.")
    sales_to = fields.Float("Sales until", default=24.0, help="Local time at which selling ends.")
    min_age = fields.Integer("Minimum age", default=18, help="For age-restricted goods.")
    site_ids = fields.One2many("wine.site", "region_id", "Sites")
    machine_ids = fields.One2many("wine.machine", "region_id", "Machines")
    machine_count = fields.Integer(compute="_compute_machine_count")
    cost_at_closing = fields.Boolean(compute="_compute_cost_at_closing")
    is_mine_to_shape = fields.Boolean(
        compute="_compute_is_mine_to_shape",
        help="Whether this user decides the place of the region in the tree and who runs it.",
    )

    _code_unique = models.Constraint(
        "UNIQUE(company_id, code)", "Another region of this company has this code. Choose another."
    )
    _hours = models.Constraint(
        "CHECK(sales_from >= 0 AND sales_to <= 24 AND sales_from < sales_to)",
        "Sales hours must lie between 0:00 and 24:00, the end after the beginning.",
    )
    _age = models.Constraint("CHECK(min_age >= 0)", "The minimum age cannot be negative.")

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for region in self:
            parent = region.parent_id.complete_name
            region.complete_name = f"{parent} / {region.name}" if parent else region.name

    @api.depends("machine_ids")
    def _compute_machine_count(self):
        for region in self:
            region.machine_count = self.env["wine.machine"].search_count(
                [("region_id", "child_of", region.id)]
            )

    @api.depends_context("uid")
    def _compute_is_mine_to_shape(self):
        self.is_mine_to_shape = self.has_access("create")

    @api.depends("company_id.inventory_valuation")
    def _compute_cost_at_closing(self):
        for region in self:
            region.cost_at_closing = region.company_id.inventory_valuation == "real_time"

    @api.constrains("parent_id")
    def _check_parent(self):
        if self._has_cycle():
            raise ValidationError(
                self.env._("A region cannot be part of itself or of a region below it.")
            )
        for region in self:
            if region.parent_id and region.parent_id.company_id != region.company_id:
                raise ValidationError(
                    self.env._(
                        "%(region)s belongs to %(company)s, the region above it to %(other)s. A "
                        "tree of regions lies in one company.",
                        region=region.name,
                        company=region.company_id.name,
                        other=region.parent_id.company_id.name,
                    )
                )

    @api.constrains("pos_config_id")
    def _check_pos_config(self):
        for region in self.filtered("pos_config_id"):
            others = self.search_count(
                [("pos_config_id", "=", region.pos_config_id.id), ("id", "!=", region.id)]
            )
            if others:
                raise ValidationError(
                    self.env._(
                        "The point of sale %(pos)s already serves another region. Leave the field "
                        "empty and %(region)s gets one of its own.",
                        pos=region.pos_config_id.name,
                        region=region.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        regions = super().create(vals_list)
        for region in regions:
            region._set_up_trade()
        return regions

    def action_view_machines(self):
        """Machines of the region and of those below it."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wine_vending.wine_machine_action")
        action["domain"] = [("region_id", "child_of", self.id)]
        action["context"] = {"default_region_id": self.id}
        return action
