# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from ..core.alerting import Rule, RuleBook

ALERT_KINDS = [
    ("fault", "Fault"),
    ("offline", "Offline"),
    ("temperature", "Temperature"),
    ("humidity", "Humidity"),
    ("door", "Door open"),
    ("stock", "Low stock"),
    ("slot", "Slot jammed"),
    ("cash", "Cash box full"),
    ("price", "Planogram not applied"),
    ("other", "Other"),
]
SEVERITIES = [("info", "Info"), ("warning", "Warning"), ("critical", "Critical")]


class WineAlertRule(models.Model):
    """When something at a machine becomes an alert, how grave it is, and what follows.

    A rule speaks of one kind of trouble, everywhere or in a region and those below it, for every
    machine or for one model. For each machine the most special rule decides: that of the nearest
    region, and there the one that names its model. A rule that is switched off lets its machines be
    silent.
    """

    _name = "wine.alert.rule"
    _description = "Alert rule"
    _order = "kind, region_id, model_id"
    _rec_name = "kind"

    kind = fields.Selection(ALERT_KINDS, required=True)
    region_id = fields.Many2one(
        "wine.region",
        index=True,
        ondelete="cascade",
        help="Counts there and in the regions below. Empty: everywhere.",
    )
    model_id = fields.Many2one(
        "wine.machine.model", "Machine model", help="Empty: every model.", ondelete="cascade"
    )
    enabled = fields.Boolean("In use", default=True, help="Off: such trouble is no alert there.")
    severity = fields.Selection(
        SEVERITIES, required=True, default="warning", help="A fault keeps what its machine says."
    )
    threshold = fields.Float(digits=(10, 1))
    delay_minutes = fields.Integer("After (minutes)", help="How long the trouble must last.")
    critical_minutes = fields.Integer(
        "Critical after (minutes)", help="When it lasts longer it is critical. 0: never."
    )
    clear_minutes = fields.Integer(
        "Closes after (minutes)", default=5, help="How long the trouble must be gone."
    )
    reopen_minutes = fields.Integer(
        "Same alert within (minutes)",
        default=60,
        help="Trouble that comes back sooner opens the same alert again.",
    )
    group_from = fields.Integer(
        "One alert from (machines)",
        default=0,
        help="So many machines of a region at once are one alert. 0: never.",
    )
    opens_maintenance = fields.Boolean(
        "Opens maintenance", help="When critical, a maintenance request for the machine."
    )
    notify = fields.Selection(
        [("none", "Nobody"), ("manager", "Regional administrator"), ("staff", "Service staff")],
        required=True,
        default="manager",
    )

    scope = fields.Char("Where", compute="_compute_texts")
    threshold_text = fields.Char(compute="_compute_texts")

    _scope_unique = models.UniqueIndex(
        "(kind, COALESCE(region_id, 0), COALESCE(model_id, 0))",
        "There is a rule of this kind for this region and model already. Change that one.",
    )
    _times = models.Constraint(
        "CHECK(delay_minutes >= 0 AND critical_minutes >= 0 AND clear_minutes >= 0 "
        "AND reopen_minutes >= 0 AND group_from >= 0)",
        "Times and numbers of a rule cannot be negative.",
    )

    @api.depends("kind", "region_id", "model_id", "threshold")
    @api.depends_context("lang")
    def _compute_texts(self):
        for rule in self:
            places = (rule.region_id.complete_name, rule.model_id.display_name)
            rule.scope = ", ".join(filter(None, places)) or self.env._("everywhere")
            amount = round(rule.threshold)
            rule.threshold_text = {
                "humidity": self.env._("%s %% RH or more", amount),
                "stock": self.env._("filled below %s %%", amount),
                "slot": self.env._("%s slots or more", max(amount, 1)),
                "cash": self.env._("%s %% full or more", amount),
                "temperature": self.env._("outside what its wines bear"),
            }.get(rule.kind, "")

    @api.model
    def _book(self):
        """All rules, ready to be asked."""
        return RuleBook(rule._plain() for rule in self.search([]))

    def _plain(self):
        return Rule(
            kind=self.kind,
            region=self.region_id.id or None,
            model=self.model_id.id or None,
            enabled=self.enabled,
            severity=self.severity,
            threshold=self.threshold,
            delay=self.delay_minutes,
            critical=self.critical_minutes,
            clear=self.clear_minutes,
            reopen=self.reopen_minutes,
            group_from=self.group_from,
            maintenance=self.opens_maintenance,
            notify=self.notify,
        )
