# SPDX-License-Identifier: LGPL-3.0-or-later
"""What tiered rules look at while a batch is shared."""

from collections import defaultdict

from ..core.engine import volume_of


class Volumes:
    """The month's volumes that tiered rules of a batch look at: held, counted on, stored once."""

    def __init__(self, env, company, families):
        self.env, self.company, self.families = env, company, families
        self.own = company.partner_id.commercial_partner_id.id
        self.rows = {}  # (family, partner, month) → [turnover, units], minor units
        self.added = defaultdict(lambda: [0, 0])

    def hold(self, tiered):
        """Lock and read the volumes of (line, policy, receivers)."""
        keys = {
            self._key(line, rule, partner)
            for line, policy, receivers in tiered
            for rule in policy.rules
            if rule.value == "tiered"
            for partner in receivers[rule.id]
        }
        if keys:
            self.rows = self.env["wine.share.volume"]._hold(self.company, keys)

    def _key(self, line, rule, partner):
        family = self.families.get(rule.id, rule.id)
        return family, partner or self.own, line.date.replace(day=1)

    def before(self, line, policy, receivers):
        """dict (rule id, partner id) → volume before this sale, as the engine takes it."""
        if not policy or not self.rows:
            return {}
        return {
            (rule.id, partner): self.rows[self._key(line, rule, partner)][rule.tier_by == "units"]
            for rule in policy.rules
            if rule.value == "tiered"
            for partner in receivers[rule.id]
        }

    def add(self, line, sale, policy, receivers):
        """Count a sale in the volumes of its tiered rules."""
        if not policy or not self.rows:
            return
        rules = {rule.id: rule for rule in policy.rules}
        for rule_id, partner in volume_of(sale, policy, receivers):
            key = self._key(line, rules[rule_id], partner)
            for change in (self.rows[key], self.added[key]):
                change[0] += sale.net
                change[1] += sale.units

    def store(self):
        """Add what was counted, once."""
        if self.added:
            self.env["wine.share.volume"]._add(self.company, self.added)
