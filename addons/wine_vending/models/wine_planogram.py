# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

STATES = [("draft", "Draft"), ("published", "Published"), ("superseded", "Superseded")]


class WinePlanogram(models.Model):
    """A version of what a machine's slots shall hold, at which price.

    **draft** (being laid out) → **published** (wanted from now on, sent to the machine) →
    **superseded** (a newer version is published). A published version never changes: what was sold
    under it can always be compared with it. The machine reports the version that it has applied.
    """

    _name = "wine.planogram"
    _description = "Planogram"
    _inherit = ["mail.thread"]
    _order = "machine_id, version desc, id desc"

    machine_id = fields.Many2one("wine.machine", required=True, index=True, ondelete="cascade")
    region_id = fields.Many2one(related="machine_id.region_id", store=True, index=True)
    currency_id = fields.Many2one(related="machine_id.currency_id")
    version = fields.Integer(readonly=True, copy=False, help="Given when it is published.")
    state = fields.Selection(STATES, default="draft", readonly=True, copy=False, tracking=True)
    published_at = fields.Datetime(readonly=True, copy=False)
    line_ids = fields.One2many("wine.planogram.line", "planogram_id", "Slots", copy=True)

    _version_unique = models.UniqueIndex(
        "(machine_id, version) WHERE version > 0", "A machine has each planogram version once."
    )

    @api.depends("machine_id.name", "version", "state")
    def _compute_display_name(self):
        for planogram in self:
            label = (
                self.env._("version %s", planogram.version)
                if planogram.version
                else self.env._("draft")
            )
            planogram.display_name = f"{planogram.machine_id.name}, {label}"

    def write(self, vals):
        if "line_ids" in vals:
            self._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_draft(self):
        self._check_draft()

    def _check_draft(self):
        for planogram in self:
            if planogram.state != "draft":
                raise UserError(
                    self.env._(
                        "%s is in use and never changes. Start a new version from the machine.",
                        planogram.display_name,
                    )
                )

    def action_publish(self):
        """Publish drafts: next version of each machine, the previous one is superseded."""
        self.check_access("write")
        for planogram in self.sudo():  # state, version and slots are not edited, they follow
            planogram._check_draft()
            planogram._check_lines()
            machine = planogram.machine_id
            latest = max(machine.planogram_ids.mapped("version"), default=0)
            machine.planogram_id.state = "superseded"
            planogram.write(
                {
                    "version": latest + 1,
                    "state": "published",
                    "published_at": fields.Datetime.now(),
                }
            )
            machine.planogram_id = planogram
            planogram._apply_to_slots()
        self.machine_id._publish_desired()
        return True

    def _check_lines(self):
        if not self.line_ids:
            raise UserError(
                self.env._("%s is empty. Give at least one slot a product.", self.display_name)
            )

    def _apply_to_slots(self):
        """Let the slots say what they shall hold now."""
        by_slot = {line.slot_id: line for line in self.line_ids}
        for slot in self.machine_id.slot_ids:
            line = by_slot.get(slot)
            slot.write(
                {
                    "product_id": line.product_id.id if line else False,
                    "price": line.price if line else 0,
                    "par": line.par if line else 0,
                    "enabled": bool(line and line.enabled),
                }
            )


class WinePlanogramLine(models.Model):
    """What one slot shall hold."""

    _name = "wine.planogram.line"
    _description = "Planogram slot"
    _order = "planogram_id, slot_row, slot_column, id"
    _rec_name = "slot_id"

    planogram_id = fields.Many2one("wine.planogram", required=True, index=True, ondelete="cascade")
    machine_id = fields.Many2one(related="planogram_id.machine_id", store=True, index=True)
    region_id = fields.Many2one(related="machine_id.region_id", store=True, index=True)
    currency_id = fields.Many2one(related="planogram_id.currency_id")
    slot_id = fields.Many2one(
        "wine.machine.slot", required=True, domain="[('machine_id', '=', machine_id)]"
    )
    slot_row = fields.Integer(related="slot_id.row", store=True)
    slot_column = fields.Integer(related="slot_id.column", store=True)
    product_id = fields.Many2one("product.product", required=True)
    price = fields.Monetary(required=True)
    capacity = fields.Integer(
        compute="_compute_capacity", store=True, readonly=False, precompute=True
    )
    par = fields.Integer(
        "Par level", compute="_compute_par", store=True, readonly=False, precompute=True
    )
    enabled = fields.Boolean(default=True)

    _slot_unique = models.Constraint(
        "UNIQUE(planogram_id, slot_id)", "A planogram names each slot once."
    )
    _price_positive = models.Constraint(
        "CHECK(price >= 0)", "A price cannot be negative. Enter what the consumer pays."
    )

    @api.depends("slot_id")
    def _compute_capacity(self):
        for line in self:
            line.capacity = line.capacity or line.slot_id.capacity

    @api.depends("capacity")
    def _compute_par(self):
        for line in self:
            line.par = line.par or line.capacity

    @api.onchange("product_id")
    def _onchange_product(self):
        if self.product_id and not self.price:
            self.price = self.product_id.lst_price

    @api.constrains("slot_id", "planogram_id", "capacity", "par")
    def _check_slot(self):
        for line in self:
            if line.slot_id.machine_id != line.planogram_id.machine_id:
                raise ValidationError(
                    self.env._(
                        "Slot %(slot)s is not a slot of %(machine)s.",
                        slot=line.slot_id.display_name,
                        machine=line.planogram_id.machine_id.name,
                    )
                )
            if max(line.par, line.capacity) > line.slot_id.capacity:
                raise ValidationError(
                    self.env._(
                        "Slot %(slot)s of machine %(machine)s holds %(limit)s bottles at most; "
                        "the planogram asks for %(asked)s. Lower the par level or choose a larger "
                        "slot.",
                        slot=line.slot_id.code,
                        machine=line.machine_id.name,
                        limit=line.slot_id.capacity,
                        asked=max(line.par, line.capacity),
                    )
                )

    @api.constrains("product_id")
    def _check_product(self):
        for line in self:
            if not line.product_id.default_code:
                raise ValidationError(
                    self.env._(
                        "%s has no internal reference; machines know products by it. Enter one on "
                        "the product.",
                        line.product_id.display_name,
                    )
                )

    def write(self, vals):
        self.planogram_id._check_draft()
        result = super().write(vals)
        self.planogram_id._check_draft()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_only_draft(self):
        self.planogram_id._check_draft()

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.planogram_id._check_draft()
        return lines

    def _values(self):
        """What a copy of this line starts with."""
        self.ensure_one()
        return {
            "slot_id": self.slot_id.id,
            "product_id": self.product_id.id,
            "price": self.price,
            "capacity": self.capacity,
            "par": self.par,
            "enabled": self.enabled,
        }
