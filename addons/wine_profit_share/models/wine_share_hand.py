# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models


class WineShareEntry(models.Model):
    """Who gives money by hand is written into the entry, and does not pay it out as well."""

    _inherit = "wine.share.entry"

    @api.model
    def _post_entries(self, vals_list):
        for vals in vals_list:
            detail = vals.get("detail") or {}
            if vals.get("kind") == "adjustment" and "why" not in detail:
                vals["detail"] = {**detail, "user_id": self.env.uid}
        return super()._post_entries(vals_list)

    def _hands(self):
        """Users who posted the adjustments among these entries or behind their split halves."""
        users = self.env["res.users"].sudo()
        for entry in self.sudo():
            while entry.kind == "split" and entry.reverses_id:
                entry = entry.reverses_id
            if entry.kind == "adjustment":
                users |= users.browse((entry.detail or {}).get("user_id"))
                users |= entry._adjusters()
        return users

    def _adjusters(self):
        """Who made and who checked the adjustment that this entry comes from."""
        self.ensure_one()
        name, _colon, number = self.source.partition("#")[0].partition(":")
        adjustment = self.env["wine.share.adjustment"].sudo()
        if name == "adjustment" and number.isdigit():
            adjustment = adjustment.browse(int(number)).exists()
        return adjustment.maker_id | adjustment.checker_id | adjustment.create_uid
