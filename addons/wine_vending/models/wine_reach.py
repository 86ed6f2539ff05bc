# SPDX-License-Identifier: LGPL-3.0-or-later
from uuid import uuid4

from odoo import api, models
from odoo.exceptions import AccessError

#: what the platform decides about a region; its administrator runs it within these
PLATFORM_FIELDS = (
    "active",
    "code",
    "company_id",
    "manager_ids",
    "operator_partner_id",
    "parent_id",
    "pos_config_id",
    "warehouse_id",
)


def _is_derived(field):
    """Whether nobody enters it: a stored field that is read-only, computed or related ones too.

    Odoo takes what is written on a stored related field as its value, the source left alone.
    """
    return field.readonly and (field.store or not field.compute)


class WineReach(models.AbstractModel):
    """Nobody ties a record to one that lies out of reach, nor edits what follows from facts.

    Odoo checks before a write that the record may be changed, not what it is changed into: without
    this, the administrator of one region could move a site into another one, or put a foreign vend
    into a case of the own region and decide it. And to Odoo a readonly field is one of the screen:
    from outside it could be written, a price without a planogram, a counter without a count.
    """

    _name = "wine.reach"
    _description = "Edits within reach"
    #: fields that follow from others although a screen may write them
    _not_by_hand = ()

    @api.model_create_multi
    def create(self, vals_list):
        self._check_reach(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._check_reach([vals])
        return super().write(vals)

    def _check_reach(self, vals_list):
        """:raise AccessError: a record that the user cannot see, or a field not to be edited"""
        if self.env.su:
            return
        for name in set().union(*vals_list):
            field = self._fields.get(name)
            derived = field and _is_derived(field)
            if derived or name in self._not_by_hand:
                raise AccessError(
                    self.env._(
                        "%(field)s is not edited: it follows from what happened. Use the buttons.",
                        field=field._description_string(self.env),
                    )
                )
            if field and field.type == "many2one":
                ids = {vals[name] for vals in vals_list if vals.get(name)}
                self.env[field.comodel_name].browse(ids).check_access("read")

    @api.model
    def default_get(self, fields):
        """Defaults that the caller gives, by context or as own defaults, are edits as well."""
        values = super().default_get(fields)
        if self.env.su:
            return values
        for name in list(values):
            field = self._fields.get(name)
            if not field:
                continue
            if _is_derived(field) or name in self._not_by_hand:
                values.pop(name)
                if field.default:
                    value = field.convert_to_cache(field.default(self), self, validate=False)
                    values[name] = field.convert_to_write(
                        field.convert_to_record(value, self), self
                    )
            elif field.type == "many2one" and values[name]:
                self.env[field.comodel_name].browse(values[name]).check_access("read")
        return values


class WineGuide(models.AbstractModel):
    """A guide shows and does only what concerns records that its user may see.

    What a guide shows of a record is read as superuser, so the record is asked for first.
    """

    _name = "wine.guide"
    _description = "Guide within reach"

    @api.model_create_multi
    def create(self, vals_list):
        guides = super().create(vals_list)
        guides._check_seen(self._fields)
        return guides

    def write(self, vals):
        result = super().write(vals)
        self._check_seen(vals)
        return result

    def _check_seen(self, names):
        """:raise AccessError: a record that this user cannot see"""
        if self.env.su:
            return
        for name in names:
            field = self._fields.get(name)
            if field and field.store and field.type in ("many2one", "many2many"):
                if not self.env[field.comodel_name]._transient:
                    records = self.sudo().mapped(name).with_env(self.env)
                    records.check_access("read")


class WineRegion(models.Model):
    """Who runs a region decides what they see: the rules that are kept ready are forgotten then."""

    _name = "wine.region"
    _inherit = ["wine.region", "wine.reach"]

    def write(self, vals):
        decided = [name for name in PLATFORM_FIELDS if name in vals]
        if decided and not self.env.su and not self.has_access("create"):
            raise AccessError(
                self.env._(
                    "%(field)s of a region is decided by the platform administrator. Ask there.",
                    field=self._fields[decided[0]]._description_string(self.env),
                )
            )
        result = super().write(vals)
        if vals.keys() & {"manager_ids", "staff_ids"}:
            self.env.registry.clear_cache()
        return result

    @api.model_create_multi
    def create(self, vals_list):
        regions = super().create(vals_list)
        self.env.registry.clear_cache()
        return regions


class WineSite(models.Model):
    _name = "wine.site"
    _inherit = ["wine.site", "wine.reach"]


class WineMachine(models.Model):
    _name = "wine.machine"
    _inherit = ["wine.machine", "wine.reach"]
    _not_by_hand = ("planogram_id",)

    @api.model_create_multi
    def create(self, vals_list):
        if not self._may_name():  # a form sends the one that it was shown
            vals_list = [{**vals, "uuid": str(uuid4())} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if "uuid" in vals and not self.env.su:
            if not self._may_name():
                raise AccessError(
                    self.env._(
                        "The UUID of a machine names its account at the broker, perhaps beside "
                        "those of others. The platform administrator may set it. Ask there."
                    )
                )
            if any(machine.state != "draft" for machine in self):
                raise AccessError(
                    self.env._("The UUID is the identity of a machine for ever; it cannot change.")
                )
        return super().write(vals)

    def _may_name(self):
        return self.env.su or self.env.user.has_group("wine_vending.group_wine_admin")


class WineMachineSlot(models.Model):
    _name = "wine.machine.slot"
    _inherit = ["wine.machine.slot", "wine.reach"]


class WinePlanogram(models.Model):
    _name = "wine.planogram"
    _inherit = ["wine.planogram", "wine.reach"]


class WinePlanogramLine(models.Model):
    _name = "wine.planogram.line"
    _inherit = ["wine.planogram.line", "wine.reach"]


class WineCase(models.Model):
    _name = "wine.case"
    _inherit = ["wine.case", "wine.reach"]


class WineMachineAlert(models.Model):
    _name = "wine.machine.alert"
    _inherit = ["wine.machine.alert", "wine.reach"]


class WineAlertRule(models.Model):
    _name = "wine.alert.rule"
    _inherit = ["wine.alert.rule", "wine.reach"]
