# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.business_time import business_date
from ..core.facts import RetryLater
from ..core.told import _lt

_logger = logging.getLogger(__name__)


class PosSession(models.Model):
    """The trading day of a region's machines.

    **opened** by the first sale of the business day → sales post into it, late ones too, which keep
    their own business date → **closing_control** once the day is over in the region's time zone:
    nothing posts any more, sales wait a moment → **closed**: the remaining stock has left the
    machines and the session's entry holds sales, taxes, payments and cost of sales, balanced.

    Closing takes two transactions. The first announces it; whoever was posting has finished when
    that commits, for posting holds a share lock on the session. The second sees all orders.
    """

    _inherit = "pos.session"

    wine_region_id = fields.Many2one(
        related="config_id.wine_region_id", string="Region", store=True, index="btree_not_null"
    )
    wine_business_date = fields.Date("Business date", readonly=True, copy=False)

    _wine_one_open = models.UniqueIndex(
        "(config_id) WHERE wine_business_date IS NOT NULL AND state <> 'closed'",
        "The machines of this region already have an open session.",
    )

    def open_frontend_cb(self):
        """Nobody stands behind this counter."""
        self.config_id._wine_refuse_till()
        return super().open_frontend_cb()

    # === POSTING SIDE === #

    @api.model
    def _wine_open_sessions(self, regions):
        """Sessions into which sales of ``regions`` post now, opened where there is none, locked.

        The lock is a share lock: batches post side by side, closing waits for them.

        :return: dict region → ``pos.session``
        :raise RetryLater: a region's session is being closed this moment
        """
        sessions = self.sudo().search(
            [("config_id", "in", regions.pos_config_id.ids), ("state", "!=", "closed")]
        )
        by_region = {session.config_id.wine_region_id: session for session in sessions}
        for region in regions:
            session = by_region.get(region) or self._wine_open(region)
            if session.state != "opened":
                raise RetryLater(f"the session {session.name} is closing")
            by_region[region] = session
        self.env.flush_all()
        ids = tuple(session.id for session in by_region.values())
        self.env.execute_query(SQL("SELECT id FROM pos_session WHERE id IN %s FOR SHARE", ids))
        return by_region

    @api.model
    def _wine_open(self, region):
        """Open the region's session for its present business day."""
        session = (
            self.with_user(SUPERUSER_ID)
            .with_company(region.company_id)
            .with_context(tracking_disable=True)
            .create({"config_id": region.pos_config_id.id, "user_id": SUPERUSER_ID})
        )
        session.wine_business_date = region._business_today()
        # the stock of a machine sale leaves the machine, in grouped moves; see _wine_flush_stock
        session.update_stock_at_closing = True
        session.set_opening_control(session.cash_register_balance_start, "")
        return session

    # === CLOSING SIDE === #

    @api.model
    def _cron_wine_close_sessions(self):
        """Close every machine session whose business day is over, one transaction pair each."""
        over = self._wine_over()
        self.env["ir.cron"]._commit_progress(remaining=len(over))
        for session in over:
            if session._wine_announce_closing():
                self.env["ir.cron"]._commit_progress()
                session._wine_close_logged()
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _wine_over(self):
        """Sessions whose business day is over, and those whose closing was interrupted."""
        sessions = self.sudo().search(
            [("wine_business_date", "!=", False), ("state", "in", ("opened", "closing_control"))]
        )
        return sessions.filtered(
            lambda session: (
                session.state == "closing_control"
                or session.wine_business_date < session.wine_region_id._business_today()
            )
        )

    def _wine_announce_closing(self):
        """First step: from here on nothing posts into this session."""
        self.ensure_one()
        if self.state == "closed":
            return False
        self.write({"state": "closing_control", "stop_at": fields.Datetime.now()})
        self.env.flush_all()
        return True

    def _wine_close_logged(self):
        """Close; one that cannot be closed goes on selling, and a case says why.

        Closing is tried again by the next run; the other sessions are not held up.
        """
        try:
            with self.env.cr.savepoint():
                self._wine_close()
        except UserError as error:
            _logger.exception("session %s does not close", self.name)
            self.write({"state": "opened", "stop_at": False})
            self.env["wine.case"]._open_case(
                "session",
                region=self.wine_region_id,
                reference=self.name,
                text=_lt(
                    "Session %(session)s could not be closed: %(error)s Mend the cause; closing is "
                    "tried again by itself.",
                    session=self.name,
                    error=str(error),
                ),
            )

    def _wine_close(self):
        """Second step: stock, then Odoo's own closing. Safe to call again."""
        self.ensure_one()
        session = self.sudo().with_company(self.company_id).with_context(tracking_disable=True)
        session.cash_register_balance_end_real = session.cash_register_balance_end
        # the difference does not depend on what was counted, as far as its cache knows
        session.invalidate_recordset(["cash_register_balance_end", "cash_register_difference"])
        result = session._validate_session()
        if result is not True:
            raise UserError(self.env._("The closing entry of %s does not balance.", session.name))

    def _post_statement_difference(self, amount):
        """No cent is lost to a machine's float: a machine's cash differs by a count, not here."""
        return super()._post_statement_difference(self.currency_id.round(amount))

    def _create_picking_at_end_of_session(self):
        """Machine sessions move stock out of the machines, not out of the shop."""
        self.ensure_one()
        if not self.wine_business_date:
            return super()._create_picking_at_end_of_session()
        return self._wine_flush_stock()

    def action_wine_close(self):
        """Close now, by hand; sales that come later open the next session."""
        for session in self:
            if not session.wine_business_date:
                raise UserError(self.env._("%s is not a session of machines.", session.name))
            if session._wine_announce_closing():
                session._wine_close()
        return True


class WineRegion(models.Model):
    _inherit = "wine.region"

    def _business_today(self):
        """The business day that runs now in the region's time zone."""
        self.ensure_one()
        return business_date(fields.Datetime.now(), self.tz)
