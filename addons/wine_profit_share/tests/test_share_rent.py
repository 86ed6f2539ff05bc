# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, datetime

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_share_policy import PolicyCommon

RENT = {"role": "host", "value": "rent", "amount": 300}
APRIL = date(2026, 4, 1)


@tagged("post_install", "-at_install")
class TestShareRent(PolicyCommon):
    """Rent of April 2026 (30 days), by machine and by site."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine.stands_from = "2020-01-01"

    def post(self, month=APRIL):
        return self.env["wine.share.policy"]._post_rent(self.company, month)

    def rents(self, *domain):
        """Entries of receivers, oldest day first."""
        domain = [("kind", "=", "rent"), ("role", "!=", "platform"), *domain]
        return self.entries(*domain).sorted(lambda entry: (entry.date, entry.id))

    def test_a_month(self):
        policy = self.active(RENT)
        self.post()
        rent = self.rents()
        self.assertEqual(
            (rent.amount, rent.partner_id, rent.date), (300, self.host, date(2026, 4, 30))
        )
        self.assertEqual((rent.machine_id, rent.policy_id), (self.machine, policy))
        self.assertEqual((rent.site_id, rent.region_id), (self.machine.site_id, self.region))
        self.assertIn("300.00 for 2026-04", rent.sentence)
        self.assertEqual(sum(self.entries(("kind", "=", "rent")).mapped("amount")), 0)

    def test_twice_is_once(self):
        self.active(RENT)
        self.assertEqual(len(self.post()), 2)
        self.assertFalse(self.post())
        self.assertEqual(self.rents().amount, 300)

    def test_two_versions_share_a_month_to_the_cent(self):
        first = self.active({**RENT, "amount": 100.01})
        self.next_version(first, date_from="2026-04-08").action_activate()
        self.post()
        rents = self.rents()
        self.assertEqual(rents.mapped("date"), [date(2026, 4, 7), date(2026, 4, 30)])
        self.assertEqual(rents.mapped("policy_id.version"), [1, 2])
        self.assertEqual(rents[0].amount, 23.34)
        self.assertEqual(round(sum(rents.mapped("amount")), 2), 100.01)

    def test_a_month_whose_rent_is_posted_stays_as_it_is(self):
        first = self.active(RENT)
        self.post()
        second = self.next_version(first, date_from="2026-04-08")
        with self.assertRaisesRegex(UserError, "are shared there already"):
            second.action_activate()

    def test_a_machine_that_comes_and_goes(self):
        self.active(RENT)
        self.machine.stands_from, self.machine.stands_to = "2026-04-11", "2026-04-20"
        self.post()
        self.assertEqual(self.rents().amount, 100)
        self.assertIn("2026-04-11 – 2026-04-20", self.rents().sentence)

    def test_set_up_and_retired_by_its_life(self):
        machine = self.make_machine(self.region, {"A1": self.wine})
        self.assertEqual(machine.stands_from, fields.Date.today())
        machine.slot_ids.qty = 0
        machine.action_retire()
        self.assertEqual(machine.stands_to, fields.Date.today())

    def test_a_machine_that_moves_pays_where_it_stood(self):
        other = self.make_region("Elsewhere", "ELS")
        there = self.env["wine.site"].create({"name": "There", "region_id": other.id})
        there.host_partner_id = self.supplier
        self.active(RENT)
        self.active({**RENT, "amount": 600}, region_id=other.id, name="Elsewhere")
        here, moved = self.machine.site_id, datetime(2026, 4, 16)
        self.env["wine.machine.placement"].create(
            [
                {"machine_id": self.machine.id, "region_id": r.id, "site_id": s.id, **when}
                for r, s, when in (
                    (self.region, here, {"until": moved}),
                    (other, there, {"since": moved}),
                )
            ]
        )
        self.post()
        self.assertEqual(
            [(rent.partner_id, rent.amount) for rent in self.rents()],
            [(self.host, 150), (self.supplier, 300)],
        )

    def test_by_site_once_for_all_of_its_machines(self):
        other = self.make_machine(self.region, {"A1": self.wine})
        other.write({"site_id": self.machine.site_id.id, "stands_from": "2020-01-01"})
        self.active({**RENT, "rent_per": "site"})
        self.post()
        self.assertEqual(self.rents().mapped("amount"), [300])
        self.assertFalse(self.rents().machine_id)

    def test_the_more_particular_policy_pays(self):
        self.active(RENT)
        self.active({**RENT, "amount": 90}, machine_id=self.machine.id, name="Of the machine")
        self.post()
        self.assertEqual(self.rents().mapped("amount"), [90])

    def test_nobody_there_gets_nothing_until_somebody_is_named(self):
        self.make_machine(self.region, {"A1": self.wine})
        self.active(RENT)
        self.machine.site_id.host_partner_id = False
        self.assertFalse(self.post())
        self.machine.site_id.host_partner_id = self.host
        self.post()
        self.assertEqual(self.rents().amount, 300)

    def test_the_cron_posts_what_is_over(self):
        self.active(RENT)
        self.run_cron("2026-05-01 09:00")
        self.assertEqual(
            self.rents().mapped("date"),
            [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)],
            "April is not over everywhere yet",
        )
        self.run_cron("2026-05-02 09:00")
        self.run_cron("2026-05-03 09:00")
        self.assertEqual(self.rents().mapped("amount"), [300, 300, 300, 300])

    def run_cron(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref("wine_profit_share.cron_share_rent").method_direct_trigger()
        self.env.invalidate_all()
