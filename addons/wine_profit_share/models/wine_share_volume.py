# SPDX-License-Identifier: LGPL-3.0-or-later
from psycopg2.extras import execute_values

from odoo import api, fields, models
from odoo.addons.wine_vending.core.money import from_minor, to_minor


class WineShareVolume(models.Model):
    """How much a tiered rule has seen in a month for one receiver.

    A tiered rule takes more (or less) the more was sold in the month. The volume goes with the rule
    through all versions of its policy and by the business date of the sale; what is taken back
    leaves the month in which it was sold. Rows are locked by the batch that adds to them.
    """

    _name = "wine.share.volume"
    _inherit = ["wine.reach"]
    _description = "Volume of a tiered rule"
    _order = "month desc, id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    family = fields.Integer("Rule", required=True, readonly=True, help="First version of the rule.")
    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    month = fields.Date(required=True, readonly=True, help="First day of the month.")
    turnover = fields.Monetary(readonly=True, help="Net of tax.")
    units = fields.Integer(readonly=True)

    _one = models.Constraint(
        "UNIQUE(company_id, family, partner_id, month)", "A volume is counted in one place."
    )

    @api.model
    def _hold(self, company, keys):
        """Lock the volumes of these keys to the end of the transaction; missing ones are made.

        :param keys: (family, partner id, first day of the month) each
        :return: dict key → [net turnover in minor units, units]
        """
        keys = sorted(keys)
        cr = self.env.cr
        self.flush_model()
        execute_values(
            cr._obj,
            "INSERT INTO wine_share_volume "
            "(company_id, family, partner_id, month, turnover, units) VALUES %s "
            "ON CONFLICT DO NOTHING",
            [(company.id, *key, 0, 0) for key in keys],
        )
        rows = execute_values(
            cr._obj,
            "SELECT volume.family, volume.partner_id, volume.month, volume.turnover, volume.units "
            "FROM wine_share_volume AS volume "
            "JOIN (VALUES %s) AS key(company_id, family, partner_id, month) "
            "USING (company_id, family, partner_id, month) ORDER BY volume.id FOR UPDATE OF volume",
            [(company.id, *key) for key in keys],
            fetch=True,
        )
        digits = company.currency_id.decimal_places
        return {tuple(row[:3]): [to_minor(row[3], digits), row[4]] for row in rows}

    @api.model
    def _add(self, company, changes):
        """Add to volumes that are held.

        :param changes: dict key → (net turnover in minor units, units)
        """
        digits = company.currency_id.decimal_places
        execute_values(
            self.env.cr._obj,
            "UPDATE wine_share_volume AS volume SET turnover = volume.turnover + more.turnover, "
            "units = volume.units + more.units "
            "FROM (VALUES %s) AS more(company_id, family, partner_id, month, turnover, units) "
            "WHERE volume.company_id = more.company_id AND volume.family = more.family "
            "AND volume.partner_id = more.partner_id AND volume.month = more.month",
            [
                (company.id, *key, from_minor(turnover, digits), units)
                for key, (turnover, units) in sorted(changes.items())
            ],
        )
        self.invalidate_model()
