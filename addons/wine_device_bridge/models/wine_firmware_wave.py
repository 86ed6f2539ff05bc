# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import rollout
from .wine_firmware_install import FAILED, OPEN

SETTLED = ("kind", "percent", "region_ids", "machine_ids", "sequence", "campaign_id")


class WineFirmwareWave(models.Model):
    """Some machines of a campaign, begun together.

    **waiting** → **running** once enough machines of the wave before run the version, and so many
    hours more have passed → **passed** once enough of its own do. Machines of a wave that were
    offline still get their update after it has passed.
    """

    _name = "wine.firmware.wave"
    _description = "Wave of a firmware campaign"
    _inherit = ["wine.reach"]
    _order = "campaign_id, sequence, id"

    campaign_id = fields.Many2one(
        "wine.firmware.campaign", required=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one(related="campaign_id.region_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    kind = fields.Selection(
        [
            (rollout.PERCENT, "Share of all"),
            (rollout.REGIONS, "Regions"),
            (rollout.MACHINES, "Machines"),
            (rollout.REST, "All others"),
        ],
        "Which machines",
        required=True,
        default=rollout.PERCENT,
    )
    percent = fields.Float("Share (%)")
    region_ids = fields.Many2many("wine.region", string="These regions and below")
    machine_ids = fields.Many2many("wine.machine", string="These machines")
    soak_hours = fields.Float(
        "Wait before (hours)", help="After the wave before has passed, so long nothing happens."
    )
    min_success = fields.Float(
        "Passes at (%)",
        default=90.0,
        help="So many of its machines must run the version before the next wave begins.",
    )
    state = fields.Selection(
        [("waiting", "Waiting"), ("running", "Running"), ("passed", "Passed")],
        required=True,
        readonly=True,
        default="waiting",
        copy=False,
    )
    started_at = fields.Datetime("Begun", readonly=True, copy=False)
    passed_at = fields.Datetime("Passed at", readonly=True, copy=False)
    machine_count = fields.Integer("Machines", compute="_compute_counts")
    succeeded_count = fields.Integer("Succeeded", compute="_compute_counts")
    failed_count = fields.Integer("Failed", compute="_compute_counts")
    open_count = fields.Integer("Open", compute="_compute_counts")
    progress = fields.Float("Ended (%)", compute="_compute_counts")

    _numbers = models.Constraint(
        "CHECK(percent >= 0 AND percent <= 100 AND soak_hours >= 0 AND min_success >= 0 "
        "AND min_success <= 100)",
        "Shares lie between 0 and 100 %, waiting times are not negative.",
    )

    @api.depends("kind", "percent", "region_ids", "machine_ids", "campaign_id.state")
    def _compute_counts(self):
        for campaign in self.campaign_id:
            waves = self.filtered(lambda wave, campaign=campaign: wave.campaign_id == campaign)
            if campaign.state == "draft":
                planned = campaign._plan().counts
                for wave in waves:
                    wave._show({"planned": planned.get(wave._origin.id or wave.id, 0)})
            else:
                tally = campaign._tally()
                for wave in waves:
                    wave._show(tally.get(wave._origin.id, {}))
        (self - self.campaign_id.wave_ids.filtered(lambda wave: wave in self)).filtered(
            lambda wave: not wave.campaign_id
        )._show({})

    def _show(self, states):
        """Numbers of a dict state → machines."""
        for wave in self:
            wave.machine_count = sum(states.values())
            wave.succeeded_count = states.get("succeeded", 0)
            wave.failed_count = sum(states.get(state, 0) for state in FAILED)
            wave.open_count = sum(states.get(state, 0) for state in OPEN)
            ended = wave.machine_count - wave.open_count - states.get("planned", 0)
            wave.progress = 100.0 * ended / wave.machine_count if wave.machine_count else 0.0

    @api.model_create_multi
    def create(self, vals_list):
        waves = super().create(vals_list)
        waves._check_draft()
        return waves

    def write(self, vals):
        if any(name in vals for name in SETTLED):
            self._check_draft()
            self._check_stays(vals)
        return super().write(vals)

    def _check_stays(self, vals):
        """:raise UserError: it would go to another campaign, perhaps one of another region"""
        if "campaign_id" in vals and any(
            wave.campaign_id.id != vals["campaign_id"] for wave in self
        ):
            raise UserError(
                self.env._("A wave stays in its campaign. Make one of its own in the other.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        self._check_draft()

    def _check_draft(self):
        for campaign in self.campaign_id:
            if campaign.state != "draft":
                raise UserError(
                    self.env._(
                        "The waves of %s were settled when it started. Close it and start another.",
                        campaign.name,
                    )
                )

    def _share(self):
        """The wave as the planner reads it; regions with all below them."""
        self.ensure_one()
        regions = self.env["wine.region"].sudo()  # names no region, only counts machines there
        below = regions.search([("id", "child_of", self.region_ids._origin.ids)])
        return rollout.Share(
            self._origin.id or self.id,
            self.kind,
            self.percent,
            frozenset(below.ids if self.kind == rollout.REGIONS else ()),
            frozenset(self.machine_ids._origin.ids),
        )
