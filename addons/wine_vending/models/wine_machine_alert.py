# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.alerting import SEVERAL
from ..core.told import _lt
from .wine_alert_rule import ALERT_KINDS, SEVERITIES
from .wine_told import read_told

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
    region_name = fields.Char(related="region_id.name", string="Region name")
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
    by_watch = fields.Boolean(readonly=True, help="Closes by itself when its cause is gone.")
    times = fields.Integer("Raised by the machine", readonly=True)
    muted_until = fields.Datetime(
        readonly=True, help="Closed by hand although its cause may still be there."
    )
    notice = fields.Selection([("single", "Singly"), ("digest", "In a digest")], readonly=True)
    notified_at = fields.Datetime("Owner told", readonly=True)
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

    @api.depends(
        "machine_id.name", "region_id.name", "kind", "detail", "value", "threshold", "note"
    )
    @api.depends_context("lang")
    def _compute_display_name(self):
        for alert in self:
            name = alert.machine_id.name or alert.region_id.complete_name
            alert.display_name = f"{name}: {alert._words()}"

    def _words(self):
        """What is wrong, in the reader's language."""
        return read_told(self.env, self._told())

    def _told(self):
        """What is wrong, as a sentence to be translated; or plain text."""
        several = not self.machine_id or self.detail == SEVERAL
        words = {
            "fault": self._fault_words,
            "offline": lambda: (
                _lt("%s machines are offline", round(self.value)) if several else _lt("offline")
            ),
            "temperature": self._temperature_words,
            "humidity": lambda: _lt("humidity %s %% RH", round(self.value)),
            "door": lambda: _lt("door open"),
            "stock": lambda: _lt("filled to %s %% only", round(self.value)),
            "slot": lambda: _lt("jammed slot %s", self.note or ""),
            "cash": lambda: _lt("cash box %s %% full", round(self.value)),
            "price": lambda: _lt("planogram %s not applied", round(self.value)),
        }
        say = words.get(self.kind)
        return say() if say else (self.note or _lt("needs somebody"))

    def _fault_words(self):
        if self.detail == SEVERAL:
            return _lt("%s more faults", round(self.value))
        code, _slash, slot = self.detail.partition("/")
        if slot:
            words = _lt("fault %(code)s in slot %(slot)s", code=code, slot=slot)
        else:
            words = _lt("fault %s", code)
        return _lt("%(fault)s (%(note)s)", fault=words, note=self.note) if self.note else words

    def _temperature_words(self):
        values = {"value": f"{self.value:.1f}", "edge": f"{self.threshold:.1f}"}
        if self.value < self.threshold:
            return _lt("%(value)s °C, colder than %(edge)s °C", **values)
        return _lt("%(value)s °C, warmer than %(edge)s °C", **values)

    # === ACTIONS === #

    def action_acknowledge(self):
        """I am on it: the alert is mine."""
        self.check_access("read")
        mine = self.sudo()
        mine = (mine | mine.child_ids).filtered(lambda alert: alert.state == "open")
        mine.write({"state": "acknowledged", "user_id": self.env.uid, "snoozed_until": False})
        mine.filtered(lambda alert: not alert.notice).write(
            {"notice": "single", "notified_at": fields.Datetime.now()}
        )
        mine.activity_ids.unlink()
        return True

    def action_snooze_hour(self):
        return self._snooze(timedelta(hours=1))

    def action_snooze_day(self):
        return self._snooze(timedelta(days=1))

    def _snooze(self, span):
        """Out of sight for a while; nobody is told of it until then."""
        self.check_access("read")
        running = self.sudo().filtered(lambda alert: alert.state != "closed")
        running.write({"snoozed_until": fields.Datetime.now() + span})
        return True

    def action_close(self):
        """Close by hand; the same trouble raises no alert for an hour."""
        self.check_access("write")
        now = fields.Datetime.now()
        if any(alert.state == "closed" for alert in self):
            raise UserError(self.env._("This alert is closed already."))
        running = self.sudo()
        (running | running.child_ids)._close(now, muted=timedelta(hours=1))
        return True

    def action_view_request(self):
        self.ensure_one()
        self.check_access("read")
        return self.request_id.get_formview_action()

    # === BUSINESS === #

    def _close(self, now, muted=None):
        """Close what is open; what was told of it and asked for it is taken back."""
        running = self.filtered(lambda alert: alert.state != "closed")
        if not running:
            return
        running.write(
            {
                "state": "closed",
                "closed_at": now,
                "snoozed_until": False,
                "muted_until": now + muted if muted else False,
            }
        )
        running.activity_ids.unlink()
        running._let_go_of_maintenance()

    @api.model
    def _look_soon(self):
        """Let the watch look at the machines at once instead of within its minute."""
        self.env.ref("wine_vending.cron_watch").sudo()._trigger()
