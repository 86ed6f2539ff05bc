# SPDX-License-Identifier: LGPL-3.0-or-later
"""Every place at which a figure of the reports may change notes the machine-day; see `_mark`."""

from odoo import api, models

from ..core import vend_flow


class WineVend(models.Model):
    _inherit = "wine.vend"

    def _mark_report(self):
        """The machine-days of these vends are to be added up again: one statement."""
        self.env["wine.report.sales"]._mark(
            (vend.machine_id.id, vend.business_date) for vend in self
        )

    def _update_state(self, target, **values):
        """What runs is in no report yet (data/sql/report_sales.sql)."""
        moved = super()._update_state(target, **values)
        if target not in vend_flow.RUNNING:
            moved._mark_report()
        return moved

    @api.model
    def _post(self, postings):
        orders = super()._post(postings)
        if not self.env.context.get("wine_report_marked"):
            self.union(*(posting.vend for posting in postings))._mark_report()
        return orders


class PosSession(models.Model):
    _inherit = "pos.session"

    def _wine_close(self):
        """At closing the cost of what was sold becomes known: the snapshot of the order lines."""
        result = super()._wine_close()
        orders = self.env["pos.order"].sudo().search([("session_id", "=", self.id)])
        orders.wine_vend_id._mark_report()
        return result


class WineCashCollection(models.Model):
    _inherit = "wine.cash.collection"

    @api.model_create_multi
    def create(self, vals_list):
        collections = super().create(vals_list)
        collections._mark_report()
        return collections

    def write(self, vals):
        before = {(row.machine_id.id, row.business_date) for row in self}
        result = super().write(vals)
        self._mark_report(before)
        return result

    def _mark_report(self, also=()):
        """The days on which this cash was taken, before and after a change."""
        self.env["wine.report.sales"]._mark(
            {(row.machine_id.id, row.business_date) for row in self} | set(also)
        )
