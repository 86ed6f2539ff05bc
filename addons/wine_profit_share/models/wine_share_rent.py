# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import timedelta
from types import SimpleNamespace

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.addons.wine_vending.core.money import from_minor
from odoo.addons.wine_vending.core.placement import placement_at

from ..core.rent import rent_of, runs
from ..core.rules import PLATFORM
from .wine_share_party import Parties

#: months that are looked back on, for rent that was not posted in time
MONTHS = 3


class WineSharePolicy(models.Model):
    """Rent per month: what a place costs although nothing is sold.

    Posted when the month is over in every time zone, machine by machine and site by site, for the
    days on which a version was in force there and, for a machine, on which it stood there. Two
    versions in one month share its rent by their days, to the cent. The source of an entry names
    the place, the month and the first day, so posting again changes nothing.
    """

    _inherit = "wine.share.policy"

    @api.model
    def _cron_rent(self):
        """Post the rent of the last months, one company and month at a time."""
        this_month = (fields.Date.today() - timedelta(days=1)).replace(day=1)
        companies = self.search(
            [("line_ids.value", "=", "rent"), ("state", "!=", "draft")]
        ).company_id
        steps = [
            (company, this_month - relativedelta(months=back))
            for company in companies
            for back in range(MONTHS, 0, -1)
        ]
        self.env["ir.cron"]._commit_progress(remaining=len(steps))
        for company, month in steps:
            self._post_rent(company, month)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _post_rent(self, company, month):
        """Write the rent of a month that is over; what is written already is left alone.

        :param date month: any day of it
        :return: the entries that were written
        """
        return self.env["wine.share.entry"]._post_entries(self._rents(company, month))

    @api.model
    def _rents(self, company, month, book=None, within=None):
        """Values of the entries of a month's rent, each with what the platform gives for it.

        :param within: function of (day, kind, record, site, region): whether that day counts
        """
        book = book or self._book(company)
        kinds = self._rent_kinds(book)
        if not kinds:
            return []
        places = _Places(self.env, company, month, within)
        found = []
        for kind, record in places.all(set(kinds.values())):
            for run in runs(month, places.thing_on(book, kind, record)):
                for rule in run[0][0].rules:
                    if kinds.get(rule.id) == kind:
                        found += places.entries(kind, record, run, rule)
        return found

    def _rent_kinds(self, book):
        """dict id of each rule that pays rent → by machine or by site."""
        rules = [
            rule.id for scope in book.scopes for rule in scope.policy.rules if rule.value == "rent"
        ]
        lines = self.env["wine.share.policy.line"].sudo().browse(rules)
        return {line.id: line.rent_per for line in lines}


class WineMachine(models.Model):
    _inherit = "wine.machine"

    stands_from = fields.Date("Stands since", readonly=True, copy=False)
    stands_to = fields.Date("Stood until", readonly=True, copy=False)

    def _lifecycle_changed(self):
        """Rent runs from the day on which a machine is set up to the day on which it goes."""
        result = super()._lifecycle_changed()
        today = fields.Date.context_today(self.with_context(tz=self.region_id.tz))
        if self.state == "commissioned" and not self.stands_from:
            self.sudo().stands_from = today
        elif self.state == "retired":
            self.sudo().stands_to = today
        return result

    def _stands_on(self, day):
        """Whether the machine is set up somewhere on a day."""
        since = self.stands_from or self.create_date.date()
        return since <= day and (not self.stands_to or day <= self.stands_to)


class _Places:
    """Machines and sites of one company through one month."""

    def __init__(self, env, company, month, within=None):
        self.env, self.company, self.month = env, company, month.replace(day=1)
        self.within = within or (lambda *_where: True)
        self.digits = company.currency_id.decimal_places
        self.machines = (
            env["wine.machine"]
            .sudo()
            .with_context(active_test=False)
            .search([("company_id", "=", company.id), ("state", "!=", "draft")])
        )
        self.stays = env["wine.machine.placement"]._stays(self.machines.ids)
        self.parties = Parties(env, company, [])

        self.at = defaultdict(set)  # site id → machines that stand there or did
        for machine in self.machines:
            for site_id in {machine.site_id.id, *(s.site_id for s in self.stays[machine.id])}:
                self.at[site_id].add(machine)

    def all(self, kinds):
        """("machine" or "site", record) of each place of these kinds."""
        if "machine" in kinds:
            yield from (("machine", machine) for machine in self.machines)
        if "site" in kinds:
            sites = self.env["wine.site"].sudo().browse(self.at)
            yield from (("site", site) for site in sites)

    def site_of(self, machine, day):
        """Where a machine stood at noon of a day."""
        noon = fields.Datetime.to_datetime(day) + timedelta(hours=12)
        stay = placement_at(self.stays[machine.id], noon)
        site = machine.site_id.browse(stay.site_id) if stay else machine.site_id
        return site, (site.region_id.browse(stay.region_id) if stay else machine.region_id)

    def where(self, kind, record, day):
        """(site, region) of a place on a day; None where nothing stands there."""
        if kind == "machine":
            return self.site_of(record, day) if record._stands_on(day) else None
        hosted = (self.site_of(m, day) for m in self.at[record.id] if m._stands_on(day))
        return next((found for found in hosted if found[0] == record), None)

    def thing_on(self, book, kind, record):
        """Function of a day: (policy, site, region) of a place, None where none applies."""

        def thing(day):
            found = self.where(kind, record, day)
            if not found:
                return None
            site, region = found
            policy = _policy_of(book, day, kind, record, site, region)
            if not policy or not self.within(day, kind, record, site, region):
                return None
            return policy, site, region

        return thing

    def entries(self, kind, record, run, rule):
        """Pairs of entries by which the platform gives each receiver the rent of some days."""
        (policy, site, region), first, last = run
        minor = rent_of(rule.amount, first, last)
        place = {"region_id": region.id, "site_id": site.id}
        place["machine_id"] = record.id if kind == "machine" else None
        line = SimpleNamespace(**place, partner_id=None, supplier_id=None, product_id=None)
        receivers = [one for one in self.parties._fill(rule, line) if one != PLATFORM]
        if not minor:
            return
        common = {
            **place,
            "kind": "rent",
            "date": last,
            "company_id": self.company.id,
            "policy_id": policy.id,
            "policy_line_id": rule.id,
            "detail": self.detail(rule, minor, first, last),
        }
        source = f"rent:{first:%Y-%m-%d}:{kind}:{record.id}:{rule.id}"
        amount = from_minor(minor, self.digits)
        for partner in receivers:
            key = {**common, "source": f"{source}:{partner}"}
            yield {**key, "role": rule.role, "partner_id": partner, "amount": amount}
            yield {
                **key,
                "role": "platform",
                "account_kind": "platform",
                "partner_id": self.company.partner_id.id,
                "amount": -amount,
            }

    def detail(self, rule, minor, first, last):
        """What the sentence of the entry says."""
        whole = rent_of(rule.amount, first, last) == rule.amount
        period = f"{first:%Y-%m}" if whole else f"{first} – {last}"
        return {"value": "rent", "each": minor, "month": period}


def _policy_of(book, day, kind, record, site, region):
    """The policy that pays the rent of a machine or a site on a day."""
    path = tuple(int(part) for part in region.parent_path.split("/") if part)
    machine = record.id if kind == "machine" else None
    return book.policy_for(day, path, site.id, machine, None, (), None)
