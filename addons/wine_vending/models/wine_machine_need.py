# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineMachine(models.Model):
    """Which machines need somebody, why, and what it costs to leave them alone.

    Every part of the house adds its reasons to ``_visit_reasons``; the sum of their money and one
    line of text are kept on the machine, so that "Needs me" opens at once and sorts. Refreshed every
    quarter of an hour and after what matters (a route planned, a visit done, a snooze).
    """

    _inherit = "wine.machine"

    need_amount = fields.Monetary("Money at risk", readonly=True, copy=False, index=True)
    need_text = fields.Char("Why", readonly=True, copy=False)
    need_kinds = fields.Char("Kinds of reasons", readonly=True, copy=False)
    need_since = fields.Datetime("Since", readonly=True, copy=False)
    need_at = fields.Datetime("Reckoned at", readonly=True, copy=False)
    need_user_id = fields.Many2one("res.users", "Who is on it", readonly=True, copy=False)
    need_snooze_until = fields.Date("Snoozed until", readonly=True, copy=False)
    need_snooze_reason = fields.Char("Snoozed because", readonly=True, copy=False)

    def _visit_reasons(self):
        """Why these machines should be visited; others extend the answer with ``super()``.

        :return: dict machine → list of :class:`~..core.visit_plan.Reason`, every machine a key
        """
        return {machine: [] for machine in self}
