# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class WineSite(models.Model):
    """A place that hosts machines: a hotel lobby, an office, a station hall.

    The host partner lends the floor and the power and later shares in the sales. Access hours tell
    field staff when they can get in.
    """

    _name = "wine.site"
    _description = "Site"
    _inherit = ["mail.thread"]
    _order = "region_id, name"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    region_id = fields.Many2one("wine.region", required=True, index=True, tracking=True)
    company_id = fields.Many2one(related="region_id.company_id", store=True, index=True)
    host_partner_id = fields.Many2one("res.partner", "Host", tracking=True)
    street = fields.Char()
    street2 = fields.Char()
    zip = fields.Char("ZIP")
    city = fields.Char()
    country_id = fields.Many2one("res.country")
    latitude = fields.Float(digits=(10, 7))
    longitude = fields.Float(digits=(10, 7))
    access_from = fields.Float("Access from")
    access_to = fields.Float("Access until", default=24.0)
    access_note = fields.Text(help="Whom to ask for, which door, where to park.")
    machine_ids = fields.One2many("wine.machine", "site_id", "Machines")
    machine_count = fields.Integer(compute="_compute_machine_count")

    _position = models.Constraint(
        "CHECK(latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180)",
        "A position has a latitude between -90 and 90 and a longitude between -180 and 180.",
    )
    _access = models.Constraint(
        "CHECK(access_from >= 0 AND access_to <= 24 AND access_from < access_to)",
        "Access hours must lie between 0:00 and 24:00, the end after the beginning.",
    )

    @api.depends("machine_ids")
    def _compute_machine_count(self):
        for site in self:
            site.machine_count = len(site.machine_ids)

    @api.constrains("region_id")
    def _check_region(self):
        for site in self:
            astray = site.machine_ids.filtered(lambda m, site=site: m.region_id != site.region_id)
            if astray:
                raise ValidationError(
                    self.env._(
                        "Site %(site)s hosts %(machine)s of another region. Move the machine "
                        "first, then the site.",
                        site=site.name,
                        machine=astray[0].name,
                    )
                )
