# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

STATES = [("draft", "Draft"), ("published", "Published"), ("superseded", "Superseded")]
STAGES = [
    ("draft", "Draft"),
    ("scheduled", "Scheduled"),
    ("failed", "Not published"),
    ("waiting", "Waiting"),
    ("applied", "Applied"),
    ("superseded", "Superseded"),
]


class WinePlanogram(models.Model):
    """A version of what a machine's slots shall hold, at which price.

    **draft** (being laid out) → **published** (wanted from now on, sent to the machine) →
    **superseded** (a newer version is published). A published version never changes: what was sold
    under it can always be compared with it, and going back means a new version with the content of
    an old one.

    ``stage`` tells the same with what the machine says: a draft may be **scheduled**, a published
    version is **waiting** until the machine reports that it has **applied** it. ``applied_at`` is
    when it first said so, and stays.

    A draft knows the version that it was started from. Published by the schedule after another
    version came between, it brings its own changes only; see :meth:`_catch_up`.
    """

    _name = "wine.planogram"
    _description = "Planogram"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "machine_id, version desc, id desc"

    machine_id = fields.Many2one("wine.machine", required=True, index=True, ondelete="cascade")
    region_id = fields.Many2one(related="machine_id.region_id", store=True, index=True)
    currency_id = fields.Many2one(related="machine_id.currency_id")
    version = fields.Integer(readonly=True, copy=False, help="Given when it is published.")
    state = fields.Selection(STATES, default="draft", readonly=True, copy=False, tracking=True)
    stage = fields.Selection(STAGES, compute="_compute_stage", store=True)
    base_id = fields.Many2one(
        "wine.planogram",
        "Started from",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The version that was published when this one was started.",
    )
    source_id = fields.Many2one(
        "wine.planogram",
        "Copied from",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="The planogram, of this or another machine, whose content this one took.",
    )
    published_at = fields.Datetime("Published", readonly=True, copy=False)
    published_by_id = fields.Many2one("res.users", "Published by", readonly=True, copy=False)
    applied_at = fields.Datetime(
        "Applied",
        readonly=True,
        copy=False,
        help="When the machine first reported this version as applied.",
    )
    superseded_at = fields.Datetime("Superseded", readonly=True, copy=False)
    line_ids = fields.One2many("wine.planogram.line", "planogram_id", "Slots", copy=True)

    _version_unique = models.UniqueIndex(
        "(machine_id, version) WHERE version > 0", "A machine has each planogram version once."
    )

    # === COMPUTE === #

    @api.depends("machine_id.name", "version", "state")
    def _compute_display_name(self):
        for planogram in self:
            label = (
                self.env._("version %s", planogram.version)
                if planogram.version
                else self.env._("draft")
            )
            planogram.display_name = f"{planogram.machine_id.name}, {label}"

    @api.depends("state", "version", "machine_id.reported_version", "publish_at", "publish_error")
    def _compute_stage(self):
        for planogram in self:
            if planogram.state == "published":
                applied = planogram.machine_id.reported_version == planogram.version
                planogram.stage = "applied" if applied else "waiting"
            elif planogram.state == "draft" and planogram.publish_error:
                planogram.stage = "failed"
            elif planogram.state == "draft" and planogram.publish_at:
                planogram.stage = "scheduled"
            else:
                planogram.stage = planogram.state

    # === CRUD === #

    def write(self, vals):
        if "line_ids" in vals or "machine_id" in vals:
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

    # === PUBLICATION === #

    def action_publish(self):
        """Publish drafts: next version of each machine, the previous one is superseded.

        :raise UserError: not a draft, empty, or a line that may not be published by this user
        """
        self.check_access("write")
        self._check_publishable()
        self.sudo()._publish()  # state, version and slots are not edited, they follow
        return True

    def _check_publishable(self):
        """:raise UserError: what a machine must not be told, in a sentence that says what to do"""
        self._check_draft()
        for planogram in self:
            if not planogram.line_ids:
                raise UserError(
                    self.env._(
                        "%s is empty. Give at least one slot a product.", planogram.display_name
                    )
                )
        refusals = self.sudo().line_ids._refusals()
        if refusals:
            raise UserError(self.env["wine.planogram.line"]._refusal_text(refusals))

    def _publish(self):
        """Give versions, supersede, let slots follow, tell the machines; drafts, superuser."""
        machines = self.machine_id
        versions = machines._lock_versions()
        now = fields.Datetime.now()
        for planogram in self:
            machine = planogram.machine_id
            versions[machine.id] += 1
            machine.planogram_id.write({"state": "superseded", "superseded_at": now})
            planogram.write(
                {
                    "version": versions[machine.id],
                    "state": "published",
                    "published_at": now,
                    "published_by_id": self.env.uid,
                    "publish_at": False,
                    "publish_error": False,
                }
            )
            machine.planogram_id = planogram
        machines._follow_planogram()
        machines._publish_desired()
        machines._refresh_differences()


class WineMachine(models.Model):
    """The published planogram and the machines' slots."""

    _inherit = "wine.machine"

    def _lock_versions(self):
        """Hold the machines against another publication; dict machine id → newest version.

        In one order, so that two publications of the same machines wait and never block each other.
        Who comes second fails by serialisation and is tried again on what the first one left.
        """
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                "SELECT id FROM wine_machine WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
                self._ids or (0,),
            )
        )
        rows = self.env.execute_query(
            SQL(
                """SELECT machine_id, max(version) FROM wine_planogram
                    WHERE machine_id IN %s GROUP BY machine_id""",
                self._ids or (0,),
            )
        )
        return dict.fromkeys(self._ids, 0) | {machine: version or 0 for machine, version in rows}

    def _follow_planogram(self):
        """Let the slots say what they shall hold now: all machines in one statement."""
        self.env.flush_all()
        names = ["product_id", "price", "par", "enabled"]
        rows = self.env.execute_query(
            SQL(
                """UPDATE wine_machine_slot slot
                      SET product_id = new.product_id, price = new.price, par = new.par,
                          enabled = new.enabled
                     FROM (SELECT slot.id, line.product_id, COALESCE(line.price, 0) AS price,
                                  COALESCE(line.par, 0) AS par,
                                  COALESCE(line.enabled, FALSE) AS enabled
                             FROM wine_machine_slot slot
                             JOIN wine_machine machine ON machine.id = slot.machine_id
                        LEFT JOIN wine_planogram_line line
                               ON line.slot_id = slot.id
                              AND line.planogram_id = machine.planogram_id
                            WHERE machine.id IN %s) AS new
                    WHERE slot.id = new.id
                      AND (slot.product_id, slot.price, slot.par, slot.enabled)
                          IS DISTINCT FROM (new.product_id, new.price, new.par, new.enabled)
                RETURNING slot.id""",
                self._ids or (0,),
            )
        )
        slots = self.env["wine.machine.slot"].browse(row[0] for row in rows)
        slots.invalidate_recordset(names, flush=False)
        slots.modified(names)
