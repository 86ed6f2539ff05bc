# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models

from ..core.visit_plan import Reason

#: kinds of alerts that somebody must go to the machine for
ERRANDS = ("fault", "offline", "temperature", "door", "slot")


class WineMachine(models.Model):
    """Alerts as reasons for a visit."""

    _inherit = "wine.machine"

    def _visit_reasons(self):
        """Open alerts of warning or graver, with what they put at risk.

        A machine that stands still risks a day's sales; one whose temperature is critical, the
        goods in it at their price.
        """
        result = super()._visit_reasons()
        alerts = self.env["wine.machine.alert"].search(
            [
                ("machine_id", "in", self.ids),
                ("state", "!=", "closed"),
                ("kind", "in", ERRANDS),
                ("rank", ">", 0),
                ("parent_id", "=", False),
                ("gone_since", "=", False),
            ]
        )
        standing = set()
        for alert in alerts:
            machine = alert.machine_id
            amount = alert._at_risk() if machine not in standing else 0.0
            if alert._stands_still():
                standing.add(machine)
            result[machine].append(Reason(alert.kind, amount, alert._told(), alert.first_seen))
        return result


class WineMachineAlert(models.Model):
    _inherit = "wine.machine.alert"

    def _stands_still(self):
        self.ensure_one()
        return self.kind == "offline" or (self.kind == "fault" and self.severity == "critical")

    def _at_risk(self):
        """Money, in the company's currency."""
        self.ensure_one()
        slots = self.machine_id.slot_ids
        if self._stands_still():
            return sum(slot.rate_per_day * slot.price for slot in slots)
        if self.kind == "temperature" and self.severity == "critical":
            return sum(max(slot.qty, 0) * slot.price for slot in slots)
        return 0.0
