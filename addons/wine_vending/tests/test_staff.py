# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who looks after which machine, and who may say so."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .access import AccessCommon

SERVICE = "wine_vending.group_wine_service"


@tagged("post_install", "-at_install")
class TestStaff(AccessCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.me = cls.users["region_manager"]
        cls.carer = new_test_user(cls.env, "carer", SERVICE)

    def setUp(self):
        super().setUp()
        self.service = self.users["service"]

    # === WHO SEES WHICH MACHINE === #

    def of_machine(self, world):
        """Records of a world that belong to its machine."""
        return {
            model: record
            for model, record in world.records.items()
            if model.startswith("wine.")
            and (model == "wine.machine" or "machine_id" in record._fields)
            and self.env[model].with_user(self.carer).has_access("read")
        }

    def test_a_machine_with_staff_of_its_own_is_theirs(self):
        """Each record of it disappears for the others of the region, and appears for its staff."""
        records = self.of_machine(self.own)
        self.assertGreater(len(records), 12)
        self.own.machine.staff_ids = self.carer
        self.env.flush_all()
        for model, record in records.items():
            with self.subTest(model=model):
                self.assertFalse(record.with_user(self.service).has_access("read"))
                self.assertTrue(record.with_user(self.carer).has_access("read"))
                self.assertTrue(record.with_user(self.me).has_access("read"))
        for line in (self.own.draft.line_ids[:1], self.own.visit.line_ids[:1]):
            self.assertFalse(line.with_user(self.service).has_access("read"), line._name)
        for record in (self.own.region, self.own.machine.site_id):
            self.assertTrue(record.with_user(self.carer).has_access("read"))
            self.assertFalse(record.with_user(self.carer).has_access("write"))
        for record in self.of_machine(self.foreign).values():
            self.assertFalse(record.with_user(self.carer).has_access("read"))

    def test_who_is_sent_there_sees_it_while_the_visit_is_open(self):
        """The carer is ill; somebody else of the region drives."""
        machine, visit = self.own.machine, self.own.visit
        machine.staff_ids = self.carer
        records = [machine, machine.slot_ids[:1], visit, visit.line_ids[:1]]
        self.env.flush_all()

        def seen():
            self.env.flush_all()
            self.env.invalidate_all()
            return {record.with_user(self.service).has_access("read") for record in records}

        self.assertEqual(seen(), {False})
        visit.user_id = self.service
        self.assertEqual(seen(), {True})
        self.assertFalse(machine.with_user(self.service).has_access("write"))
        visit._set_state("started", started_at="2026-01-01")
        self.assertEqual(seen(), {True})
        visit._set_state("done", done_at="2026-01-01")
        self.assertEqual(seen(), {False})

    def test_who_is_sent_to_a_foreign_region_sees_nothing_of_it(self):
        self.foreign.visit.user_id = self.service
        self.env.flush_all()
        self.env.invalidate_all()
        for record in (self.foreign.machine, self.foreign.visit):
            self.assertFalse(record.with_user(self.service).has_access("read"))

    def test_at_once(self):
        """Record rules are kept ready with their user's machines filled in."""
        mine = self.own.machine.with_user(self.carer)
        self.assertFalse(mine.has_access("read"))
        self.own.machine.staff_ids = self.carer
        self.assertTrue(mine.has_access("read"))
        self.own.machine.staff_ids = False
        self.assertFalse(mine.has_access("read"))
        self.carer.wine_machine_ids = self.own.machine
        self.assertTrue(mine.has_access("read"))
        self.carer.wine_machine_ids = False
        self.assertFalse(mine.has_access("read"))

    def test_stock_of_the_machine(self):
        self.own.machine.staff_ids = self.carer
        self.env.flush_all()
        place = self.own.machine.location_id
        quants = self.env["stock.quant"].search([("location_id", "=", place.id)])
        self.assertTrue(quants.with_user(self.carer).has_access("read"))
        self.assertFalse(quants.with_user(self.service).has_access("read"))
        self.assertFalse(place.with_user(self.service).has_access("read"))

    def test_what_happened_before_it_came_is_not_theirs(self):
        self.own.machine.staff_ids = self.carer
        self.own.vend.region_id = self.foreign.region
        self.env.flush_all()
        self.assertFalse(self.own.vend.with_user(self.carer).has_access("read"))

    # === WHO SAYS SO === #

    def test_the_regional_administrator_chooses_among_service_staff(self):
        region, machine = self.region.with_user(self.me), self.machine.with_user(self.me)
        region.staff_ids = [Command.link(self.carer.id)]
        machine.staff_ids = [Command.link(self.carer.id)]
        self.assertIn(self.carer, self.machine.staff_ids)
        for role in ("internal", "portal", "public"):
            for record in (region, machine):
                with self.subTest(role=role, model=record._name), self.refused(UserError):
                    record.write({"staff_ids": [Command.link(self.users[role].id)]})
        for record in (self.foreign.region, self.foreign.machine):
            with self.refused():
                record.with_user(self.me).write({"staff_ids": [Command.link(self.carer.id)]})

    def test_nobody_but_the_administrator_does(self):
        for role in ("service", "internal", "portal", "finance"):
            for record in (self.own.machine, self.own.region):
                with self.subTest(role=role, model=record._name), self.refused():
                    self.seen_by(role, record).write({"staff_ids": [Command.link(self.carer.id)]})

    def guide(self, user, region, **values):
        values = {"name": "Benno", "login": "benno@example.com", **values}
        return self.env["wine.staff.new"].with_user(user).create({"region_id": region.id, **values})

    def test_new_service_staff(self):
        """Exactly one group, one company, one region; no more than that."""
        self.guide(self.me, self.region, login=" Benno@Example.com ").action_create()
        user = self.env["res.users"].search([("login", "=", "benno@example.com")])
        service = self.env.ref(SERVICE)
        self.assertEqual(user.group_ids, service)
        self.assertEqual(user.all_group_ids, service.all_implied_ids)
        self.assertEqual(user.company_ids, self.region.company_id)
        self.assertEqual(user.wine_service_region_ids, self.region)
        self.assertFalse(user.wine_region_ids)
        self.assertTrue(self.own.machine.with_user(user).has_access("read"))
        self.assertFalse(self.foreign.machine.with_user(user).has_access("read"))

    def test_new_service_staff_is_guarded(self):
        with self.refused():
            self.guide(self.me, self.foreign.region).action_create()
        for role in ("service", "finance", "internal", "portal"):
            with self.subTest(role=role), self.refused():
                self.guide(self.users[role], self.region)
        with self.refused(UserError):
            self.guide(self.me, self.region, login=self.users["admin"].login).action_create()
        own = self.guide(self.me, self.region)
        other = new_test_user(self.env, "other", "wine_vending.group_wine_region_manager")
        with self.refused():
            own.with_user(other).action_create()
        with self.refused():
            own.with_user(self.me).write({"region_id": self.foreign.region.id})
            own.with_user(self.me).action_create()
        context = {
            "default_group_ids": [Command.link(self.env.ref("base.group_system").id)],
            "default_wine_region_ids": [Command.link(self.foreign.region.id)],
            "default_company_ids": [Command.link(self.env.company.id)],
        }
        own.with_user(self.me).with_context(**context).action_create()
        user = self.env["res.users"].search([("login", "=", "benno@example.com")])
        self.assertEqual(user.group_ids, self.env.ref(SERVICE))
        self.assertFalse(user.wine_region_ids, "no context gives a region to manage")

    def test_users_are_not_touched_otherwise(self):
        for values in (
            {"group_ids": [Command.link(self.env.ref("wine_vending.group_wine_admin").id)]},
            {"password": "mine"},
            {"active": False},
            {"wine_service_region_ids": [Command.link(self.foreign.region.id)]},
            {"wine_machine_ids": [Command.link(self.foreign.machine.id)]},
        ):
            for user in (self.carer, self.users["service"], self.users["admin"]):
                with self.subTest(values=values, user=user.login), self.refused():
                    user.with_user(self.me).write(values)
        with self.assertRaises(AccessError):
            self.env["res.users"].with_user(self.me).create({"name": "x", "login": "x"})
