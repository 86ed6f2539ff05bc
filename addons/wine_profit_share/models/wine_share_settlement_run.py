# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.told import _lt

_logger = logging.getLogger(__name__)


class WineShareSettlement(models.Model):
    """Automatic settlement: every account whose day has come, one transaction each.

    A run that is killed goes on where it stopped: what it has settled has nothing available any
    more and stands there for this day already, and the day of the terms moves on only at the end.
    Two runs at once share the work: an account that the other one holds is left to it.
    """

    _inherit = "wine.share.settlement"

    @api.model
    def _cron_settle(self):
        """Settle what is due."""
        due = self._terms_due()
        work = [(terms, account) for terms in due for account in self._accounts_due(terms)]
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(work))
        left = self.env["wine.share.terms"]
        for terms, account in work:
            if not self._settle_alone(terms, account):
                left |= terms
            if not progress(1):
                return
        for terms in due - left:
            terms.next_date = terms._next_after(fields.Date.today())

    @api.model
    def _terms_due(self):
        return (
            self.env["wine.share.terms"]
            .sudo()
            .search([("period", "!=", "none"), ("next_date", "<=", fields.Date.today())])
        )

    @api.model
    def _accounts_due(self, terms):
        """Accounts that these terms pay, with money, and not settled yet for their day."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT entry.account_id
                     FROM wine_share_entry entry
                     JOIN wine_share_account account ON account.id = entry.account_id
                    WHERE entry.state = 'available' AND entry.account_kind = 'party'
                      AND account.company_id = %s
                      AND NOT EXISTS (
                        SELECT FROM wine_share_settlement old
                         WHERE old.account_id = account.id AND old.run_date = %s
                           AND old.state NOT IN ('cancelled', 'failed'))
                 GROUP BY entry.account_id
                   HAVING SUM(entry.amount) > 0 ORDER BY entry.account_id""",
                terms.company_id.id,
                terms.next_date,
            )
        )
        accounts = self.env["wine.share.account"].sudo().browse([row[0] for row in rows])
        by_role = accounts.filtered(lambda account: not account.terms_id)._terms_of_roles()
        return accounts.filtered(
            lambda account: (account.terms_id or by_role.get(account.id)) == terms
        )

    @api.model
    def _settle_alone(self, terms, account):
        """Settle one account; one that cannot be settled holds up no other.

        :return: whether it was looked at; False where somebody else holds it this moment
        """
        if not account.try_lock_for_update():
            return False
        try:
            with self.env.cr.savepoint():
                settlement = self._settle(
                    account, terms=terms, automatic=True, run_date=terms.next_date
                )
        except UserError as error:
            self._tell(account, str(error))
            return True
        if settlement and terms.approve_alone:
            settlement._approve_alone()
        return True

    def _approve_alone(self):
        """Approve without a person; what does not go waits in To do and says why."""
        for settlement in self:
            why = settlement.sudo()._needs_person()
            if why:
                settlement.sudo().error = why
                continue
            try:
                with self.env.cr.savepoint():
                    settlement._approve()
            except UserError as error:
                settlement.sudo().error = str(error)

    @api.model
    def _tell(self, account, error):
        """A case says why an account could not be settled."""
        _logger.warning("share account %s is not settled: %s", account.id, error)
        self.env["wine.case"]._open_cases(
            [
                {
                    "kind": "share_payout",
                    "reference": f"share account {account.id}",
                    "currency_id": account.currency_id.id,
                    "amount": account.available,
                    "text": _lt(
                        "%(partner)s could not be settled: %(error)s It is tried again on the next "
                        "day of the payout terms.",
                        partner=account.partner_id.name,
                        error=error,
                    ),
                }
            ]
        )

    # === FOLLOWING === #

    @api.model
    def _cron_follow(self):
        """Look again at what is on its way; what Odoo told us at once changes nothing here."""
        waiting = self.sudo().search([("state", "=", "approved")])
        self.env["ir.cron"]._commit_progress(remaining=len(waiting))
        for settlement in waiting:
            settlement._follow()
            if not self.env["ir.cron"]._commit_progress(1):
                return


class WineCase(models.Model):
    _inherit = "wine.case"

    kind = fields.Selection(
        selection_add=[("share_payout", "Partner could not be paid")],
        ondelete={"share_payout": "cascade"},
    )
