# SPDX-License-Identifier: LGPL-3.0-or-later
from uuid import UUID, uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

LIFECYCLE = [
    ("draft", "Draft"),
    ("commissioned", "Commissioned"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("retired", "Retired"),
]
CONNECTION = [("never", "Never connected"), ("online", "Online"), ("offline", "Offline")]
#: target → states from which it may be reached
LIFECYCLE_FROM = {
    "commissioned": ("draft",),
    "active": ("commissioned", "suspended"),
    "suspended": ("commissioned", "active"),
    "retired": ("draft", "commissioned", "active", "suspended"),
}
#: only code of this addon holds this object; a context that comes from outside cannot
_LIFECYCLE = object()


class WineMachine(models.Model):
    """One intelligent selling device.

    A machine is known by a UUID that it keeps for life; the serial number belongs to the hardware
    and may change with it. Its life: **draft** (being described) → **commissioned** (stands at its
    site, may connect) → **active** (sells) ⇄ **suspended** (may not sell) → **retired**. What a
    device reports is taken in any state, for it has happened.

    It has a stock location of its own under its region's warehouse: what lies in it is in the books
    there. Its slots count bottles live; its planogram says what they shall hold, at which price.
    """

    _name = "wine.machine"
    _description = "Machine"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "region_id, name"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    uuid = fields.Char(
        "UUID", required=True, copy=False, default=lambda self: str(uuid4()), index=True
    )
    serial = fields.Char("Serial number", required=True, copy=False, tracking=True)
    model_id = fields.Many2one("wine.machine.model", required=True)
    site_id = fields.Many2one("wine.site", required=True, index=True, tracking=True)
    region_id = fields.Many2one(
        "wine.region",
        required=True,
        index=True,
        tracking=True,
        compute="_compute_region",
        store=True,
        readonly=False,
        precompute=True,
    )
    company_id = fields.Many2one(related="region_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    location_id = fields.Many2one("stock.location", "Stock location", copy=False, readonly=True)
    state = fields.Selection(
        LIFECYCLE,
        default="draft",
        required=True,
        copy=False,
        tracking=True,
        index=True,
    )
    connection_state = fields.Selection(
        CONNECTION,
        "Connection",
        default="never",
        required=True,
        readonly=True,
        copy=False,
        index=True,
    )
    last_seen = fields.Datetime("Last heard of", copy=False, readonly=True)
    last_vend_at = fields.Datetime("Last sale", copy=False, readonly=True)
    firmware = fields.Char(copy=False, readonly=True)
    capabilities = fields.Char(copy=False, readonly=True)
    door_state = fields.Selection(
        [("closed", "Closed"), ("opened", "Opened")], "Door", copy=False, readonly=True
    )
    fault_ids = fields.One2many("wine.machine.fault", "machine_id", "Raised faults", copy=False)
    fault_count = fields.Integer("Faults now", compute="_compute_fault_count")
    slot_ids = fields.One2many("wine.machine.slot", "machine_id", "Slots", copy=False)
    planogram_ids = fields.One2many("wine.planogram", "machine_id", copy=False)
    planogram_id = fields.Many2one("wine.planogram", "Published planogram", copy=False)
    wanted_version = fields.Integer(related="planogram_id.version", string="Wanted version")
    reported_version = fields.Integer("Applied version", copy=False, readonly=True)
    in_sync = fields.Boolean("Planogram applied", compute="_compute_in_sync")
    bottle_count = fields.Integer("Bottles", compute="_compute_fill")
    fill_percent = fields.Integer("Filled (%)", compute="_compute_fill")
    vend_ids = fields.One2many("wine.vend", "machine_id", "Vends")
    case_count = fields.Integer("Open cases", compute="_compute_counts")
    sales_today = fields.Monetary("Sales today", compute="_compute_counts")
    vends_today = fields.Integer("Vends today", compute="_compute_counts")

    _uuid_unique = models.Constraint("UNIQUE(uuid)", "Another machine has this UUID.")
    _serial_unique = models.Constraint(
        "UNIQUE(serial)", "Another machine has this serial number. Check the plate."
    )

    # === COMPUTE === #

    @api.depends("site_id")
    def _compute_region(self):
        for machine in self:
            machine.region_id = machine.site_id.region_id or machine.region_id

    @api.depends("reported_version", "planogram_id.version")
    def _compute_in_sync(self):
        for machine in self:
            machine.in_sync = machine.reported_version == (machine.planogram_id.version or 0)

    @api.depends("slot_ids.qty", "slot_ids.capacity")
    def _compute_fill(self):
        for machine in self:
            room = sum(machine.slot_ids.mapped("capacity"))
            machine.bottle_count = sum(machine.slot_ids.mapped("qty"))
            machine.fill_percent = round(100 * max(machine.bottle_count, 0) / room) if room else 0

    @api.depends("fault_ids")
    def _compute_fault_count(self):
        for machine in self:
            machine.fault_count = len(machine.fault_ids)

    def _compute_counts(self):
        today = {region: region._business_today() for region in self.region_id}
        sums = {}
        if today:
            rows = self.env["wine.vend"]._read_group(
                [
                    ("machine_id", "in", self.ids),
                    ("state", "=", "captured"),
                    ("business_date", ">=", min(today.values())),
                ],
                ["machine_id", "business_date:day"],
                ["amount_captured:sum", "__count"],
            )
            sums = {
                (machine.id, fields.Date.to_date(day)): (amount, count)
                for machine, day, amount, count in rows
            }
        cases = dict(
            self.env["wine.case"]._read_group(
                [("machine_id", "in", self.ids), ("state", "=", "open")],
                ["machine_id"],
                ["__count"],
            )
        )
        for machine in self:
            amount, count = sums.get((machine.id, today.get(machine.region_id)), (0, 0))
            machine.sales_today = amount
            machine.vends_today = count
            machine.case_count = cases.get(machine, 0)

    # === CONSTRAINTS === #

    @api.constrains("uuid")
    def _check_uuid(self):
        for machine in self:
            try:
                canonical = str(UUID(machine.uuid))
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "%s is no UUID. Leave the field empty and one is made.", machine.uuid
                    )
                ) from error
            if canonical != machine.uuid:
                raise ValidationError(
                    self.env._("Write the UUID in lower case with dashes: %s", canonical)
                )

    @api.constrains("region_id", "site_id")
    def _check_region(self):
        for machine in self:
            if machine.site_id.region_id != machine.region_id:
                raise ValidationError(
                    self.env._(
                        "%(machine)s is in %(region)s but its site %(site)s is in %(other)s. "
                        "Choose a site of the machine's region.",
                        machine=machine.name,
                        region=machine.region_id.complete_name,
                        site=machine.site_id.name,
                        other=machine.site_id.region_id.complete_name,
                    )
                )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("state", "draft") != "draft" for vals in vals_list):
            raise UserError(self.env._("A machine begins as a draft; its buttons do the rest."))
        machines = super().create(vals_list)
        machines._make_locations()
        machines._make_slots()
        return machines

    def write(self, vals):
        if "state" in vals and self.env.context.get("wine_lifecycle") is not _LIFECYCLE:
            raise UserError(
                self.env._(
                    "The life of a machine changes by its buttons, not by editing the state."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_unused(self):
        for machine in self:
            if machine.vend_ids:
                raise UserError(
                    self.env._("%s has sold. Retire it instead of deleting it.", machine.name)
                )

    def _make_locations(self):
        locations = (
            self.env["stock.location"]
            .sudo()
            .create(
                [
                    {
                        "name": machine.name,
                        "usage": "internal",
                        "location_id": machine.region_id.warehouse_id.view_location_id.id,
                        "company_id": machine.company_id.id,
                        "wine_machine_id": machine.id,
                    }
                    for machine in self
                ]
            )
        )
        for machine, location in zip(self, locations, strict=True):
            machine.sudo().location_id = location  # not a field to be edited

    def _make_slots(self):
        self.env["wine.machine.slot"].create(
            [
                {
                    "machine_id": machine.id,
                    "code": code,
                    "row": row,
                    "column": column,
                    "capacity": machine.model_id.slot_capacity,
                }
                for machine in self.filtered(lambda machine: not machine.slot_ids)
                for code, row, column in machine.model_id._slot_layout()
            ]
        )

    # === ACTIONS === #

    def action_commission(self):
        return self._set_lifecycle("commissioned")

    def action_activate(self):
        for machine in self:
            if not machine.planogram_id:
                raise UserError(
                    self.env._(
                        "%s has no published planogram: it would not know what it sells. Publish "
                        "one first.",
                        machine.name,
                    )
                )
        return self._set_lifecycle("active")

    def action_suspend(self):
        return self._set_lifecycle("suspended")

    def action_retire(self):
        for machine in self:
            if machine.bottle_count > 0:
                raise UserError(
                    self.env._(
                        "%(machine)s still holds %(count)s bottles. Empty it first: a visit with "
                        "everything taken out.",
                        machine=machine.name,
                        count=machine.bottle_count,
                    )
                )
        return self._set_lifecycle("retired")

    def _set_lifecycle(self, target):
        for machine in self:
            if machine.state == target:
                continue
            if machine.state not in LIFECYCLE_FROM[target]:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(machine)s is %(state)s and cannot become %(target)s from there.",
                        machine=machine.name,
                        state=labels[machine.state],
                        target=labels[target],
                    )
                )
            machine.with_context(wine_lifecycle=_LIFECYCLE).state = target
            machine._lifecycle_changed()
        return True

    def action_new_planogram(self):
        """Draft the next version from the present one."""
        self.ensure_one()
        draft = self.planogram_ids.filtered(lambda p: p.stage == "draft")[:1]
        if not draft:
            lines = [line._values() for line in self.planogram_id.line_ids]
            draft = self.planogram_ids._make_drafts([{"machine": self, "lines": lines}])
        return draft.get_formview_action()

    def _action_of(self, xmlid, **context):
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        action["domain"] = [("machine_id", "in", self.ids)]
        action["context"] = context
        return action

    def action_view_vends(self):
        return self._action_of("wine_vending.wine_vend_action")

    def action_view_cases(self):
        return self._action_of("wine_vending.wine_case_action", search_default_open=1)

    def action_view_planograms(self):
        return self._action_of("wine_vending.wine_planogram_action")

    def action_view_orders(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("wine_vending.pos_order_action")
        action["domain"] = [("wine_machine_id", "in", self.ids)]
        return action

    def action_view_stock(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("stock.location_open_quants")
        action["domain"] = [("location_id", "child_of", self.location_id.ids)]
        action["context"] = {}
        return action

    # === HOOKS === #

    def _lifecycle_changed(self):
        """Called after the state of one machine changed; a wing that talks to it acts here."""

    def _send(self, command, args, expires):
        """Send a command to the machine.

        :param str command: a type of the device protocol, such as ``vend.authorize``
        :param dict args: JSON-able arguments
        :param datetime expires: naive UTC; the machine never carries it out later
        :return: identity of the command, or None where nothing carries commands
        """
        return None

    def _publish_desired(self):
        """Tell the machines what they shall hold and how they shall behave."""
