# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.exceptions import UserError

SERVICE = "wine_vending.group_wine_service"


class WineStaff(models.AbstractModel):
    """Whoever runs a region chooses its staff, among people who are service staff already.

    A name on the list gives sight of a region or a machine. It never makes somebody staff of the
    company, nor an administrator: that is a group, and groups are given by the platform, or by
    the guide below, which gives exactly one.
    """

    _name = "wine.staff"
    _description = "Has service staff"

    def write(self, vals):
        before = {record: record._all_staff() for record in self if "staff_ids" in vals}
        result = super().write(vals)
        for record, staff in before.items():
            record._check_staff(record._all_staff() - staff)
        return result

    def _all_staff(self):
        """Archived users too: they may come back."""
        return self.sudo().with_context(active_test=False).staff_ids

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        for record in records:
            record._check_staff(record._all_staff())
        return records

    def _check_staff(self, added):
        """:raise UserError: one of these is no service staff of the record's company"""
        if self.env.su:
            return
        for user in added:
            if not user._is_internal() or not user.has_group(SERVICE):
                raise UserError(
                    self.env._(
                        "%s is no service staff. Ask the platform administrator for the role, or "
                        "make a new user with “New service staff”.",
                        user.name,
                    )
                )
            if self.company_id not in user.company_ids:
                raise UserError(
                    self.env._(
                        "%(user)s does not work for %(company)s.",
                        user=user.name,
                        company=self.company_id.name,
                    )
                )


class WineRegion(models.Model):
    _name = "wine.region"
    _inherit = ["wine.region", "wine.staff"]

    def action_new_staff(self):
        """Open the guide that makes a user of the service staff of this region."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New service staff"),
            "res_model": "wine.staff.new",
            "view_mode": "form",
            "target": "new",
            "context": {"default_region_id": self.id},
        }


class WineMachine(models.Model):
    _name = "wine.machine"
    _inherit = ["wine.machine", "wine.staff"]
