# SPDX-License-Identifier: LGPL-3.0-or-later
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .wine_share_statement import SUM_OF

#: how many days after the end of a month late facts still come onto its statement
WAIT_DAYS = 3


class WineShareStatement(models.Model):
    """Issuing: month by month, each entry and each settlement once."""

    _inherit = "wine.share.statement"

    # === CRON === #

    @api.model
    def _cron_issue(self):
        """Issue what is due for every account, one transaction each; the rest the next time."""
        cron = self.env["ir.cron"]
        until = self._due_until()
        accounts = self._accounts_due(until)
        cron._commit_progress(remaining=len(accounts))
        for account in accounts:
            self._issue(account, until)._tell_partner()
            if not cron._commit_progress(1):
                return

    @api.model
    def _due_until(self, today=None):
        """Last day of the newest month whose statements may be issued."""
        today = today or fields.Date.context_today(self)
        parameters = self.env["ir.config_parameter"].sudo()
        wait = int(parameters.get_param("wine_profit_share.statement_wait_days", WAIT_DAYS))
        return (today - relativedelta(days=wait)).replace(day=1) - relativedelta(days=1)

    @api.model
    def _accounts_due(self, until):
        """Accounts of partners that lack a statement of something up to ``until``."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT account.id
                  FROM wine_share_account account
                  LEFT JOIN LATERAL (
                       SELECT date_to, closing FROM wine_share_statement
                        WHERE account_id = account.id ORDER BY date_from DESC LIMIT 1
                       ) last ON TRUE
                 WHERE account.kind = 'party'
                   AND COALESCE(last.date_to < %(until)s, TRUE)
                   AND (COALESCE(last.closing, 0) <> 0
                        OR EXISTS (SELECT 1 FROM wine_share_entry
                                    WHERE account_id = account.id
                                      AND statement_id IS NULL AND date <= %(until)s)
                        OR EXISTS (SELECT 1 FROM wine_share_settlement
                                    WHERE account_id = account.id
                                      AND ((state = 'paid' AND stated IS NOT TRUE
                                            AND paid_at < %(after)s)
                                           OR (state IN ('failed', 'cancelled') AND stated
                                               AND ended_at < %(after)s))))
                 ORDER BY account.id
                """,
                until=until,
                after=until + relativedelta(days=1),
            )
        )
        return self.env["wine.share.account"].browse(row[0] for row in rows)

    # === ISSUING === #

    @api.model
    def _issue(self, account, until):
        """Issue every statement of ``account`` that is missing up to ``until``.

        :param date until: last day of a month
        :return: new statements, oldest first; none where nothing moved and nothing was owed
        """
        account._lock()
        last = self.search([("account_id", "=", account.id)], limit=1)
        start = last.date_to + relativedelta(days=1) if last else self._first_month(account, until)
        issued = self.browse()
        while start and start < until:
            end = start + relativedelta(months=1, days=-1)
            owed = not account.currency_id.is_zero(last.closing)
            if owed or self._anything(account, end):
                last = self._issue_month(account, start, end, last.closing)
                issued |= last
            start = end + relativedelta(days=1)
        return issued

    @api.model
    def _anything(self, account, end):
        """Whether entries or settlements wait for a statement."""
        return bool(
            self.env["wine.share.entry"].search(self._waiting(account, end), limit=1)
            or self._unsaid(account, end)
        )

    @api.model
    def _first_month(self, account, until):
        """First day of the month in which something of this account happened, or None."""
        [[entry]] = self.env["wine.share.entry"]._read_group(
            self._waiting(account, until), aggregates=["date:min"]
        )
        days = [entry] if entry else []
        days += [settlement._stated_on() for settlement in self._unsaid(account, until)]
        return min(days).replace(day=1) if days else None

    @api.model
    def _waiting(self, account, end):
        return [
            ("account_id", "=", account.id),
            ("statement_id", "=", False),
            ("date", "<=", end),
        ]

    @api.model
    def _unsaid(self, account, end):
        """Settlements that were paid, or came back, without a statement saying so yet."""
        after = fields.Datetime.to_datetime(end + relativedelta(days=1))
        paid = [("state", "=", "paid"), ("stated", "=", False), ("paid_at", "<", after)]
        back = [
            ("state", "in", ("failed", "cancelled")),
            ("stated", "=", True),
            ("ended_at", "<", after),
        ]
        return (
            self.env["wine.share.settlement"]
            .sudo()
            .search(Domain("account_id", "=", account.id) & (Domain(paid) | Domain(back)))
        )

    @api.model
    def _issue_month(self, account, start, end, opening):
        statement = self.sudo().create(
            {
                "name": self.env["ir.sequence"].sudo().next_by_code("wine.share.statement"),
                "account_id": account.id,
                "date_from": start,
                "date_to": end,
                "opening": opening,
                "issued_at": fields.Datetime.now(),
            }
        )
        statement._take_entries()
        statement._take_payments()
        statement._add_up()
        return statement

    def _take_entries(self):
        """Put on this statement, in one go, what waits for it."""
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                "UPDATE wine_share_entry SET statement_id = %s WHERE account_id = %s "
                "AND statement_id IS NULL AND date <= %s RETURNING NULL",
                self.id,
                self.account_id.id,
                self.date_to,
            )
        )
        self.env.invalidate_all()

    def _take_payments(self):
        settlements = self._unsaid(self.account_id, self.date_to)
        self.env["wine.share.statement.payment"].sudo().create(
            [
                {
                    "statement_id": self.id,
                    "settlement_id": settlement.id,
                    "date": settlement._stated_on(),
                    "amount": -settlement.gross if settlement.stated else settlement.gross,
                }
                for settlement in settlements
            ]
        )
        for settlement in settlements:
            settlement.stated = not settlement.stated

    def _add_up(self):
        """Write the sums of what is on this statement."""
        rows = self.env["wine.share.entry"]._read_group(
            [("statement_id", "=", self.id)], ["kind"], ["amount:sum", "__count"]
        )
        sums = dict.fromkeys(("earned", "reversed", "other"), 0.0)
        for kind, amount, _number in rows:
            sums[SUM_OF[kind]] += amount
        [[held]] = self.env["wine.share.entry"]._read_group(
            [
                ("account_id", "=", self.account_id.id),
                ("state", "=", "held"),
                ("statement_id", "!=", False),
            ],
            aggregates=["amount:sum"],
        )
        sums["settled"] = sum(self.payment_ids.mapped("amount"))
        sums = {name: self.currency_id.round(amount) for name, amount in sums.items()}
        moved = sums["earned"] + sums["reversed"] + sums["other"] - sums["settled"]
        self.write(
            {
                **sums,
                "closing": self.currency_id.round(self.opening + moved),
                "closing_held": self.currency_id.round(held or 0.0),
                "entry_count": sum(number for _kind, _amount, number in rows),
            }
        )
