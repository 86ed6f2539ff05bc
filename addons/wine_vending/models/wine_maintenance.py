# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models

from .wine_odoo_region import computed_region


class MaintenanceEquipment(models.Model):
    """The equipment of a machine; made when its first request is."""

    _inherit = "maintenance.equipment"

    wine_machine_id = fields.Many2one("wine.machine", "Wine machine", readonly=True, copy=False)
    wine_region_id = fields.Many2one(
        related="wine_machine_id.region_id", string="Region", store=True, index="btree_not_null"
    )

    _wine_machine_unique = models.UniqueIndex(
        "(wine_machine_id) WHERE wine_machine_id IS NOT NULL", "This machine has its equipment."
    )


class MaintenanceRequest(models.Model):
    _inherit = "maintenance.request"

    wine_machine_id = fields.Many2one(
        related="equipment_id.wine_machine_id", store=True, index="btree_not_null"
    )
    wine_region_id = computed_region(
        help="Where it was repaired; a machine that moves takes its open requests along."
    )
    wine_alert_ids = fields.One2many("wine.machine.alert", "request_id", "Alerts")

    @api.depends("equipment_id")
    def _compute_wine_region_id(self):
        for request in self:
            request.wine_region_id = request.equipment_id.wine_region_id

    def write(self, vals):
        """A request that is done closes its alerts."""
        result = super().write(vals)
        if "stage_id" in vals and not self.env.context.get("wine_closing"):
            done = self.filtered(lambda request: request.stage_id.done and request.wine_machine_id)
            alerts = done.sudo().wine_alert_ids.with_context(wine_closing=True)
            alerts._close(fields.Datetime.now(), muted=timedelta(hours=1))
        return result

    def _is_untouched(self):
        """Whether nobody has taken it up: still in the first stage, planned for nobody."""
        self.ensure_one()
        first = self.env["maintenance.stage"].search([], limit=1)
        return self.stage_id == first and not self.user_id and not self.schedule_date


class WineRegion(models.Model):
    _inherit = "wine.region"

    maintenance_team_id = fields.Many2one("maintenance.team", "Maintenance team", copy=False)

    def _team(self):
        """The team of the region, made when it is first needed."""
        self.ensure_one()
        if not self.maintenance_team_id:
            self.maintenance_team_id = self.env["maintenance.team"].create(
                {"name": self.complete_name, "company_id": self.company_id.id}
            )
        return self.maintenance_team_id


class WineMachine(models.Model):
    _inherit = "wine.machine"

    equipment_ids = fields.One2many("maintenance.equipment", "wine_machine_id")
    maintenance_count = fields.Integer("Open maintenance", compute="_compute_maintenance_count")

    def _compute_maintenance_count(self):
        rows = (
            self.env["maintenance.request"]
            .sudo()
            ._read_group(
                [
                    ("wine_machine_id", "in", self.ids),
                    ("stage_id.done", "=", False),
                    ("archive", "=", False),
                ],
                ["wine_machine_id"],
                ["__count"],
            )
        )
        counts = {machine.id: count for machine, count in rows}
        for machine in self:
            machine.maintenance_count = counts.get(machine._origin.id, 0)

    def _equipment(self):
        """The equipment of each machine, made for those that have none."""
        bare = self.filtered(lambda machine: not machine.equipment_ids)
        self.env["maintenance.equipment"].create(
            [
                {
                    "name": machine.name,
                    "serial_no": machine.serial,
                    "model": machine.model_id.display_name,
                    "wine_machine_id": machine.id,
                    "company_id": machine.company_id.id,
                    "maintenance_team_id": machine.region_id._team().id,
                    "technician_user_id": False,
                }
                for machine in bare
            ]
        )
        bare.invalidate_recordset(["equipment_ids"])
        return self.equipment_ids

    def action_view_maintenance(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_vending.action_wine_maintenance"
        )
        action["domain"] = [("wine_machine_id", "in", self.ids), ("archive", "=", False)]
        return action


class WineMachineAlert(models.Model):
    """Maintenance of what is critical: one open request per machine, however many alerts it has."""

    _inherit = "wine.machine.alert"

    @api.model
    def _open_maintenance(self, book):
        critical = self.search(
            [
                ("state", "!=", "closed"),
                ("severity", "=", "critical"),
                ("machine_id", "!=", False),
                ("request_id", "=", False),
                ("parent_id", "=", False),
                ("gone_since", "=", False),
            ]
        )
        wanted = critical.filtered(
            lambda alert: alert._opens_maintenance(
                book.pick(alert.kind, alert.region_id._upwards(), alert.machine_id.model_id.id)
            )
        )
        wanted.machine_id._equipment()
        running = self._running_requests(wanted.machine_id)
        for machine, alerts in wanted.grouped("machine_id").items():
            request = running.get(machine) or alerts._create_request(machine)
            if machine in running:
                alerts._note_on(request, self.env._("Another critical alert:"))
            alerts.request_id = request

    def _opens_maintenance(self, rule):
        return bool(rule and rule.maintenance)

    def _running_requests(self, machines):
        """{machine: its open request that alerts have opened}."""
        requests = self.env["maintenance.request"].search(
            [
                ("wine_machine_id", "in", machines.ids),
                ("stage_id.done", "=", False),
                ("archive", "=", False),
                ("wine_alert_ids", "!=", False),
            ]
        )
        return {request.wine_machine_id: request for request in requests}

    def _create_request(self, machine):
        lines = Markup().join(Markup("<li>%s</li>") % alert.display_name for alert in self)
        return self.env["maintenance.request"].create(
            {
                "name": self[0].display_name,
                "equipment_id": machine.equipment_ids[:1].id,
                "company_id": machine.company_id.id,
                "maintenance_team_id": machine.region_id._team().id,
                "maintenance_type": "corrective",
                "priority": "3",
                "user_id": False,
                "owner_user_id": False,
                "description": Markup("<ul>%s</ul>") % lines,
            }
        )

    def _note_on(self, request, words):
        lines = Markup().join(Markup("<li>%s</li>") % alert.display_name for alert in self)
        request.message_post(body=Markup("<p>%s</p><ul>%s</ul>") % (words, lines))

    def _let_go_of_maintenance(self):
        """What is over needs no maintenance: a note, and nobody is sent where nobody has begun."""
        if self.env.context.get("wine_closing"):
            return
        for request, alerts in self.grouped("request_id").items():
            if not request or request.stage_id.done:
                continue
            alerts._note_on(request, self.env._("This is over:"))
            running = request.wine_alert_ids.filtered(lambda alert: alert.state != "closed")
            if not running and request._is_untouched():
                request.archive = True
