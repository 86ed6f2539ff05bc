# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from .wine_alert_rule import SEVERITIES


class WineMachine(models.Model):
    """How a machine is: its climate against what its wines want, and what is wrong with it."""

    _inherit = "wine.machine"

    temperature = fields.Float("Temperature (°C)", compute="_compute_climate", digits=(4, 1))
    temperature_at = fields.Datetime("Measured at", compute="_compute_climate")
    humidity = fields.Float("Humidity (% RH)", compute="_compute_climate", digits=(4, 1))
    climate_text = fields.Char("Climate", compute="_compute_climate")
    temp_min = fields.Float("Coldest (°C)", compute="_compute_band", store=True, digits=(4, 1))
    temp_max = fields.Float("Warmest (°C)", compute="_compute_band", store=True, digits=(4, 1))
    connection_since = fields.Datetime(copy=False, readonly=True)
    connection_heard = fields.Datetime("Last word on the connection", copy=False, readonly=True)
    door_since = fields.Datetime(copy=False, readonly=True)
    door_epoch = fields.Integer(copy=False, readonly=True)
    door_seq = fields.Float(digits=(16, 0), copy=False, readonly=True)
    alert_ids = fields.One2many("wine.machine.alert", "machine_id", "Alerts", copy=False)
    outage_ids = fields.One2many("wine.machine.outage", "machine_id", "Outages", copy=False)
    alert_count = fields.Integer("Open alerts", compute="_compute_alerts")
    alert_severity = fields.Selection(SEVERITIES, "Gravest alert", compute="_compute_alerts")

    # === COMPUTE === #

    def _compute_climate(self):
        rows = self.env["wine.machine.climate"].sudo().search([("machine_id", "in", self.ids)])
        by_machine = {row.machine_id.id: row for row in rows}
        for machine in self:
            row = by_machine.get(machine._origin.id, rows.browse())
            machine.temperature = row.temperature
            machine.temperature_at = row.temperature_at
            machine.humidity = row.humidity
            machine.climate_text = machine._climate_words() if row.temperature_at else False

    def _climate_words(self):
        """The newest readings against the band, in the reader's language."""
        values = {
            "now": f"{self.temperature:.1f}",
            "low": f"{self.temp_min:.1f}",
            "high": f"{self.temp_max:.1f}",
            "humidity": round(self.humidity),
        }
        if self.temperature > self.temp_max:
            words = self.env._("%(now)s °C, too warm: %(low)s to %(high)s °C allowed", **values)
        elif self.temperature < self.temp_min:
            words = self.env._("%(now)s °C, too cold: %(low)s to %(high)s °C allowed", **values)
        else:
            words = self.env._("%(now)s °C, %(low)s to %(high)s °C allowed", **values)
        return f"{words}; {values['humidity']} % RH" if self.humidity else words

    @api.depends(
        "model_id.temp_min",
        "model_id.temp_max",
        "planogram_id.line_ids.product_id.wine_storage_temp_min",
        "planogram_id.line_ids.product_id.wine_storage_temp_max",
    )
    def _compute_band(self):
        """What every wine of the planogram bears; what the model is set to where that is nothing.

        A product without a storage range (0 to 0) asks for nothing.
        """
        for machine in self:
            wines = machine.planogram_id.line_ids.product_id.filtered(
                lambda wine: wine.wine_storage_temp_min or wine.wine_storage_temp_max
            )
            low = max(wines.mapped("wine_storage_temp_min"), default=0.0)
            high = min(wines.mapped("wine_storage_temp_max"), default=0.0)
            if not wines or low >= high:
                low, high = machine.model_id.temp_min, machine.model_id.temp_max
            machine.temp_min, machine.temp_max = low, high

    def _compute_alerts(self):
        rows = self.env["wine.machine.alert"]._read_group(
            [("machine_id", "in", self.ids), ("state", "!=", "closed")],
            ["machine_id"],
            ["__count", "rank:max"],
        )
        found = {machine.id: (count, rank) for machine, count, rank in rows}
        for machine in self:
            count, rank = found.get(machine._origin.id, (0, None))
            machine.alert_count = count
            machine.alert_severity = SEVERITIES[rank][0] if rank is not None else False

    # === ACTIONS === #

    def action_view_alerts(self):
        return self._action_of("wine_vending.wine_machine_alert_action", search_default_running=1)

    def action_view_readings(self):
        return self._action_of("wine_vending.wine_machine_reading_action", search_default_today=1)

    def action_view_outages(self):
        return self._action_of("wine_vending.wine_machine_outage_action")

    # === HOOKS === #

    def _lifecycle_changed(self):
        """A suspended machine is out of service from now on."""
        result = super()._lifecycle_changed()
        self.env["wine.machine.outage"]._switch(
            [(self.id, "suspended", self.state == "suspended", fields.Datetime.now())]
        )
        return result
