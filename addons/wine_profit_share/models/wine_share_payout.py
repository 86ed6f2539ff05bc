# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


class WineSharePlatform(models.Model):
    """The adapter: limits before anything is sent, then one method per kind of platform.

    ``_payout_send_<code>(settlements)`` sends and returns dict settlement → number of the platform.
    It uses ``settlement.uuid`` as the key of the request, so that the same settlement sent twice
    (we were killed before we could write that it was sent) is paid once.
    ``_payout_return_<code>(settlement)`` asks for money back. What became of it the platform tells
    later: ``settlement._payout_result(ok, text)``.
    """

    _inherit = "wine.share.platform"

    def _payout_send(self, settlements):
        """Send settlements, as many at once as the platform takes.

        :return: dict settlement → number of the platform
        :raise UserError: what the platform answered, for a person to read
        """
        self.ensure_one()
        return getattr(self, f"_payout_send_{self.code}")(settlements)

    def _payout_send_bank(self, settlements):
        """Nothing to send: the payment goes out with Odoo's own payment files."""
        return {settlement: False for settlement in settlements}

    def _payout_return(self, settlement):
        """Ask the platform for the money of a settlement back.

        :raise UserError: it takes nothing back from persons, or refuses
        """
        self.ensure_one()
        if self.returns_only_companies and not settlement.partner_id.is_company:
            raise UserError(
                self.env._(
                    "%(platform)s takes money back from companies only; %(partner)s is a person. "
                    "What was paid too much is set off against the next settlement.",
                    platform=self.name,
                    partner=settlement.partner_id.name,
                )
            )
        getattr(self, f"_payout_return_{self.code}")(settlement)

    def _payout_return_bank(self, settlement):
        """A bank does not take back on request; the money comes back by itself or not."""

    # === LIMITS === #

    def _check_payouts(self, settlements):
        """:raise UserError: a settlement that this platform would not take, and why"""
        for platform in self:
            for settlement in settlements:
                why = (
                    platform._amount_obstacle(settlement)
                    or platform._day_obstacle(settlement)
                    or platform._cap_obstacle(settlement)
                )
                if why:
                    raise UserError(why)

    def _amount_obstacle(self, settlement):
        """Too small or too large for the platform: a sentence, or None."""
        money = self.currency_id
        net = settlement._in_company_currency(settlement.net)
        values = {"name": settlement.name, "net": money.format(net), "platform": self.name}
        if self.min_amount and money.compare_amounts(net, self.min_amount) < 0:
            return self.env._(
                "%(name)s pays %(net)s; %(platform)s takes %(least)s at least. Let it wait for the "
                "next settlement.",
                least=money.format(self.min_amount),
                **values,
            )
        if self.max_amount and money.compare_amounts(net, self.max_amount) > 0:
            return self.env._(
                "%(name)s pays %(net)s; %(platform)s takes %(most)s at most. Settle it in parts.",
                most=money.format(self.max_amount),
                **values,
            )
        return None

    def _day_obstacle(self, settlement):
        """More than the platform takes in a day: a sentence, or None.

        The platform's row is written, so that of two approvals at once the second one begins
        again and sees the first: they do not both take what is left.
        """
        if not self.daily_limit:
            return None
        self.flush_recordset()
        self.env.execute_query(
            SQL(
                "UPDATE wine_share_platform SET write_date = now() WHERE id = %s RETURNING id",
                self.id,
            )
        )
        today = fields.Date.today()
        others = self.env["wine.share.settlement"].search(
            [
                ("platform_id", "=", self.id),
                ("state", "in", ("approved", "paid")),
                ("approved_on", "=", today),
                ("id", "!=", settlement.id),
            ]
        )
        sent = sum(other._in_company_currency(other.net) for other in others)
        total = sent + settlement._in_company_currency(settlement.net)
        if self.currency_id.compare_amounts(total, self.daily_limit) <= 0:
            return None
        return self.env._(
            "With %(name)s, %(platform)s would pay %(total)s today; it takes %(limit)s. Approve "
            "the rest tomorrow.",
            name=settlement.name,
            platform=self.name,
            total=self.currency_id.format(total),
            limit=self.currency_id.format(self.daily_limit),
        )

    def _cap_obstacle(self, settlement):
        """A sale of which more goes to others than the platform allows: a sentence, or None."""
        if not self.share_cap_bp:
            return None
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT source, shared, whole FROM (
                      SELECT source,
                             SUM(amount) FILTER (WHERE account_kind = 'party') AS shared,
                             -SUM(amount) FILTER (WHERE account_kind = 'pool') AS whole
                        FROM wine_share_entry
                       WHERE kind = 'sale' AND source IN (
                           SELECT source FROM wine_share_entry
                            WHERE settlement_id = %s AND kind = 'sale')
                    GROUP BY source) AS sale
                    WHERE shared * 10000 > whole * %s
                 ORDER BY source LIMIT 1""",
                settlement.id,
                self.share_cap_bp,
            )
        )
        if not rows:
            return None
        source, shared, whole = rows[0]
        return self.env._(
            "%(platform)s lets at most %(cap)s %% of a sale go to others; of %(whole)s (%(sale)s) "
            "%(shared)s do. Pay this partner in another way.",
            platform=self.name,
            cap=f"{self.share_cap:g}",
            whole=settlement.currency_id.format(float(whole)),
            shared=settlement.currency_id.format(float(shared)),
            sale=source,
        )


class WineShareSettlement(models.Model):
    """Sending and hearing back."""

    _inherit = "wine.share.settlement"

    approved_on = fields.Date(compute="_compute_approved_on", store=True, index="btree_not_null")

    @api.depends("approved_at")
    def _compute_approved_on(self):
        for settlement in self:
            moment = settlement.approved_at
            settlement.approved_on = moment and moment.date()

    def _in_company_currency(self, amount):
        self.ensure_one()
        company = self.company_id
        return self.currency_id._convert(amount, company.currency_id, company, self.date)

    @api.model
    def _cron_send(self):
        """Send what is approved to its platform; one request, one transaction."""
        parcels = self._parcels()
        self.env["ir.cron"]._commit_progress(remaining=len(parcels))
        for platform, settlements in parcels:
            settlements._send(platform)
            if not self.env["ir.cron"]._commit_progress(1):
                return

    @api.model
    def _parcels(self):
        """list of (platform, settlements that go in one request)"""
        waiting = self.sudo().search(
            [("state", "=", "approved"), ("payout_state", "=", "waiting")], order="id"
        )
        parcels = []
        for platform, settlements in waiting.grouped("platform_id").items():
            size = platform.receivers_max or len(settlements)
            parcels += [
                (platform, settlements[start : start + size])
                for start in range(0, len(settlements), size)
            ]
        return parcels

    def _send(self, platform):
        """One request. What is not taken stays here, says why, and is tried again."""
        self._hold()
        sending = self.filtered(
            lambda one: one.state == "approved" and one.payout_state == "waiting"
        )
        if not sending:
            return
        try:
            numbers = platform._payout_send(sending)
        except UserError as error:
            _logger.warning("%s does not take %s: %s", platform.code, sending.ids, error)
            sending.write({"error": str(error)})
            return
        for settlement in sending:
            settlement.write(
                {"payout_state": "sent", "payout_reference": numbers[settlement], "error": False}
            )

    def _payout_result(self, ok, text=""):
        """What the platform says in the end. Safe to hear twice.

        :param bool ok: the partner has the money
        """
        for settlement in self.sudo():
            if ok and settlement.state == "approved":
                settlement.payment_id.action_validate()
            elif not ok:
                settlement._undo(text or self.env._("The platform did not pay."), failed=True)
