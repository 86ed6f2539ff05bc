# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang


class WineCashCollection(models.Model):
    """A collection that was booked wrong: another one takes its entries back and its place."""

    _inherit = "wine.cash.collection"

    def action_correct(self):
        """A new collection with the right numbers; booking it takes this one back."""
        self._check_treasury()
        self.ensure_one()
        if self.state != "posted":
            raise UserError(self.env._("%s is not booked, so it can be edited.", self.name))
        self._check_change_still_here()
        draft = self.sudo().corrected_by_ids.filtered(lambda c: c.state != "corrected")[:1]
        if not draft:
            draft = self.sudo().create(
                {
                    "corrects_id": self.id,
                    "kind": self.kind,
                    "machine_id": self.machine_id.id,
                    "region_id": self.region_id.id,
                    "visit_id": self.visit_id.id,
                    "user_id": self.user_id.id,
                    "reported_by": self.reported_by,
                    "moment": self.moment,
                    "counted_coins": self.counted_coins,
                    "counted_notes": self.counted_notes,
                    "left_known": True,
                    "float_left": self.float_after,
                    "meter_known": self.meter_known,
                    "meter": self.meter,
                }
            )
        return draft.with_env(self.env).get_formview_action()

    def _check_change_still_here(self):
        """:raise UserError: it altered the change in the machine, which is in another region now"""
        kept = self.currency_id.round(self.float_after - self.float_before)
        if kept and self.machine_id.region_id != self._change_region():
            raise UserError(
                self.env._(
                    "%(name)s altered the change in %(machine)s by %(amount)s. The machine has "
                    "moved to %(region)s since, and its change with it. Leave %(name)s as it is, "
                    "and count the change in the machine with a new collection there.",
                    name=self.name,
                    machine=self.machine_id.name,
                    amount=formatLang(self.env, kept, currency_obj=self.currency_id),
                    region=self.machine_id.region_id.complete_name,
                )
            )

    def _inherit_claims(self):
        """A correction holds the sales of what it corrects, and the same change before."""
        old = self.corrects_id
        old.payment_ids.wine_collection_id = self
        after = self.float_left if self.left_known else old.float_before
        if self.kind == "float":
            after = old.float_before + self.counted
        self._write_flow(
            {
                "claimed_at": fields.Datetime.now(),
                "sales": old.sales + old.late,
                "float_before": old.float_before,
                "float_after": after,
                "change_region_id": self.machine_id.region_id.id,
            }
        )
        self.machine_id.cash_float += after - old.float_after

    def _take_back(self):
        """Reverse every entry; the record stays and says which one replaces it."""
        self.ensure_one()
        moves = self.sudo().move_ids.filtered(
            lambda move: move.state == "posted" and not move.reversed_entry_id
        )
        reversals = moves._reverse_moves(
            [
                {
                    "date": self.region_id._book_date(self.business_date),
                    "ref": self.env._("%s corrected", self.name),
                    "wine_collection_id": self.id,
                }
                for _move in moves
            ]
        )
        reversals._post(soft=False)
        self._set_state("corrected")
        self._close_cases(self.env._("Corrected"))
