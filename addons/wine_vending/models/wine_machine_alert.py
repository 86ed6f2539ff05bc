# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from .wine_alert_rule import ALERT_KINDS, SEVERITIES

STATES = [("open", "Open"), ("acknowledged", "Acknowledged"), ("closed", "Closed")]


class WineMachineAlert(models.Model):
    """Something at a machine that needs a person.

    **open** → **acknowledged** (somebody is on it) → **closed**, by itself when the cause has been
    gone for a while, or by hand. It can be snoozed: it stays, and is out of sight until then. One
    trouble of one machine is one open alert, however often it is reported; when it comes back soon
    after it was closed, the same alert opens again. Many machines of a region that fall silent at
    once are one alert with the single ones below it.
    """

    _name = "wine.machine.alert"
    _description = "Alert"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "rank desc, first_seen, id"

    machine_id = fields.Many2one(
        "wine.machine", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    region_id = fields.Many2one("wine.region", required=True, readonly=True, index=True)
    site_id = fields.Many2one(related="machine_id.site_id")
    kind = fields.Selection(ALERT_KINDS, required=True, readonly=True)
    detail = fields.Char(readonly=True, required=True, default="")
    severity = fields.Selection(SEVERITIES, required=True, readonly=True, default="warning")
    rank = fields.Integer(compute="_compute_rank", store=True)
    state = fields.Selection(
        STATES, default="open", required=True, readonly=True, index=True, tracking=True
    )
    user_id = fields.Many2one("res.users", "Owner", tracking=True, index="btree_not_null")
    snoozed_until = fields.Datetime(readonly=True)
    first_seen = fields.Datetime("Since", required=True, readonly=True)
    last_seen = fields.Datetime(required=True, readonly=True)
    gone_since = fields.Datetime("Cause gone since", readonly=True)
    closed_at = fields.Datetime(readonly=True)
    occurrences = fields.Integer("Times", default=1, readonly=True)
    value = fields.Float(readonly=True, digits=(12, 1))
    threshold = fields.Float(readonly=True, digits=(12, 1))
    note = fields.Char("In the machine's words", readonly=True)
    parent_id = fields.Many2one("wine.machine.alert", "Part of", readonly=True, index=True)
    child_ids = fields.One2many("wine.machine.alert", "parent_id", "Machines")
    request_id = fields.Many2one("maintenance.request", "Maintenance", readonly=True)

    _one_open = models.UniqueIndex(
        "(machine_id, kind, detail) WHERE state <> 'closed' AND machine_id IS NOT NULL",
        "This alert is already open.",
    )
    _one_group_open = models.UniqueIndex(
        "(region_id, kind, detail) WHERE state <> 'closed' AND machine_id IS NULL",
        "This group of alerts is already open.",
    )

    # === COMPUTE === #

    @api.depends("severity")
    def _compute_rank(self):
        ranks = {key: place for place, (key, _label) in enumerate(SEVERITIES)}
        for alert in self:
            alert.rank = ranks.get(alert.severity, 0)
