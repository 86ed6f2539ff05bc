# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

#: fields of a user from which record rules are worked out
REACH_FIELDS = {"wine_region_ids", "wine_service_region_ids", "wine_machine_ids"}
EVERYTHING = [(1, "=", 1)]
OPEN_VISITS = ("planned", "started")


def _none(path):
    """Domain: ``path`` leads nowhere, be it that its first step does not."""
    steps = path.split(".")
    ways = [".".join(steps[:length]) for length in range(1, len(steps) + 1)]
    return ["|"] * (len(ways) - 1) + [(way, "=", False) for way in ways]


def _all(domains):
    domains = list(domains)
    return ["&"] * (len(domains) - 1) + [leaf for domain in domains for leaf in domain]


class ResUsers(models.Model):
    """How far a user reaches, as domains for record rules.

    Four cases. Who has no role here keeps Odoo's own behaviour. Finance and the platform see
    everything. A **regional administrator** sees and changes the managed regions and what lies
    below them. **Service staff** see the serviced regions, less the machines that have staff of
    their own, plus the machines they are the staff of; what happened at such a machine before it
    came to its present region stays with the region where it happened.

    Odoo ORs the rules of groups and ANDs those without a group. Its own models carry rules
    without a group here, for a second group (warehouse, purchase, sales…) must not open what this
    one closes.
    """

    _inherit = "res.users"

    wine_machine_ids = fields.Many2many(
        "wine.machine",
        "wine_machine_staff_rel",
        "user_id",
        "machine_id",
        string="Machines looked after",
        help="Machines that have staff of their own: only they and the administrators see them.",
    )

    @api.model
    def _get_invalidation_fields(self):
        """Record rules are kept with the reach of their user filled in; forget them in time."""
        return super()._get_invalidation_fields() | REACH_FIELDS

    # === WHO === #

    def _wine_bounded(self):
        """Whether regions bound what this user reaches."""
        return self.has_group("wine_vending.group_wine_service") and not (
            self.has_group("wine_vending.group_wine_finance")
            or self.has_group("wine_vending.group_wine_admin")
        )

    def _wine_machine_regions(self):
        return self.wine_machine_ids.region_id.ids

    # === RECORDS OF THIS ADDON === #

    def _wine_sees(self, machine="machine_id", region="region_id"):
        """Domain of what this user sees among records of a region and perhaps a machine.

        :param machine: field that leads to the machine, ``id`` on the machine itself, or None
            where the records are of a region only
        :param region: field that leads to the region in which it happened
        """
        managed = [(region, "child_of", self.wine_region_ids.ids)]
        serviced = [(region, "child_of", self.wine_service_region_ids.ids)]
        if machine is None:
            return ["|", *managed, *serviced]
        staff = "staff_ids" if machine == "id" else f"{machine}.staff_ids"
        visits = "visit_ids" if machine == "id" else f"{machine}.visit_ids"
        sent = (visits, "any", [("user_id", "in", self.ids), ("state", "in", OPEN_VISITS)])
        common = ["&", *serviced, "|", *_none(staff), "|", (staff, "in", self.ids), sent]
        own = ["&", (region, "in", self._wine_machine_regions()), (staff, "in", self.ids)]
        return ["|", *managed, "|", *common, *own]

    def _wine_sees_region(self, region="id", machines="machine_ids"):
        """Domain of regions, or of sites: also those of the machines this user looks after."""
        return [
            "|",
            "|",
            (region, "child_of", self.wine_region_ids.ids),
            (region, "child_of", self.wine_service_region_ids.ids),
            (f"{machines}.staff_ids", "in", self.ids),
        ]

    def _wine_changes(self, region="region_id"):
        return [(region, "child_of", self.wine_region_ids.ids)]

    # === ODOO'S OWN RECORDS, RULES WITHOUT A GROUP === #

    def _wine_sees_odoo(self, region="wine_region_id", machine=None, shared=True):
        """Domain: the region is within reach, and the machine, where there is one.

        :param shared: whether what is of no region at all is seen as well
        """
        if not self._wine_bounded():
            return EVERYTHING
        if machine:
            seen = self._wine_sees(machine, region)
        else:
            seen = self._wine_sees(None, region)
            if regions := self._wine_machine_regions():
                seen = ["|", *seen, (region, "in", regions)]
        return ["|", *seen, *_none(region)] if shared else seen

    def _wine_sees_papers(self, *regions, route):
        """Domain of transfers: administrators see their regions', field staff their own routes'.

        :param regions: fields that lead to the regions on both ends; one in reach is enough
        :param route: field that leads to the person who drives
        """
        if not self._wine_bounded():
            return EVERYTHING
        mine = [(route, "=", self.id)]
        if not self.wine_region_ids:
            return mine
        managed = self.wine_region_ids.ids
        seen = ["|", *mine, *_all([_none(region) for region in regions])]
        for region in regions:
            seen = ["|", *seen, (region, "child_of", managed)]
        return seen

    def _wine_changes_odoo(self, *regions, shared=False):
        """Domain: none of the regions to which these fields lead is out of reach, one is managed.

        :param shared: whether what is of no region at all may be changed as well
        """
        if not self._wine_bounded():
            return EVERYTHING
        managed = self.wine_region_ids.ids
        domain = _all(["|", *_none(region), (region, "child_of", managed)] for region in regions)
        if not shared:
            some = ["|"] * (len(regions) - 1)
            domain = ["&", *domain, *some, *((region, "child_of", managed) for region in regions)]
        return domain


class WineMachine(models.Model):
    _inherit = "wine.machine"

    staff_ids = fields.Many2many(
        "res.users",
        "wine_machine_staff_rel",
        "machine_id",
        "user_id",
        "Own service staff",
        copy=False,
        help="Who looks after this machine. Where it is empty, all service staff of the region do.",
    )

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"staff_ids", "site_id", "region_id"}:
            self.env.registry.clear_cache()
        return result

    @api.model_create_multi
    def create(self, vals_list):
        machines = super().create(vals_list)
        if any(vals.get("staff_ids") for vals in vals_list):
            self.env.registry.clear_cache()
        return machines
