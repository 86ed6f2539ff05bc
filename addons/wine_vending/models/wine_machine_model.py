# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

ROW_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class WineMachineModel(models.Model):
    """A make of machine: its front (rows of slots) and what it can do."""

    _name = "wine.machine.model"
    _description = "Machine model"
    _order = "maker, name"

    name = fields.Char(required=True)
    maker = fields.Char(required=True)
    active = fields.Boolean(default=True)
    rows = fields.Integer(default=6, required=True)
    columns = fields.Integer(default=8, required=True)
    slot_capacity = fields.Integer("Bottles per slot", default=6, required=True)
    temp_min = fields.Float("Lowest temperature (°C)", default=8.0, digits=(4, 1))
    temp_max = fields.Float("Highest temperature (°C)", default=16.0, digits=(4, 1))
    humidity_max = fields.Float(
        "Highest humidity (% RH)",
        default=80.0,
        digits=(4, 1),
        help="Machines of this model keep the air at or below it, where they can. When it becomes "
        "an alert, the alert rules say.",
    )
    age_check = fields.Boolean("Checks age", help="Has a reader that proves a buyer's age.")
    has_lift = fields.Boolean("Lift", help="Carries the bottle down instead of dropping it.")
    has_sensor = fields.Boolean("Drop sensor", default=True)
    image_1920 = fields.Image()

    _layout = models.Constraint(
        "CHECK(rows BETWEEN 1 AND 26 AND columns BETWEEN 1 AND 40 AND slot_capacity > 0)",
        "A machine has 1 to 26 rows of 1 to 40 slots, and each slot holds at least one bottle.",
    )
    _humidity = models.Constraint(
        "CHECK(humidity_max BETWEEN 0 AND 100)",
        "The highest humidity is a percentage: enter a number between 0 and 100.",
    )

    @api.depends("name", "maker")
    def _compute_display_name(self):
        for model in self:
            model.display_name = f"{model.maker} {model.name}" if model.maker else model.name

    def _slot_layout(self):
        """[(code, row, column)] from the top left; A1 is the first slot of the top row."""
        self.ensure_one()
        return [
            (f"{ROW_LETTERS[row]}{column + 1}", row + 1, column + 1)
            for row in range(self.rows)
            for column in range(self.columns)
        ]
