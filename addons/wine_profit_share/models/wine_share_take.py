# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.addons.wine_vending.core.money import from_minor, to_minor
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.take import take
from .wine_share_entry import _FLOW

#: state → states that may come before it
BEFORE = {
    "held": ("available",),
    "available": ("held", "settling", "paid"),
    "settling": ("available",),
    "paid": ("settling",),
}


class WineShareEntry(models.Model):
    """From earned to paid: taken once, given back where nothing was paid."""

    _inherit = "wine.share.entry"

    # === THE ONE DOOR TO A STATE === #

    def _set_state(self, target, **values):
        """Move entries to ``target``; those that are there already are left alone.

        :param values: ``settlement_id``, ``held_for``… to be written with it
        :raise UserError: an entry may not go there from where it is
        """
        moving = self.filtered(lambda entry: entry.state != target)
        for entry in moving:
            if entry.state not in BEFORE[target]:
                names = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "Share entry %(entry)s is %(state)s and cannot become %(target)s. Open it "
                        "to see what happened meanwhile.",
                        entry=entry.id,
                        state=names[entry.state],
                        target=names[target],
                    )
                )
        if target != "held":
            values["held_for"] = False
        moving._write_flow({"state": target, **values})
        return moving

    def _write_flow(self, vals):
        return self.sudo().with_context(wine_flow=_FLOW).write(vals)

    # === TAKING MONEY === #

    @api.model
    def _take_available(self, account, amount=None):
        """Take available entries that come to exactly ``amount``; from now on they are settling.

        What was given back after it had been available is set off first; then the oldest entries
        follow, the last one split by a pair of entries where it is too large. The account is held
        to the end of the transaction: nobody else takes the same money.

        :param account: ``wine.share.account``
        :param float amount: in the account's currency; None takes everything
        :return: the entries taken; none where ``amount`` is None and nothing is due
        :raise UserError: less than ``amount`` is available
        """
        account = account.sudo()
        account._lock()
        self._set_free_reversals(account)
        entries = self.sudo().search(
            [("account_id", "=", account.id), ("state", "=", "available")], order="date, id"
        )
        digits = account.currency_id.decimal_places
        amounts = [to_minor(entry.amount, digits) for entry in entries]
        wanted = None if amount is None else to_minor(amount, digits)
        taking = take(amounts, wanted)
        if taking is None:
            if wanted is None:
                return self.browse()
            raise UserError(
                self.env._(
                    "%(partner)s has %(available)s available; %(amount)s cannot be taken. Choose "
                    "an amount above zero that is available.",
                    partner=account.partner_id.name,
                    available=account.currency_id.format(float(from_minor(sum(amounts), digits))),
                    amount=account.currency_id.format(amount),
                )
            )
        taken = self.browse([entries[number].id for number in taking.taken])
        if taking.left:
            taken += taken[-1]._split(taking.left)
        taken.sudo()._set_state("settling")
        return taken

    def _release_back(self):
        """Nothing was paid for these entries: they are available again."""
        return self.sudo()._set_state("available", settlement_id=False)

    def _split(self, left):
        """Leave ``left`` minor units of this available entry behind, by a pair that sums to zero.

        :return: the negative half, to be taken together with the entry
        """
        self.ensure_one()
        entry = self.sudo()
        part = from_minor(left, entry.currency_id.decimal_places)
        source = f"split:{entry.id}/{entry.account_id.revision}"
        kept = {
            name: entry[name].id if entry._fields[name].relational else entry[name]
            for name in (
                *("account_id", "role", "policy_id", "policy_line_id", "company_id"),
                *("currency_id", "region_id", "site_id", "machine_id", "vend_id", "product_id"),
                *("channel", "date"),
            )
        }
        halves = self._post_entries(
            [
                {
                    **kept,
                    "source": f"{source}#{half}",
                    "kind": "split",
                    "state": "available",
                    "reverses_id": entry.id,
                    "amount": sign * part,
                    "base_amount": entry.amount,
                }
                for half, sign in (("taken", -1), ("kept", 1))
            ]
        )
        return halves.filtered(lambda half: half.amount < 0)

    def _set_free_reversals(self, account):
        """What was taken back of entries that are no longer held counts at once."""
        self.env.execute_query(
            SQL(
                """UPDATE wine_share_entry AS back
                      SET state = 'available', held_for = NULL
                     FROM wine_share_entry AS first
                    WHERE back.account_id = %s AND back.state = 'held' AND back.amount < 0
                      AND back.kind = 'reversal' AND first.id = back.reverses_id
                      AND first.state != 'held'
                RETURNING back.id""",
                account.id,
            )
        )
        self.invalidate_model()
