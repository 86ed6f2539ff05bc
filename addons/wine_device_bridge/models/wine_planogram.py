# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.tools import SQL


class WinePlanogram(models.Model):
    """Between published and applied: when the broker took the desired shadow of a version."""

    _inherit = "wine.planogram"

    sent_at = fields.Datetime(
        "Sent",
        compute="_compute_sent_at",
        help="When the broker last took this version for the machine.",
    )

    def _compute_sent_at(self):
        self.env["wine.bridge.command"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT planogram.id, max(command.sent_at)
                     FROM wine_planogram planogram
                     JOIN wine_bridge_command command
                       ON command.machine_id = planogram.machine_id
                      AND command.channel = 'desired'
                      AND command.args->>'version' = planogram.version::text
                    WHERE planogram.id IN %s
                    GROUP BY planogram.id""",
                self._ids or (0,),
            )
        )
        sent = dict(rows)
        for planogram in self:
            planogram.sent_at = sent.get(planogram._origin.id, False)
