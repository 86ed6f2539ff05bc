# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import clean_context

from ..models.wine_staff import SERVICE


class WineStaffNew(models.TransientModel):
    """Make a user who is service staff of one region, and nothing more.

    The one place where a regional administrator touches users: a new one, with the group of the
    service staff, in the company and on the staff list of a region that the administrator manages.
    """

    _name = "wine.staff.new"
    _description = "New service staff"
    _inherit = ["wine.guide"]

    region_id = fields.Many2one("wine.region", required=True)
    name = fields.Char(required=True)
    login = fields.Char("E-mail", required=True, help="Also the login; the invitation goes there.")
    phone = fields.Char()
    lang = fields.Selection(lambda self: self.env["res.lang"].get_installed(), "Language")

    def action_create(self):
        """Create the user, put it on the list of the region and send the invitation.

        :return: ``res.users``'s region form, closed
        :raise AccessError: the region is not managed by the user
        :raise UserError: the login is taken
        """
        self.ensure_one()
        self.region_id.check_access("write")
        if not self.env.user.has_group("wine_vending.group_wine_region_manager"):
            raise AccessError(self.env._("Service staff is made by regional administrators."))
        login = self.login.strip().lower()
        users = self.env["res.users"].sudo().with_context(active_test=False)
        if users.search_count([("login", "=ilike", login)], limit=1):
            raise UserError(
                self.env._("%s is a user already. Add the person to the list of staff.", login)
            )
        region = self.region_id.sudo()
        plain = self.env(su=True, context=clean_context(self.env.context))
        plain["res.users"].with_company(region.company_id).create(
            {
                "partner_id": False,  # one of its own, whatever defaults somebody has set
                "active": True,
                "wine_region_ids": [Command.clear()],
                "wine_machine_ids": [Command.clear()],
                "name": self.name,
                "login": login,
                "email": login,
                "phone": self.phone,
                "lang": self.lang or self.env.lang or "en_US",
                "tz": region.tz,
                "company_id": region.company_id.id,
                "company_ids": [Command.set(region.company_id.ids)],
                "group_ids": [Command.set(self.env.ref(SERVICE).ids)],
                "wine_service_region_ids": [Command.set(region.ids)],
            }
        )
        return {"type": "ir.actions.act_window_close"}
