# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who fills the roles of a policy at a sale; everything that a batch needs is read once."""

from ..core.rules import PLATFORM


class Parties:
    """Receivers of the sales of one batch, for one company.

    Money goes to commercial partners: a contact stands for the company that it belongs to. Where a
    role is filled by the company itself (it operates a region with its own people), its part is the
    platform's.
    """

    def __init__(self, env, company, lines):
        """:param lines: list of ``SaleLine`` of ``company``"""
        self.env = env
        self.own = company.partner_id.commercial_partner_id.id
        ids = {
            name: {getattr(line, name) for line in lines} - {None}
            for name in ("region_id", "site_id", "machine_id", "partner_id", "product_id")
        }
        self.regions = env["wine.region"].sudo().browse(ids["region_id"])
        self.sites = env["wine.site"].sudo().browse(ids["site_id"])
        self.machines = env["wine.machine"].sudo().browse(ids["machine_id"])
        self.partners = env["res.partner"].sudo().browse(ids["partner_id"])
        self.products = env["product.product"].sudo().browse(ids["product_id"])
        self._paths, self._categories, self._receivers, self._named = {}, {}, {}, {}

    # === PLACES AND GOODS === #

    def region_path(self, region_id):
        """Ids from the top of the tree to the region."""
        if region_id not in self._paths:
            region = self._one(self.regions, region_id)
            path = region.parent_path or ""
            self._paths[region_id] = tuple(int(part) for part in path.split("/") if part)
        return self._paths[region_id]

    def category_path(self, product_id):
        """Ids from the top of the tree to the category of a product."""
        if product_id not in self._categories:
            path = self._one(self.products, product_id).categ_id.parent_path or ""
            self._categories[product_id] = tuple(int(part) for part in path.split("/") if part)
        return self._categories[product_id]

    # === RECEIVERS === #

    def key(self, line):
        """Lines of the same key have the same receivers by the same policy."""
        return (line.region_id, line.site_id, line.machine_id, line.supplier_id, line.partner_id)

    def receivers(self, policy, line):
        """dict rule id → tuple of partner ids, nearest first; empty where nobody fills the role."""
        key = (policy.id, self.key(line))
        if key not in self._receivers:
            self._receivers[key] = {
                rule.id: self._fill(rule, line) for rule in policy.rules if rule.value != "rent"
            }
        return self._receivers[key]

    def _fill(self, rule, line):
        if rule.role == "platform":
            return (PLATFORM,)
        found = getattr(self, f"_role_{rule.role}")(rule, line)
        return tuple(dict.fromkeys(self._commercial(one.id) for one in found if one))

    def _commercial(self, partner_id):
        if partner_id not in self._named:
            partner = self.env["res.partner"].sudo().browse(partner_id).commercial_partner_id
            self._named[partner_id] = PLATFORM if partner.id == self.own else partner.id
        return self._named[partner_id]

    def _role_operator(self, _rule, line):
        return self._one(self.regions, line.region_id).operator_partner_id

    def _role_operator_above(self, _rule, line):
        region = self._one(self.regions, line.region_id).parent_id
        found = []
        while region:
            found.append(region.operator_partner_id)
            region = region.parent_id
        return found

    def _role_host(self, _rule, line):
        return self._one(self.sites, line.site_id).host_partner_id

    def _role_salesperson(self, _rule, line):
        machine = self._one(self.machines, line.machine_id)
        return machine.salesperson_id or self._one(self.sites, line.site_id).salesperson_id

    def _role_supplier(self, _rule, line):
        return self.env["res.partner"].browse(line.supplier_id or ())

    def _role_referrer(self, _rule, line):
        consumer = self._one(self.partners, line.partner_id)
        return consumer.referrer_id or consumer.commercial_partner_id.referrer_id

    def _role_partner(self, rule, _line):
        return self.env["res.partner"].browse(rule.partner_id or ())

    def _one(self, records, record_id):
        """The record with its company of prefetched ones; empty for None."""
        return records.browse(record_id or ()).with_prefetch(records._prefetch_ids)
