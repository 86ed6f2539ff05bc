# SPDX-License-Identifier: LGPL-3.0-or-later
"""Where the settings in a machine's shadow come from; a change there is told to its machines."""

from odoo import fields, models


class WineMachine(models.Model):
    """A machine may turn out to be of another model."""

    _inherit = "wine.machine"

    def write(self, vals):
        done = super().write(vals)
        if "model_id" in vals:
            self.sudo()._settings_changed()
        return done

    def _told_of(self, *domain):
        """Machines that speak and are concerned, whoever changes the setting."""
        machines = self.sudo().with_context(active_test=False)
        return machines.search([("state", "!=", "retired"), *domain])


class WineMachineModel(models.Model):
    """Limits and pace that machines of a model keep."""

    _inherit = "wine.machine.model"

    bridge_tele_s = fields.Integer(
        "Reports readings every (s)",
        default=60,
        required=True,
        help="How often machines of this model report temperature, humidity and the like. Longer "
        "saves mobile data; what goes wrong in between is seen later.",
    )

    _tele_s = models.Constraint(
        "CHECK(bridge_tele_s BETWEEN 5 AND 3600)",
        "Readings come every 5 to 3,600 seconds: more often costs mobile data, more seldom hides "
        "that wine becomes warm.",
    )

    def write(self, vals):
        done = super().write(vals)
        if vals.keys() & {"temp_min", "temp_max", "humidity_max", "bridge_tele_s"}:
            self.env["wine.machine"]._told_of(("model_id", "in", self.ids))._settings_changed()
        return done


class WineRegion(models.Model):
    """When machines of a region sell, and to whom."""

    _inherit = "wine.region"

    def write(self, vals):
        done = super().write(vals)
        if vals.keys() & {"sales_from", "sales_to", "min_age"}:
            self.env["wine.machine"]._told_of(("region_id", "in", self.ids))._settings_changed()
        return done


class ProductTemplate(models.Model):
    """How warm a wine may be, and who may buy it, holds in all machines that have it."""

    _inherit = "product.template"

    def write(self, vals):
        done = super().write(vals)
        kept = {"wine_storage_temp_min", "wine_storage_temp_max", "wine_age_restricted"}
        if vals.keys() & kept:
            within = ("planogram_id.line_ids.product_id.product_tmpl_id", "in", self.ids)
            self.env["wine.machine"]._told_of(within)._settings_changed()
        return done
