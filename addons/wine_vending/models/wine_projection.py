# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models


class WineMachine(models.Model):
    _inherit = "wine.machine"

    @api.model
    def _project(self, facts):
        """Take in what machines say happened: the one door for outside facts.

        All or nothing, in the caller's transaction: vends, orders, counters, stock and cases of the
        whole batch. Taking the same fact in again changes nothing.

        :param list[Fact] facts: of any machines; each machine's facts in its own order
        :return: the same facts, each with a ``result``: ``done``, ``duplicate``, ``orphan``,
            ``unhandled`` or ``failed: <why>``
        :raise RetryLater: not now; nothing was changed
        """
        from ..projection import Batch

        batch = Batch(self.sudo().env, facts)
        batch.run()
        return facts
