# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models

POLICIES = ("standard", "airport", "sparkling", "website")


class WineSharePolicy(models.Model):
    """Puts the policies of the demo data in force; nothing else calls it."""

    _inherit = "wine.share.policy"

    @api.model
    def _demo_finish(self):
        """Activate the demo's policies and draft the next version of the usual one."""
        found = [self.env.ref(f"wine_profit_share.policy_{name}") for name in POLICIES]
        self.union(*found).action_activate()
        draft = found[0]._draft_next()
        for line in draft.line_ids:
            if line.role == "host":
                line.bp = 1000
            elif line.role == "operator":
                line.bp = 2400
        draft.note = self.env._("Two percent more for the hosts, one less for the operators?")
