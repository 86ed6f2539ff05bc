# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

#: kinds of cases after which a vend may yet be refunded
HOLDING = ("unknown", "late", "conflict", "complaint")
#: accounts that one step of the cron looks at
STEP = 200


class WineShareEntry(models.Model):
    """When what was earned may be paid out, and when not after all."""

    _inherit = "wine.share.entry"

    @api.model
    def _cron_release(self):
        """Every hour: what is held for nothing any more becomes available, account by account."""
        accounts = self._read_group([("state", "=", "held")], ["account_id"])
        ids = [account.id for (account,) in accounts]
        self.env["ir.cron"]._commit_progress(remaining=len(ids))
        for start in range(0, len(ids), STEP):
            step = ids[start : start + STEP]
            self._review(SQL("entry.account_id IN %s", tuple(step)))
            if not self.env["ir.cron"]._commit_progress(len(step)):
                break

    @api.model
    def _review(self, where):
        """Look again at held entries: available, or held for what holds them now. One UPDATE.

        What is taken back is released together with what it takes back.

        :param SQL where: condition on ``entry`` or ``account``
        :return: the entries whose state or reason changed
        """
        self.flush_model()
        self.env["wine.case"].flush_model(["state", "vend_id", "kind"])
        self.env["wine.share.account"].flush_model(["verified"])
        rows = self.env.execute_query(
            SQL(
                """UPDATE wine_share_entry AS held
                      SET state = CASE WHEN now.reason IS NULL THEN 'available' ELSE 'held' END,
                          held_for = now.reason
                     FROM (SELECT entry.id, CASE
                                  WHEN EXISTS (SELECT FROM wine_case AS dispute
                                                WHERE dispute.state = 'open' AND dispute.id IN
                                                  (entry.dispute_case_id, first.dispute_case_id))
                                  THEN 'dispute'
                                  WHEN EXISTS (SELECT FROM wine_case AS asked
                                                WHERE asked.state = 'open'
                                                  AND asked.vend_id = entry.vend_id
                                                  AND asked.kind IN %s)
                                  THEN 'case'
                                  WHEN entry.hold_until > %s THEN 'window'
                                  WHEN NOT COALESCE(account.verified, FALSE) THEN 'unverified'
                                  END AS reason
                             FROM wine_share_entry AS entry
                             JOIN wine_share_account AS account ON account.id = entry.account_id
                        LEFT JOIN wine_share_entry AS first
                               ON first.id = entry.reverses_id AND entry.kind = 'reversal'
                            WHERE entry.state = 'held' AND (%s)) AS now
                    WHERE now.id = held.id AND held.held_for IS DISTINCT FROM now.reason
                RETURNING held.id""",
                HOLDING,
                fields.Date.context_today(self),
                where,
            )
        )
        self.invalidate_model()
        self.env["wine.share.account"].invalidate_model()
        return self.browse(row[0] for row in rows)

    @api.model
    def _hold_vends(self, vend_ids):
        """Something about these vends is open: what is not on its way yet waits until it is not."""
        self.flush_model()
        self.env.execute_query(
            SQL(
                """UPDATE wine_share_entry SET state = 'held', held_for = 'case'
                    WHERE vend_id IN %s AND state = 'available' AND account_kind = 'party'
                RETURNING id""",
                tuple(vend_ids),
            )
        )
        self.invalidate_model()


class WineShareAccount(models.Model):
    _inherit = "wine.share.account"

    def _set_verified(self, verified=True):
        result = super()._set_verified(verified)
        if verified and self:
            self.env["wine.share.entry"].sudo()._review(
                SQL("entry.account_id IN %s", tuple(self.ids))
            )
        elif self:
            self._hold_unverified()
        return result

    def _hold_unverified(self):
        """A verification was withdrawn: nothing more is paid to the partner."""
        self.flush_recordset()
        self.env["wine.share.entry"].flush_model()
        self.env.execute_query(
            SQL(
                """UPDATE wine_share_entry SET state = 'held', held_for = 'unverified'
                    WHERE account_id IN %s AND state = 'available' RETURNING id""",
                tuple(self.ids),
            )
        )
        self.env["wine.share.entry"].invalidate_model()
        self.invalidate_recordset()


class WineCase(models.Model):
    """A case about a vend holds what was earned by it; its decision lets it go."""

    _inherit = "wine.case"

    @api.model_create_multi
    def create(self, vals_list):
        cases = super().create(vals_list)
        asked = cases.filtered(lambda case: case.kind in HOLDING and case.vend_id)
        if asked:
            self.env["wine.share.entry"].sudo()._hold_vends(asked.vend_id.ids)
        return cases

    def _close(self, words):
        result = super()._close(words)
        Entry = self.env["wine.share.entry"].sudo()  # whoever decides a case need not see shares
        if vends := self.vend_id:
            Entry._review(SQL("entry.vend_id IN %s", tuple(vends.ids)))
        disputes = self.filtered(lambda case: case.kind == "share_dispute")
        if disputes:
            Entry._review(SQL("entry.dispute_case_id IN %s", tuple(disputes.ids)))
        return result
