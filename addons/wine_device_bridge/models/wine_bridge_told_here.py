# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class WineBridgeToldHere(models.AbstractModel):
    """What a machine said or was told belongs to the region in which it stood then.

    A machine that moves is run by another region from then on; its sales, the questions of its
    consumers and the reasons of the staff before that are not that region's to read, as little as
    its orders are. What was said before the move is read by whoever has both regions, and by the
    platform. The record rules ask for ``told_elsewhere``.
    """

    _name = "wine.bridge.told.here"
    _description = "Said in a region"
    #: when it was said
    _told_at = "received_at"

    told_elsewhere = fields.Boolean(
        "Said in a region out of reach",
        compute="_compute_told_elsewhere",
        search="_search_told_elsewhere",
    )

    @api.depends_context("uid")
    def _compute_told_elsewhere(self):
        table = SQL.identifier(self._table)
        rows = self.env.execute_query(
            SQL(
                "SELECT told.id FROM %s told WHERE told.id = ANY(%s) AND %s",
                table,
                list(self._origin._ids),
                self._elsewhere("told"),
            )
        )
        elsewhere = {row[0] for row in rows}
        for record in self:
            record.told_elsewhere = record._origin.id in elsewhere

    def _search_told_elsewhere(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = self._elsewhere
        found = Domain.custom(to_sql=lambda _model, alias, _query: wanted(alias))
        return (found if True in value else Domain.FALSE) | (
            ~found if False in value else Domain.FALSE
        )

    def _elsewhere(self, alias):
        """Whether the machine of a row stood in a region that this user does not reach."""
        self.env["wine.machine.placement"].flush_model()
        return SQL(
            """EXISTS (SELECT FROM wine_machine_placement stay
                        WHERE stay.machine_id = %(machine)s AND stay.until > %(told)s
                          AND (stay.since IS NULL OR stay.since <= %(told)s)
                          AND NOT stay.region_id = ANY(%(reach)s))""",
            machine=SQL.identifier(alias, "machine_id"),
            told=SQL.identifier(alias, self._told_at),
            reach=self._regions_in_reach(),
        )

    def _regions_in_reach(self):
        user = self.env.user.sudo()
        regions = user.wine_region_ids | user.wine_service_region_ids
        below = self.env["wine.region"].sudo().with_context(active_test=False)
        found = below.search([("id", "child_of", regions.ids)])
        return [*found.ids, *user._wine_machine_regions()]


class WineBridgeEvent(models.Model):
    _name = "wine.bridge.event"
    _inherit = ["wine.bridge.event", "wine.bridge.told.here"]


class WineBridgeAuth(models.Model):
    _name = "wine.bridge.auth"
    _inherit = ["wine.bridge.auth", "wine.bridge.told.here"]


class WineBridgeCommand(models.Model):
    _name = "wine.bridge.command"
    _inherit = ["wine.bridge.command", "wine.bridge.told.here"]
    _told_at = "create_date"
