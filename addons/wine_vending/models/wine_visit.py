# SPDX-License-Identifier: LGPL-3.0-or-later
from uuid import UUID, uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

STATES = [
    ("planned", "Planned"),
    ("started", "Under way"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]
#: target → states from which it may be reached
STATE_FROM = {
    "started": ("planned",),
    "done": ("planned", "started"),
    "cancelled": ("planned", "started"),
}
SOURCES = [("phone", "Phone"), ("machine", "Machine")]
BAD_REASONS = [("breakage", "Breakage"), ("spoilage", "Spoilage"), ("expiry", "Expired")]


class WineVisit(models.Model):
    """One stop of field staff at one machine: fill, count, take cash, clean, look at the cold.

    **planned** (a stop of a route, or chosen there) → **started** (at the machine) → **done**,
    or **cancelled** before anything was booked. Two witnesses tell what happened: the phone of the
    person and the machine's own ``restock.done``. Whichever comes first is booked, once: the
    pre-kit picking moves what was really filled, what was taken out goes back to the warehouse,
    what is bad is scrapped with its reason, the counters take the count. The other one is compared
    slot by slot; where they differ, a person decides in one case.

    The hardest path is the phone that was offline: its count is of a past moment. Sales that the
    machine made since then are taken off again, and sales that arrive later but happened before
    the count change nothing, for the count has seen them.
    """

    _name = "wine.visit"
    _description = "Service visit"
    _inherit = ["mail.thread"]
    _order = "date desc, batch_id, sequence, id"

    uuid = fields.Char(
        "UUID", required=True, copy=False, readonly=True, default=lambda self: str(uuid4())
    )
    machine_id = fields.Many2one("wine.machine", required=True, index=True, ondelete="restrict")
    site_id = fields.Many2one(related="machine_id.site_id", string="Site")
    region_id = fields.Many2one(
        "wine.region",
        index=True,
        readonly=False,
        compute="_compute_region",
        store=True,
        precompute=True,
    )
    company_id = fields.Many2one(related="region_id.company_id", store=True, index=True)
    batch_id = fields.Many2one("stock.picking.batch", "Route", index="btree_not_null", copy=False)
    picking_id = fields.Many2one(
        "stock.picking",
        "Pre-kit",
        index="btree_not_null",
        copy=False,
        help="What was packed for this machine; it moves what was really filled.",
    )
    sequence = fields.Integer("Stop", default=10)
    user_id = fields.Many2one("res.users", "Visited by", index="btree_not_null", tracking=True)
    date = fields.Date(required=True, default=fields.Date.context_today, index=True)
    reason = fields.Char(help="Why the machine is visited, in words.")
    state = fields.Selection(
        STATES,
        default="planned",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    started_at = fields.Datetime("Started", readonly=True, copy=False)
    done_at = fields.Datetime("Done", readonly=True, copy=False)
    cleaned = fields.Boolean(readonly=True, copy=False)
    temperature = fields.Float("Temperature (°C)", digits=(5, 1), readonly=True, copy=False)
    has_temperature = fields.Boolean("Temperature read", readonly=True, copy=False)
    note = fields.Text()
    line_ids = fields.One2many("wine.visit.line", "visit_id", "Slots", copy=False)
    minutes = fields.Integer(compute="_compute_minutes", store=True, aggregator="avg")
    filled_total = fields.Integer("Bottles filled", compute="_compute_filled_total", store=True)
    photo_ids = fields.One2many(
        "ir.attachment",
        "res_id",
        "Photos",
        domain=[("res_model", "=", "wine.visit"), ("mimetype", "=like", "image/%")],
        readonly=True,
    )
    collection_ids = fields.One2many("wine.cash.collection", "visit_id", "Cash", readonly=True)
    restock_source = fields.Selection(
        SOURCES,
        "Booked by",
        readonly=True,
        copy=False,
        help="Whose report moved the stock; the other one was compared with it.",
    )
    restock_at = fields.Datetime("Counted at", readonly=True, copy=False)
    restock_clock_trusted = fields.Boolean(
        "Reporter's clock used",
        readonly=True,
        copy=False,
        default=True,
        help="Where a machine's clock cannot be trusted, the time is that of receipt.",
    )
    compared_source = fields.Selection(SOURCES, "Compared with", readonly=True, copy=False)

    _uuid_unique = models.Constraint("UNIQUE(uuid)", "Another visit has this UUID.")

    # === COMPUTE === #

    @api.depends("machine_id")
    def _compute_region(self):
        """Taken from the machine once: a machine that moves leaves its visits where they were."""
        for visit in self:
            visit.region_id = visit.region_id or visit.machine_id.region_id

    @api.depends("started_at", "done_at")
    def _compute_minutes(self):
        for visit in self:
            took = visit.done_at - visit.started_at if visit.done_at and visit.started_at else None
            visit.minutes = round(took.total_seconds() / 60) if took else 0

    @api.depends("line_ids.filled")
    def _compute_filled_total(self):
        for visit in self:
            visit.filled_total = sum(visit.line_ids.mapped("filled"))

    @api.depends("machine_id.name", "date")
    def _compute_display_name(self):
        for visit in self:
            day = fields.Date.to_string(visit.date) if visit.date else ""
            visit.display_name = f"{visit.machine_id.name or ''} {day}".strip()

    # === CONSTRAINTS === #

    @api.constrains("uuid")
    def _check_uuid(self):
        for visit in self:
            try:
                canonical = str(UUID(visit.uuid))
            except ValueError:
                canonical = ""
            if canonical != visit.uuid:
                raise ValidationError(
                    self.env._("%s is no UUID of a visit: lower case, with dashes.", visit.uuid)
                )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """A visit is of the business day of its region, wherever the office is."""
        for vals in vals_list:
            if not vals.get("date") and vals.get("machine_id"):
                region = self.env["wine.machine"].browse(vals["machine_id"]).sudo().region_id
                vals["date"] = region._business_today()
        return super().create(vals_list)

    # === ACTIONS === #

    def action_cancel(self):
        """Call a visit off; what was booked already stays booked, so such a visit cannot."""
        self.check_access("write")
        for visit in self:
            if visit.restock_source:
                raise UserError(
                    self.env._(
                        "%s: bottles were moved already. Let it be finished, and correct the "
                        "stock by a count.",
                        visit.display_name,
                    )
                )
        self.sudo()._set_state("cancelled")

    # === BUSINESS === #

    def _set_state(self, target, **values):
        """The one way to change the state; a repeat changes nothing.

        :return: the visits that changed
        :raise UserError: the target cannot be reached from here
        """
        changed = self.browse()
        labels = dict(self._fields["state"]._description_selection(self.env))
        for visit in self:
            if visit.state == target:
                continue
            if visit.state not in STATE_FROM[target]:
                raise UserError(
                    self.env._(
                        "The visit %(visit)s is %(state)s; it cannot become %(target)s.",
                        visit=visit.display_name,
                        state=labels[visit.state],
                        target=labels[target],
                    )
                )
            changed |= visit
        changed.write({"state": target, **values})
        return changed


class WineVisitLine(models.Model):
    """One slot of a visit: what was planned, found, put in, taken out, bad, and what is in it now.

    ``before + filled − removed − bad = after``. ``expected`` is what our counter said at the moment
    of the count; a difference to ``before`` is a question for a person.
    """

    _name = "wine.visit.line"
    _description = "Slot of a service visit"
    _order = "visit_id, row, column, id"

    visit_id = fields.Many2one("wine.visit", required=True, index=True, ondelete="cascade")
    region_id = fields.Many2one(related="visit_id.region_id", store=True, index=True)
    slot_id = fields.Many2one("wine.machine.slot", required=True, index=True, ondelete="restrict")
    row = fields.Integer(related="slot_id.row", store=True)
    column = fields.Integer(related="slot_id.column", store=True)
    product_id = fields.Many2one("product.product")
    planned = fields.Integer("To fill", help="Bottles packed for this slot.")
    expected = fields.Integer("Our count", readonly=True)
    before = fields.Integer("Found", readonly=True)
    filled = fields.Integer(readonly=True)
    removed = fields.Integer("Taken out", readonly=True)
    bad = fields.Integer(readonly=True)
    bad_reason = fields.Selection(BAD_REASONS, "Why bad", readonly=True)
    after = fields.Integer("In it now", readonly=True)
    difference = fields.Integer(compute="_compute_difference", store=True)

    _slot_once = models.Constraint(
        "UNIQUE(visit_id, slot_id, product_id)", "A slot stands once for each product in a visit."
    )
    _counts = models.Constraint(
        "CHECK(planned >= 0 AND before >= 0 AND filled >= 0 AND removed >= 0 AND bad >= 0 "
        "AND after >= 0)",
        "Numbers of bottles cannot be negative.",
    )

    @api.depends("before", "expected", "visit_id.restock_source")
    def _compute_difference(self):
        for line in self:
            line.difference = line.before - line.expected if line.visit_id.restock_source else 0


class WineVisitReach(models.Model):
    _name = "wine.visit"
    _inherit = ["wine.visit", "wine.reach"]
    _not_by_hand = ("region_id",)


class WineVisitLineReach(models.Model):
    _name = "wine.visit.line"
    _inherit = ["wine.visit.line", "wine.reach"]

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_planned()
        return lines

    def write(self, vals):
        self._check_planned()
        return super().write(vals)

    def _check_planned(self):
        if not self.env.su and any(line.visit_id.state != "planned" for line in self):
            raise UserError(self.env._("Only a visit that is still planned can be planned anew."))
