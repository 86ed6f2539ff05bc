# SPDX-License-Identifier: LGPL-3.0-or-later
from uuid import uuid4

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

STATES = [
    ("draft", "Draft"),
    ("running", "Running"),
    ("paused", "Paused"),
    ("stopped", "Stopped"),
    ("done", "Done"),
]
#: target → states from which it may be reached
REACHED_FROM = {
    "running": ("draft", "paused", "stopped"),
    "paused": ("running",),
    "stopped": ("running", "paused"),
    "done": ("running", "paused", "stopped"),
}
#: who gets what is settled at the start
SETTLED = (
    "firmware_id",
    "region_id",
    "model_ids",
    "machine_ids",
    "from_least",
    "from_below",
    "downgrade",
)


class WineFirmwareCampaign(models.Model):
    """One version of firmware on its way to the machines of a region, wave after wave.

    **draft**: whom it concerns is chosen, the numbers per wave are shown. **running**: each machine
    has its place (``wine.firmware.install``), the waves begin one after the other, a job sends at
    night, so many at a time. **paused** by a person: nothing new is sent, what is under way goes
    on. **stopped**: too many machines failed, or the version was withdrawn; nothing new is sent
    and the image is refused to who has not fetched it. Both can be resumed. **done**: everybody has
    an end, or a person closed it.

    A roll back is another campaign, to the version that each machine ran before. Hardest path: a
    person pauses while a wave is being sent; sender and person take the campaign's row, the sender
    looks at its state again before every hundred machines.
    """

    _name = "wine.firmware.campaign"
    _description = "Firmware campaign"
    _inherit = ["wine.reach", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    name = fields.Char(compute="_compute_name", store=True, readonly=False, precompute=True)
    firmware_id = fields.Many2one(
        "wine.firmware", "Version", required=True, index=True, ondelete="restrict", tracking=True
    )
    region_id = fields.Many2one(
        "wine.region",
        "Region and below",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user.wine_region_ids[:1],
    )
    company_id = fields.Many2one(related="region_id.company_id")
    model_ids = fields.Many2many(
        "wine.machine.model",
        string="Only these models",
        help="Empty: all that the version fits.",
    )
    machine_ids = fields.Many2many(
        "wine.machine", string="Only these machines", help="Empty: all of the region and below."
    )
    from_least = fields.Char(
        "Lowest version", help="Machines that run this version or a newer one."
    )
    from_below = fields.Char("Below version", help="Machines that run an older version than this.")
    downgrade = fields.Boolean(
        "Newer machines too", help="Also machines that run a newer version: they go back."
    )
    join_late = fields.Boolean(
        "Machines that come later join",
        help="Machines that come to the region while the campaign runs go into its last wave. It "
        "then runs until it is closed.",
    )
    not_before = fields.Datetime("Not before", help="Nothing is sent earlier.")
    use_window = fields.Boolean("At night only", default=True)
    window_from = fields.Float("From", default=2.0, help="By the clock of each machine's region.")
    window_to = fields.Float("Until", default=5.0, help="By the clock of each machine's region.")
    max_parallel = fields.Integer(
        "At once", default=50, required=True, help="Machines that update at the same time."
    )
    stop_percent = fields.Float("Stop above (% failed)", default=10.0, required=True)
    stop_least = fields.Integer(
        "but not before",
        default=5,
        required=True,
        help="So many machines must have ended before failures stop the campaign.",
    )
    max_attempts = fields.Integer(
        "Attempts per machine",
        default=3,
        required=True,
        help="A download that failed is tried again; an image that does not start is not.",
    )
    command_hours = fields.Float(
        "Time to fetch (hours)",
        default=4.0,
        required=True,
        help="A machine that does not answer within this time is asked again.",
    )
    confirm_minutes = fields.Integer(
        "Time to show the version (min)",
        default=30,
        required=True,
        help="A machine that says it succeeded must show the new version within this time.",
    )
    state = fields.Selection(
        STATES, required=True, readonly=True, default="draft", copy=False, tracking=True, index=True
    )
    reason = fields.Char("Why it stands", readonly=True, copy=False)
    started_at = fields.Datetime("Started", readonly=True, copy=False)
    started_by_id = fields.Many2one("res.users", "Started by", readonly=True, copy=False)
    ended_at = fields.Datetime("Ended", readonly=True, copy=False)
    seed = fields.Char(required=True, readonly=True, copy=False, default=lambda self: str(uuid4()))
    rollback_of_id = fields.Many2one(
        "wine.firmware.campaign", "Takes back", readonly=True, copy=False, ondelete="restrict"
    )
    rollback_ids = fields.One2many("wine.firmware.campaign", "rollback_of_id", "Taken back by")
    wave_ids = fields.One2many(
        "wine.firmware.wave",
        "campaign_id",
        "Waves",
        copy=True,
        default=lambda self: self._default_waves(),
    )
    install_ids = fields.One2many("wine.firmware.install", "campaign_id", "Machines")

    _window = models.Constraint(
        "CHECK(window_from >= 0 AND window_from < 24 AND window_to > 0 AND window_to <= 24 "
        "AND window_from <> window_to)",
        "The window lies between 0:00 and 24:00 and has a length.",
    )
    _limits = models.Constraint(
        "CHECK(max_parallel > 0 AND stop_least > 0 AND max_attempts > 0 AND confirm_minutes > 0 "
        "AND command_hours >= 0.25 AND stop_percent >= 0 AND stop_percent <= 100)",
        "At once, attempts, times and limits are positive; at least 0.25 hours to fetch.",
    )

    @api.model
    def _default_waves(self):
        return [
            Command.create({"name": self.env._("First"), "kind": "percent", "percent": 10.0}),
            Command.create({"name": self.env._("All others"), "kind": "rest", "soak_hours": 24.0}),
        ]

    @api.depends("firmware_id", "region_id")
    def _compute_name(self):
        for campaign in self:
            campaign.name = self.env._(
                "%(version)s for %(region)s",
                version=campaign.firmware_id.version or self.env._("Firmware"),
                region=campaign.region_id.name or "",
            )

    # === CONSTRAINTS === #

    @api.constrains("from_least", "from_below")
    def _check_versions(self):
        for campaign in self:
            for version in filter(None, (campaign.from_least, campaign.from_below)):
                if campaign.firmware_id._order_of(version) is None:
                    raise ValidationError(
                        self.env._("%s is no version. Write three numbers as in 3.0.1.", version)
                    )

    # === CRUD === #

    def write(self, vals):
        settled = [name for name in SETTLED if name in vals]
        if settled and any(campaign.state != "draft" for campaign in self):
            raise UserError(
                self.env._(
                    "%(field)s was settled when the campaign started. Close it and start another.",
                    field=self._fields[settled[0]]._description_string(self.env),
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if any(campaign.state != "draft" for campaign in self):
            raise UserError(self.env._("A campaign that was started stays: close it instead."))

    # === ACTIONS === #

    def action_start(self):
        """Give every machine its place and begin; idempotent.

        :raise UserError: the version is not released, or no machine would get it
        """
        self._check_manager()
        for campaign in self:
            campaign._locked()
            if campaign.state == "running":
                continue
            if campaign.state != "draft":
                raise UserError(self.env._("%s was started already; resume it.", campaign.name))
            campaign._check_startable()
            campaign.sudo()._enrol()  # places are not edited
            campaign._to("running")
        return True

    def action_pause(self):
        """Send nothing new; what is under way goes on. Idempotent."""
        self._check_manager()
        self._to("paused", reason=self.env._("Paused by %s.", self.env.user.name))
        return True

    def action_stop(self):
        """Send nothing new, and refuse the image to machines that have not fetched it."""
        self._check_manager()
        self._stop(self.env._("Stopped by %s.", self.env.user.name))
        return True

    def action_resume(self):
        """Go on; failures count anew from here. Idempotent."""
        self._check_manager()
        for campaign in self:
            if campaign.firmware_id.state != "released":
                raise UserError(
                    self.env._(
                        "Version %s was withdrawn; no machine gets it any more. Close the "
                        "campaign.",
                        campaign.firmware_id.version,
                    )
                )
            if campaign.state != "running":
                campaign._to("running", reason=False)
                ended = campaign.sudo().install_ids.filtered(lambda one: not one.is_open)
                ended.forgiven = True  # not edited, only counted no more
        return True

    def action_close(self):
        """End it: machines that have not begun keep what they have. Idempotent."""
        self._check_manager()
        self._close(self.env._("Closed by %s.", self.env.user.name))
        return True

    def action_view_installs(self):
        """Machines of the campaign with what became of each."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_device_bridge.wine_firmware_install_action"
        )
        action["domain"] = [("campaign_id", "in", self.ids)]
        action["context"] = {"search_default_by_wave": 1}
        return action

    # === BUSINESS === #

    def _check_manager(self):
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group(
            "wine_vending.group_wine_region_manager"
        ):
            raise AccessError(self.env._("Campaigns are run by the regional administrator."))

    def _check_startable(self):
        self.ensure_one()
        if self.firmware_id.state != "released":
            raise UserError(
                self.env._(
                    "Version %s is not released. The platform administrator releases it first.",
                    self.firmware_id.version,
                )
            )
        if not self.wave_ids:
            raise UserError(self.env._("Add at least one wave: who is first, who comes after."))

    def _locked(self):
        """The row, for this transaction alone, as it is now; a sender ends its round first."""
        self.ensure_one()
        self.flush_recordset()
        self.env.cr.execute(
            "SELECT 1 FROM wine_firmware_campaign WHERE id = %s FOR NO KEY UPDATE", [self.id]
        )
        self.invalidate_recordset(["state"])
        return self

    def _to(self, target, **values):
        """The one way to another state; nothing happens where it stands there already.

        :raise UserError: from where it is, there is no way
        """
        for campaign in self:
            campaign._locked()
            if campaign.state == target:
                continue
            if campaign.state not in REACHED_FROM[target]:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(campaign)s is %(state)s and cannot become %(target)s.",
                        campaign=campaign.name,
                        state=labels[campaign.state],
                        target=labels[target],
                    )
                )
            more = {}
            if campaign.state == "draft":
                more = {"started_at": fields.Datetime.now(), "started_by_id": self.env.uid}
            if target == "done":
                more["ended_at"] = fields.Datetime.now()
            # not edited, only moved
            campaign.sudo().write({"state": target, **more, **values})
            if values.get("reason"):
                campaign.sudo().message_post(body=values["reason"])

    def _stop(self, reason):
        """Stop, tell who started it, and take back what no machine has received."""
        for campaign in self.filtered(lambda one: one.state != "stopped"):
            campaign._to("stopped", reason=reason)
            campaign.sudo().install_ids._take_back()
            campaign.sudo().activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Firmware campaign stopped"),
                note=reason,
                user_id=(campaign.started_by_id or self.env.user).id,
            )

    def _close(self, reason=False):
        for campaign in self.filtered(lambda one: one.state != "done"):
            campaign._to("done", reason=reason)
            installs = campaign.sudo().install_ids
            installs._take_back()
            installs.filtered("is_open")._end("skipped", "closed")
